from dataclasses import replace

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time

from farside.simulation.emission.loops import LOOPS, loop_flux
from farside.simulation.grid import COARSE
from farside.simulation.magnetic.active_regions import FluxElements
from farside.simulation.magnetic.cycle import EPOCH
from farside.simulation.sun import SimulatedSun
from farside.sun.angles import wrap_deg
from farside.sun.grid import Image

TIME = Time("2024-06-01T00:00:00")


class OnePair(SimulatedSun):
    """A Sun of one pair of feet on the equator, some degrees apart."""

    apart_deg = 4.0
    swapped = False

    def elements(self, time: Time) -> FluxElements:  # noqa: ARG002 - the same at any time
        longitude = np.array([[100.0 + self.apart_deg / 2], [100.0 - self.apart_deg / 2]])
        flux = np.array([[4e20], [-4e20]])
        if self.swapped:
            longitude, flux = longitude[::-1], flux[::-1]
        return FluxElements(
            longitude, np.zeros((2, 1)), flux, np.zeros(1, int), np.ones(1), np.zeros((2, 1), bool)
        )


def place_deg(image: Image) -> float:
    """Mean longitude of the light."""
    return float((image.sum(axis=0) * COARSE.longitude_deg).sum() / image.sum())


def heights(levels: list[Image]) -> list[float]:
    return [float(level.sum() / sum(level.sum() for level in levels)) for level in levels]


@pytest.mark.parametrize("ion", sorted(LOOPS))
def test_loops_are_bright_between_their_footpoints(ion: str) -> None:
    levels = loop_flux(OnePair(1), TIME, replace(LOOPS[ion], fan=0.0), COARSE)
    total = np.sum(levels, axis=0)
    assert place_deg(total) == pytest.approx(100.0, abs=0.3)
    lit = COARSE.longitude_deg[total.sum(axis=0) > 0.01 * total.sum(axis=0).max()]
    assert 97 < lit.min() < lit.max() < 103
    rows = np.abs(COARSE.latitude_deg) < 2
    assert total[rows].sum() > 0.99 * total.sum()


@pytest.mark.parametrize("ion", sorted(LOOPS))
def test_nothing_changes_when_the_feet_are_swapped(ion: str) -> None:
    there, back = OnePair(1), OnePair(1)
    back.swapped = True
    pairs = zip(*(loop_flux(sun, TIME, LOOPS[ion], COARSE) for sun in (there, back)), strict=True)
    for first, second in pairs:
        np.testing.assert_allclose(first, second, atol=1e-3 * max(float(first.max()), 1e-6))


def test_fans_leave_the_feet_outwards() -> None:
    loops = LOOPS["Fe IX"]
    with_fans, without = (
        np.sum(loop_flux(OnePair(1), TIME, replace(loops, fan=share), COARSE), axis=0)
        for share in (loops.fan, 0.0)
    )
    beyond = np.abs(COARSE.longitude_deg - 100.0) > 2.8
    assert with_fans[:, beyond].sum() > 10 * without[:, beyond].sum()


def test_wide_loops_are_high() -> None:
    near, far = OnePair(1), OnePair(1)
    far.apart_deg = 9.0
    low, high = (heights(loop_flux(sun, TIME, LOOPS["Fe XII"], COARSE)) for sun in (near, far))
    assert high[2] > low[2]
    assert high[0] < low[0]


def test_loops_lag_the_flux_of_their_feet() -> None:
    sun = SimulatedSun(3)
    region = sun.regions(TIME)[-1]
    emerging = EPOCH + (region.day + 0.4) * u.day
    lagging = LOOPS["Fe IX"]
    prompt = replace(lagging, lag_hours=0.0)
    near = np.abs(COARSE.latitude_deg[:, None] - region.latitude_deg) < 4
    near = near & (np.abs(wrap_deg(COARSE.longitude_deg - region.longitude_deg)) < 6)
    now, later = (
        sum(float(level[near].sum()) for level in loop_flux(sun, emerging, loops, COARSE))
        for loops in (prompt, lagging)
    )
    assert later < 0.5 * now


def test_a_sun_without_regions_has_no_loops() -> None:
    quiet = SimulatedSun(3)
    days = EPOCH + np.arange(-400, 400, 10) * u.day
    empty = next(day for day in days if not quiet.regions(day))
    assert all(not level.any() for level in loop_flux(quiet, empty, LOOPS["Fe IX"], COARSE))
