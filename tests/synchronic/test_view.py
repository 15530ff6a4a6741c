"""Maps of the radial field seen as a disk: fields known everywhere, and a bipole that drifts."""

from __future__ import annotations

from dataclasses import replace

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time

from farside.quality import Quality
from farside.sun.carrington_grid import CarringtonGrid, Map
from farside.sun.grid import Image
from farside.sun.heliographic import (
    differential_rotation_deg_per_day,
    foreshortening,
    lines_of_sight,
    trace,
)
from farside.synchronic.map import BaseMap
from farside.synchronic.view import disk_of_map
from tests.support.bipoles import GAUSS, GRID, LONGITUDE, TIME, bipole, image_of, view_of

FINE = {
    "sine": CarringtonGrid(720, 360, "sine"),
    "uniform": CarringtonGrid(720, 360, "uniform"),
}
VIEW = view_of(30.0)


def base(
    field_gauss: Map, grid: CarringtonGrid, time: Time = TIME, age_days: float = 0.0
) -> BaseMap:
    ages = np.full(grid.shape, age_days)
    return BaseMap(field_gauss, grid, time, "NSO-GONG", "map.fits", "ab", age_days=ages)


def bipole_at(longitude_deg: float, grid: CarringtonGrid) -> Map:
    """The map of the bipole of `tests.support.bipoles`."""
    return bipole(grid.longitude_deg[None, :], grid.latitude_deg[:, None], longitude_deg)


def unlike(one: Image, other: Image) -> float:
    """RMS difference over the strongest field."""
    return float(np.sqrt(np.nanmean((one - other) ** 2))) / GAUSS


@pytest.mark.parametrize("rows", ["sine", "uniform"])
def test_a_bipole_is_where_the_disk_shows_it(rows: str) -> None:
    grid = FINE[rows]
    seen = disk_of_map(base(bipole_at(LONGITUDE, grid), grid), GRID, VIEW).image
    assert unlike(seen, image_of(VIEW)) < 0.005


def test_a_uniform_radial_field_is_its_cosine() -> None:
    grid = CarringtonGrid()
    seen = disk_of_map(base(np.full(grid.shape, 100.0), grid), GRID, VIEW).image
    on_disk = GRID.on_disk()
    expected = 100 * foreshortening(GRID, VIEW.observer)
    np.testing.assert_allclose(seen[on_disk], expected[on_disk], atol=0.05)
    assert np.isnan(seen[~on_disk]).all()


def test_the_map_closes_at_longitude_0() -> None:
    grid = CarringtonGrid()
    wave = np.broadcast_to(np.cos(np.radians(grid.longitude_deg)), grid.shape) * 100
    turns = [
        disk_of_map(base(np.roll(wave, shift, axis=1), grid), GRID, VIEW).image
        for shift in (0, 180)
    ]
    np.testing.assert_allclose(turns[0], -turns[1], atol=0.05)


@pytest.mark.parametrize(("map_days", "age_days"), [(100.0, 0.0), (0.0, 100.0), (60.0, 40.0)])
def test_the_field_has_turned_since_the_map_saw_it(map_days: float, age_days: float) -> None:
    grid = FINE["sine"]
    old = base(bipole_at(LONGITUDE, grid), grid, TIME - map_days * u.day, age_days)
    disk = disk_of_map(old, GRID, VIEW)
    seen = disk.image
    points = trace(*lines_of_sight(GRID, VIEW.observer), VIEW.observer, VIEW.time)
    then = points.longitude_deg - differential_rotation_deg_per_day(points.latitude_deg) * 100.0
    # At 18° the surface gains 2.6° on the Carrington frame in 100 days.
    expected = np.where(GRID.on_disk(), bipole(then, points.latitude_deg) * points.mu, np.nan)
    assert unlike(seen, expected.astype(np.float32)) < 0.005
    assert unlike(seen, image_of(VIEW)) > 0.02
    assert (VIEW.time - disk.origin.time).to_value("day") == pytest.approx(100.0)


def test_bits_of_the_map_itself_are_not_those_of_the_disk() -> None:
    grid = CarringtonGrid()
    quality = Quality.NO_STEREO | Quality.BASE_STALE | Quality.BEACON
    given = replace(base(np.zeros(grid.shape), grid), quality=quality)
    assert disk_of_map(given, GRID, VIEW).origin.quality == Quality.BEACON


def test_a_cell_without_a_value_shows_no_field() -> None:
    grid = CarringtonGrid()
    field = np.full(grid.shape, 50.0)
    field[:90] = np.nan
    disk = disk_of_map(base(field, grid), GRID, VIEW)
    assert disk.seen is not None
    south = GRID.on_disk() & ~disk.seen
    # Half a cell beside the edge still sees across it.
    assert np.mean(disk.image[south] == 0) > 0.97
    # The observer looks on the equator within the tilt of the axis: half of the disk is south.
    assert 0.4 < south.sum() / GRID.on_disk().sum() < 0.6
