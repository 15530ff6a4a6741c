import numpy as np
import pytest

from farside.sun.carrington_grid import CarringtonGrid, Map
from farside.synchronic.poles import fill_poles

GRID = CarringtonGrid()
EVERYWHERE = np.ones(GRID.shape, np.bool_)


def cap(gradient: float = 2.0) -> Map:
    """A polar field with one side stronger."""
    colatitude = np.radians(90 - np.abs(GRID.latitude_deg))[:, None]
    side = np.sin(colatitude) * np.cos(np.radians(GRID.longitude_deg))
    sine = np.sin(np.radians(GRID.latitude_deg))[:, None]
    return np.asarray(6 * np.sign(sine) * sine**8 + gradient * side)


def test_the_missing_part_of_a_cap_is_like_the_rest() -> None:
    truth = cap()
    hidden = np.abs(GRID.latitude_deg)[:, None] > 80 * np.ones(GRID.shape)
    filled = fill_poles(np.where(hidden, 0, truth), (~hidden).astype(float), hidden, GRID)
    assert np.abs(filled - truth)[hidden].max() < 0.5
    np.testing.assert_array_equal(filled[~hidden], truth[~hidden])


def test_half_a_cap_is_enough_for_its_mean() -> None:
    truth = cap(gradient=0.0)
    unseen = np.broadcast_to(GRID.longitude_deg > 180, GRID.shape)
    trust = np.where(unseen, 0.001, 1.0)
    noisy = truth + np.random.default_rng(0).normal(0, 5, GRID.shape)
    filled = fill_poles(np.where(unseen, 0, noisy), trust, unseen, GRID)
    north = unseen & (GRID.latitude_deg[:, None] > 75)
    assert filled[north].mean() == pytest.approx(truth[north].mean(), rel=0.3)
    assert np.abs(filled[north]).max() < 15


def test_lower_latitudes_and_good_cells_are_left_alone() -> None:
    field = np.random.default_rng(1).normal(0, 5, GRID.shape)
    filled = fill_poles(field, np.ones(GRID.shape), EVERYWHERE, GRID)
    low = np.abs(GRID.latitude_deg) < 75
    np.testing.assert_array_equal(filled[low], field[low])
    assert filled[~low].std() < 0.5 * field[~low].std()
    np.testing.assert_array_equal(fill_poles(field, np.ones(GRID.shape), ~EVERYWHERE, GRID), field)


def test_a_cap_that_nothing_is_known_of_keeps_what_it_has() -> None:
    field = cap()
    np.testing.assert_array_equal(fill_poles(field, np.zeros(GRID.shape), EVERYWHERE, GRID), field)
