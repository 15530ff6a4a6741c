"""The wind from 0.1 au to Earth: a steady wind, causality, and the reference run of HUXt 5.0.3."""

from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time

from farside.corona.current_sheet import OUTER_RADIUS
from farside.corona.heliosphere import (
    EARTH_RADII,
    STEP_S,
    propagate,
    sample,
    steps_between,
)
from farside.sun.carrington_grid import CarringtonGrid
from farside.sun.carrington_rotation import SYNODIC_DAYS, central_longitude_deg

DAY = int(86400 / STEP_S)


def test_a_steady_wind_gains_what_is_left_of_its_acceleration() -> None:
    arrived = propagate(np.full(3 * DAY, 400.0))
    below, above = (1 + 0.15 * (1 - np.exp(-(r - 30) / 50)) for r in (OUTER_RADIUS, EARTH_RADII))
    assert arrived == pytest.approx(400 * above / below, rel=0.01)


def test_a_stream_arrives_after_its_travel_and_not_before() -> None:
    boundary = np.where(np.arange(10 * DAY) < 2 * DAY, 300.0, 600.0)
    arrived = propagate(boundary)
    front = float(np.argmax(arrived > 450)) / DAY - 2
    # 134 million km at between the two speeds.
    assert 2.3 < front < 4.2
    assert np.ptp(arrived[: 4 * DAY]) < 1
    assert arrived[-1] == pytest.approx(propagate(np.full(DAY, 600.0))[-1], rel=0.01)


def test_lines_beside_each_other_do_not_mix() -> None:
    slow, fast = np.full(6 * DAY, 300.0), np.linspace(300, 700, 6 * DAY)
    both = propagate(np.stack([slow, fast], axis=1))
    np.testing.assert_allclose(both[:, 0], propagate(slow))
    np.testing.assert_allclose(both[:, 1], propagate(fast))


def test_a_map_is_sampled_between_its_cells_and_across_longitude_0() -> None:
    grid = CarringtonGrid(180, 90, "uniform")
    values = np.cos(np.radians(grid.longitude_deg)) + grid.latitude_deg[:, None]
    place = np.array([0.0, 90.0, 359.5]), np.array([0.0, -7.25, 6.0])
    expected = np.cos(np.radians(place[0])) + place[1]
    assert sample(values, grid, *place) == pytest.approx(expected, abs=1e-3)


def test_the_scheme_is_that_of_huxt(shared_data: Path) -> None:
    """Earth's wind from WSA's map of 2022-02-24, after a rotation for the start to pass."""
    folder = shared_data / "realsun" / "wind" / "huxt"
    longitude, speed = np.loadtxt(
        folder / "boundary_21.5_wsa_2022-02-24.csv", delimiter=",", skiprows=1, unpack=True
    )
    rows = (folder / "earth_from_wsa_2022-02-24.csv").read_text().splitlines()[1:]
    times = Time([row.split(",")[0] for row in rows])
    theirs = np.array([float(row.split(",")[2]) for row in rows])
    radii = float(rows[0].split(",")[1])
    begin = Time("2022-02-20T00:00:00")
    days = steps_between(begin - SYNODIC_DAYS * u.day, times[-1])
    meridian = central_longitude_deg(begin) - (days - SYNODIC_DAYS) * 360 / SYNODIC_DAYS
    boundary = np.interp(meridian % 360, longitude, speed, period=360)
    ours = propagate(boundary, radii)
    at = np.interp((times - begin).to_value("day"), days - SYNODIC_DAYS, ours)
    assert np.corrcoef(at, theirs)[0, 1] > 0.99
    assert np.sqrt(np.mean((at - theirs) ** 2)) < 10
