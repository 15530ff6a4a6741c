"""Legendre functions and quadrature of spherical harmonics on the sphere, orthonormal."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import sph_legendre_p_all

Array = NDArray[np.float64]


def legendre_tables(colatitude: NDArray[np.floating], degree: int) -> Array:
    """Normalised associated Legendre functions P and dP/dθ up to a degree.

    Parameters
    ----------
    colatitude
        θ in radians, (place,).

    Returns
    -------
    Array
        (2, order m, place, degree l): P, then dP/dθ.
    """
    tables = sph_legendre_p_all(degree, degree, colatitude, diff_n=1)
    return np.asarray(tables[:, :, : degree + 1].transpose(0, 2, 3, 1))


def legendre_by_order(sine_latitude: Array, degrees: int) -> Iterator[Array]:
    """Yield the functions of one order m after another, (place, degree from m upwards).

    They are those of :func:`legendre_tables` but for a sign of each order, for degrees whose tables
    would not fit into memory, by the recurrences of Press et al., Numerical Recipes (3rd ed.),
    Sect. 6.7.

    Parameters
    ----------
    sine_latitude
        cos θ, (place,).
    degrees
        Number of degrees, from 0.
    """
    cosine = np.sqrt(1 - sine_latitude**2)
    sectoral = np.full(len(sine_latitude), sqrt(1 / (4 * np.pi)))
    for m in range(degrees):
        if m:
            sectoral = sqrt((2 * m + 1) / (2 * m)) * cosine * sectoral
        values = np.zeros((degrees - m + 1, len(sine_latitude)))
        values[0] = sectoral
        values[1] = sqrt(2 * m + 3) * sine_latitude * sectoral
        for l in range(m + 2, degrees):  # noqa: E741  # the degree of a spherical harmonic
            a = sqrt((4 * l * l - 1) / (l * l - m * m))
            b = sqrt(((l - 1) ** 2 - m * m) / (4 * (l - 1) ** 2 - 1))
            values[l - m] = a * (sine_latitude * values[l - m - 1] - b * values[l - m - 2])
        yield values[: degrees - m].T


def fejer_weights(rows: int) -> Array:
    """Weight of each of `rows` equal steps of latitude in an integral over sin(latitude).

    By Fejér's first rule, which is exact for polynomials of sin(latitude) of a degree below `rows`.
    """
    colatitude = np.pi * (np.arange(rows) + 0.5) / rows
    wave = np.arange(1, rows // 2 + 1)
    series = np.cos(2 * colatitude[:, None] * wave) / (4 * wave**2 - 1)
    return np.asarray(2 / rows * (1 - 2 * series.sum(axis=1)))
