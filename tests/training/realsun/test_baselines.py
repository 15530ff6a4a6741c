"""The guess by Hale's law, regions and their orientation, and the choice of a map."""

from __future__ import annotations

from dataclasses import replace

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time

from farside.disk.registration import Disk
from farside.observation.image import Origin
from farside.sun.carrington_grid import CarringtonGrid
from farside.sun.grid import Image
from farside.sun.heliographic import lines_of_sight, trace
from farside.sun.observer import View, earth
from farside.synchronic.map import BaseMap
from tests.support.bipoles import LONGITUDE, pole
from tests.training.realsun.fields import VIEW, bipoles, truth
from training.realsun.baselines import hale_guess, hale_on_true_regions, map_before
from training.realsun.measures import GRID
from training.realsun.regions import bipoles as bipoles_of
from training.realsun.regions import orientations, regions

CYCLE_24 = Time("2014-06-01T00:00:00.000", scale="utc")


def helium(field: Image, time: Time) -> Disk:
    """AIA 304 that is bright where there is field."""
    image = np.where(GRID.on_disk(), 100 * (1 + np.abs(field) / 50), np.nan).astype(np.float32)
    return Disk(image, GRID, Origin("AIA", "304", time, VIEW.observer, "", ""))


@pytest.mark.parametrize(("time", "north"), [(VIEW.time, 1), (CYCLE_24, -1)])
def test_the_guess_puts_the_leading_polarity_of_hemisphere_and_cycle_in_the_west(
    time: Time, north: int
) -> None:
    true = bipoles(VIEW, north, -north)
    found = orientations(hale_guess(helium(true, time)), true, GRID)
    assert (found.right, found.one_sign, found.wrong) == (2, 0, 0)


def test_the_guess_is_empty_where_nothing_is_bright() -> None:
    quiet = np.zeros((GRID.size_px, GRID.size_px), np.float32)
    guess = hale_guess(helium(quiet, VIEW.time))
    assert not guess[GRID.on_disk()].any()
    assert np.isnan(guess[~GRID.on_disk()]).all()


def test_the_rule_alone_is_right_where_the_sun_obeys_it() -> None:
    found = hale_on_true_regions(truth(bipoles(VIEW, 1, 1)))
    assert (found.right, found.wrong) == (1, 1)
    assert found.right_by_flux == pytest.approx(0.5, abs=0.05)


def test_a_bipole_along_the_meridian_has_no_orientation() -> None:
    points = trace(*lines_of_sight(GRID, VIEW.observer), VIEW.observer, VIEW.time)
    north, south = (
        pole(points.longitude_deg, points.latitude_deg, LONGITUDE, latitude)
        for latitude in (20, 15)
    )
    upright = np.where(GRID.on_disk(), (north - south) * points.mu, np.nan).astype(np.float32)
    assert len(regions(upright, GRID)) == 1
    assert bipoles_of(upright, GRID) == []


def test_a_sun_without_regions_has_none_right_or_wrong() -> None:
    quiet = np.zeros((GRID.size_px, GRID.size_px), np.float32)
    found = orientations(quiet, quiet, GRID)
    assert (found.right, found.one_sign, found.wrong) == (0, 0, 0)
    assert np.isnan(found.right_by_flux)


def test_the_map_before_is_the_newest_that_saw_nothing_of_this_passage() -> None:
    view = View(earth(VIEW.time), VIEW.time)
    grid = CarringtonGrid(36, 18)
    empty = np.zeros(grid.shape)
    maps = [
        BaseMap(empty, grid, view.time - days * u.day, "NSO-GONG", f"{days}", "ab", age_days=empty)
        for days in (-3, 5, 20, 35, 60)
    ]
    chosen = map_before(maps, view)
    assert chosen is not None
    assert chosen.name == "20"
    assert map_before([maps[0], maps[1], maps[4]], view) is None
    assert map_before([replace(maps[3], name="alone")], view) is not None
