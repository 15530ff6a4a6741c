"""Noise over the sphere: as strong, and correlated as far, as it is asked to be."""

from functools import cache

import astropy.units as u
import numpy as np
import pytest

from farside.solarwind.realisations import seed_of, unit_noise
from farside.sun.carrington_grid import CarringtonGrid, Map
from tests.support.synchronic_maps import synchronic_map

GRID = CarringtonGrid(180, 90, "uniform")
COUNT = 200


@cache
def noise(length_deg: float, count: int = COUNT, grid: CarringtonGrid = GRID) -> Map:
    return unit_noise(grid, length_deg, count, np.random.default_rng(1))


@pytest.mark.parametrize("length_deg", [6.0, 20.0])
def test_variance_is_one_at_every_latitude(length_deg: float) -> None:
    drawn = noise(length_deg)
    by_latitude = (drawn**2).mean(axis=(0, 2))
    # A circle of longitude holds as many independent points as lengths; the pole only one.
    held = np.maximum(1, 360 * np.cos(np.radians(GRID.latitude_deg)) / (2.5 * length_deg))
    assert (np.abs(by_latitude - 1) < 5 * np.sqrt(2 / (COUNT * held))).all()
    assert abs(drawn.mean()) < 0.02


@pytest.mark.parametrize("length_deg", [6.0, 20.0])
def test_correlation_falls_to_1_over_e_at_its_length_along_both_axes(length_deg: float) -> None:
    drawn = noise(length_deg)
    cells = round(length_deg / GRID.step_deg)
    meridional = (drawn[:, 20 : 70 - cells] * drawn[:, 20 + cells : 70]).mean()
    assert meridional == pytest.approx(np.exp(-1), abs=0.03)
    equator = drawn[:, 43:47]
    zonal = (equator * np.roll(equator, cells, axis=2)).mean()
    assert zonal == pytest.approx(np.exp(-1), abs=0.03)


def test_correlation_knows_the_poles() -> None:
    """Points 180° of longitude apart, 3° from the pole, are 6° apart on the sphere."""
    drawn = noise(20.0)
    row = drawn[:, 88]
    across = (row * np.roll(row, 90, axis=1)).mean() / (row**2).mean()
    kappa = 1 / (1 - np.cos(np.radians(20.0)))
    apart = 2 * (90 - GRID.latitude_deg[88])
    assert across == pytest.approx(np.exp(-kappa * (1 - np.cos(np.radians(apart)))), abs=0.04)


@pytest.mark.parametrize("length_deg", [0.0, 0.5, 2.0])
def test_noise_is_never_white(length_deg: float) -> None:
    """Neighbours one cell, or one length, apart share at least 1/e."""
    drawn = noise(length_deg, 20)
    neighbours = (drawn[:, 20:69] * drawn[:, 21:70]).mean()
    assert neighbours == pytest.approx(np.exp(-1), abs=0.04)


def test_the_seed_is_that_of_the_map() -> None:
    made = synchronic_map()
    assert seed_of(made) == seed_of(synchronic_map())
    assert seed_of(made) != seed_of(synchronic_map(field_gauss=made.field_gauss + 1))
    assert seed_of(made) != seed_of(synchronic_map(time=made.time + 1 * u.s))
