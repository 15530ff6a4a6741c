"""Distribution of a generated field's error: Student's t, or Gaussian; σ holds 68.3 % of it.

A network that is sure in most places and wrong by a whole active region in a few makes errors with
longer tails than a Gaussian. Student's t-distribution with ν degrees of freedom has them, and goes
over to the Gaussian as ν grows.
"""

from __future__ import annotations

import math

from scipy.special import ndtri, stdtrit

LEAST_DEGREES, MOST_DEGREES = 2.01, 1e6
"""Range of ν: at 2 or below the standard deviation is infinite."""

WITHIN_SIGMA, WITHIN_95 = 0.6826894921370859, 0.95
"""Probabilities of the two intervals; the first is that of a Gaussian's standard deviation."""


def half_width(probability: float, degrees: float | None) -> float:
    """Half width of the central interval, in units of the t-distribution's own scale.

    Parameters
    ----------
    degrees
        ν; None for a Gaussian of standard deviation 1.
    """
    upper = (1 + probability) / 2
    return float(ndtri(upper) if degrees is None else stdtrit(degrees, upper))


def interval_95(degrees: float | None) -> float:
    """Half width of the interval that holds 95 % of the errors, in σ: 1.96 for a Gaussian."""
    return half_width(WITHIN_95, degrees) / half_width(WITHIN_SIGMA, degrees)


def deviation(degrees: float | None) -> float:
    """Standard deviation of the error, in σ: √(ν / (ν - 2)) over the half width of 68.3 %."""
    if degrees is None:
        return 1.0
    return math.sqrt(degrees / (degrees - 2)) / half_width(WITHIN_SIGMA, degrees)
