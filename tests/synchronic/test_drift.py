"""Synoptic maps brought to one time, against a surface that rotates and against the real Sun."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.time import Time
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from farside.sun.carrington_grid import CarringtonGrid, Map
from farside.sun.carrington_rotation import SYNODIC_DAYS
from farside.sun.heliographic import differential_rotation_deg_per_day
from farside.synchronic.base import read_base
from farside.synchronic.disk import read_observed
from farside.synchronic.drift import synchronised
from farside.synchronic.fill import advect_base_map
from farside.synchronic.map import BaseMap
from farside.synchronic.project import project_disk
from farside.synchronic.synoptic import age_of_hourly_map, age_since_crossing

GRID = CarringtonGrid()
TIME = Time("2023-11-20T12:00:00", scale="utc")
LOW = np.abs(GRID.latitude_deg) < 60
REAL = {
    "seg2023_3_2023-07-01": "mrzqs_c2272.fits",
    "seg2023_2_2023-09-04": "mrzqs_c2275.fits",
    "seg2023_1_2023-11-08": "mrzqs_c2277.fits",
}
"""Disks of HMI, and the map of GONG that was made 5, 22 and 11 days later."""


def surface(days: Map | float) -> Map:
    """Field, days before `TIME`, of waves that differential rotation carries."""
    rate = differential_rotation_deg_per_day(GRID.latitude_deg)[:, None]
    now_deg = GRID.longitude_deg + rate * days
    return np.asarray(100 * np.sin(np.radians(3 * now_deg)) + 50 * np.cos(np.radians(5 * now_deg)))


def synoptic(age_days: NDArray[np.float64]) -> BaseMap:
    """Map with each longitude as it was `age_days` before `TIME`."""
    age = np.broadcast_to(age_days, GRID.shape)
    return BaseMap(surface(age), GRID, TIME, "NSO-GONG", "map.fits", "ab", age_days=age)


def test_every_longitude_comes_to_where_it_is_at_the_time_of_the_map() -> None:
    made = synchronised(synoptic(age_of_hourly_map(200.0)(GRID.longitude_deg)))
    shown = np.isfinite(made.field_gauss)
    assert shown[LOW].mean() > 0.93
    error = (made.field_gauss - surface(0.0))[shown]
    assert np.sqrt(np.mean(error**2)) < 2
    assert np.abs(error).max() < 20


def test_of_two_parts_that_arrive_at_one_place_the_younger_is_taken() -> None:
    """At the equator what was seen a rotation ago overtakes what is seen now."""
    made = synchronised(synoptic(age_since_crossing(0.0)(GRID.longitude_deg)))
    row = GRID.rows // 2
    assert np.isfinite(made.field_gauss[row]).all()
    assert made.age_days[row, :7].max() < 1


def test_where_no_part_arrives_nothing_is_invented() -> None:
    """At 60° the surface falls behind by 65° in a rotation, and leaves a gap at the edge."""
    made = synchronised(synoptic(age_since_crossing(0.0)(GRID.longitude_deg)))
    row = int(np.searchsorted(GRID.latitude_deg, 60))
    rate = float(differential_rotation_deg_per_day(GRID.latitude_deg)[row])
    missing = np.isnan(made.field_gauss[row])
    assert missing.sum() == pytest.approx(-rate * SYNODIC_DAYS, abs=2)
    assert missing[-30:].all()


def test_a_synchronic_map_stays_as_it_is() -> None:
    moved = synchronised(synoptic(age_since_crossing(0.0)(GRID.longitude_deg)))
    assert synchronised(moved) is moved


@pytest.mark.parametrize("disk", REAL)
def test_gong_shows_what_hmi_saw_if_carried_from_the_day_of_each_longitude(
    disk: str, shared_data: Path
) -> None:
    """Correlation where both show the same passage, smoothed by 1.5°."""
    cc = correlations(shared_data, disk)
    assert cc["own day"] > 0.7
    assert cc["own day"] > cc["day of the map"]


def correlations(shared_data: Path, disk: str) -> dict[str, float]:
    folder = shared_data / "realsun"
    seen = read_observed(folder / "sets" / disk / "hmi.fits")
    given = read_base(folder / "wind" / "gong" / REAL[disk])
    part = project_disk(seen, GRID, seen.view.time)
    cc = {}
    for name, base in (("own day", given), ("day of the map", replace(given, synchronic=True))):
        carried = advect_base_map(base, GRID, seen.view.time)
        where = (
            LOW[:, None] & (part.mu > 0.5) & (carried.weight > 0) & (np.abs(carried.age_days) < 12)
        )
        pair = (
            gaussian_filter(np.clip(each.field_gauss, -400, 400), 1.5)[where]
            for each in (part, carried)
        )
        cc[name] = float(np.corrcoef(*pair)[0, 1])
    text = ", ".join(f"{name} {value:.3f}" for name, value in cc.items())
    print(f"{disk} {given.name}: {text}")  # noqa: T201
    return cc
