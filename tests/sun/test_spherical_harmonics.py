"""Legendre functions are orthonormal, the same by both ways, and integrated exactly."""

import numpy as np
import pytest

from farside.sun.spherical_harmonics import fejer_weights, legendre_by_order, legendre_tables

ROWS, DEGREE = 90, 40
COLATITUDE = np.pi * (np.arange(ROWS) + 0.5) / ROWS


def test_functions_are_orthonormal_by_the_weights() -> None:
    value, _ = legendre_tables(COLATITUDE, DEGREE)
    weights = fejer_weights(ROWS)
    for order in (0, 1, 7, DEGREE):
        found = 2 * np.pi * np.einsum("rl,rk,r->lk", value[order], value[order], weights)
        known = np.diag((np.arange(DEGREE + 1) >= order).astype(float))
        np.testing.assert_allclose(found, known, atol=1e-12)


def test_both_ways_give_the_same_functions() -> None:
    value, _ = legendre_tables(COLATITUDE, DEGREE)
    for order, found in enumerate(legendre_by_order(np.cos(COLATITUDE), DEGREE + 1)):
        np.testing.assert_allclose(np.abs(found), np.abs(value[order][:, order:]), atol=1e-11)


def test_the_slope_is_that_of_the_value() -> None:
    step = 1e-5
    (above, _), (below, _) = (legendre_tables(COLATITUDE + sign * step, DEGREE) for sign in (1, -1))
    _, slope = legendre_tables(COLATITUDE, DEGREE)
    np.testing.assert_allclose(slope, (above - below) / (2 * step), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("power", [0, 2, 30])
def test_the_weights_integrate_powers_of_the_sine(power: int) -> None:
    integral = (fejer_weights(ROWS) * np.cos(COLATITUDE) ** power).sum()
    assert integral == pytest.approx(2 / (power + 1), rel=1e-12)
