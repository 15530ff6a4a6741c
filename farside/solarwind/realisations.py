"""Random realisations of a map's error, which is correlated over the sphere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ive

from farside.sun.carrington_grid import CarringtonGrid, Map
from farside.synchronic.map import SynchronicMap

Realisations = NDArray[np.float64]
"""Maps on one grid, (realisation, row, column)."""

_LEFT_OUT = 1e-6
"""Fraction of the variance in spherical harmonics above the degree at which the sum ends."""


def seed_of(sun_map: SynchronicMap) -> int:
    """Seed of the random numbers of a map: equal maps give equal realisations."""
    planes = b"".join(
        np.ascontiguousarray(plane, np.float32).tobytes()
        for plane in (sun_map.field_gauss, sun_map.sigma_gauss)
    )
    return int.from_bytes(hashlib.sha256(sun_map.time.utc.isot.encode() + planes).digest())


def unit_noise(
    grid: CarringtonGrid, length_deg: float, count: int, generator: np.random.Generator
) -> Realisations:
    """Gaussian noise of unit variance with an isotropic correlation on the sphere.

    Points an angle θ apart have the correlation exp(-κ (1 - cos θ)), the Gaussian of the distance
    through the sphere; κ is such that it is 1/e at `length_deg`. Its Legendre coefficients are
    (2l + 1) e^-κ i_l(κ), with i_l the modified spherical Bessel functions (DLMF 10.60.7), and each
    spherical harmonic is drawn with its share of the variance.

    Parameters
    ----------
    length_deg
        Angle at which the correlation is 1/e; at least one cell is taken, so that the noise is
        never white.
    count
        Number of realisations.
    """
    share = _variance_by_degree(max(length_deg, grid.step_deg))
    rows = np.empty((2 * len(share), count, grid.rows))
    for order, legendre in enumerate(_legendre(grid, len(share))):  # (row, degree)
        amplitude = legendre * np.sqrt((2 if order else 1) * share[order:])
        drawn = generator.standard_normal((2, count, len(share) - order))
        rows[2 * order : 2 * order + 2] = drawn @ amplitude.T
    turned = np.arange(len(share))[:, None] * np.radians(grid.longitude_deg)
    waves = np.stack((np.cos(turned), np.sin(turned)), axis=1)  # (order, 2, column)
    noise = rows.transpose(1, 2, 0) @ waves.reshape(2 * len(share), grid.columns)
    return np.asarray(noise)


def _variance_by_degree(length_deg: float) -> NDArray[np.float64]:
    """Variance of one spherical harmonic of each degree, 4π e^-κ i_l(κ).

    Its sum Σ (2l + 1) / 4π, over all harmonics, is 1.
    """
    kappa = 1 / (1 - np.cos(np.radians(length_deg)))
    degree = np.arange(20 + int(np.sqrt(2 * kappa * 20)))
    share = (2 * degree + 1) * np.sqrt(np.pi / (2 * kappa)) * ive(degree + 0.5, kappa)
    kept = 1 + int(np.searchsorted(np.cumsum(share) / share.sum(), 1 - _LEFT_OUT))
    share = share[:kept] / share[:kept].sum()
    return np.asarray(4 * np.pi * share / (2 * degree[:kept] + 1))


def _legendre(grid: CarringtonGrid, degrees: int) -> Iterator[Map]:
    """Normalised associated Legendre functions of each order m, (row, degree from m upwards).

    Computed by the recurrences of Press et al., Numerical Recipes (3rd ed.), Sect. 6.7.
    """
    sine = np.sin(np.radians(grid.latitude_deg))
    cosine = np.sqrt(1 - sine**2)
    sectoral = np.full(grid.rows, sqrt(1 / (4 * np.pi)))
    for m in range(degrees):
        if m:
            sectoral = sqrt((2 * m + 1) / (2 * m)) * cosine * sectoral
        values = np.zeros((degrees - m + 1, grid.rows))
        values[0] = sectoral
        values[1] = sqrt(2 * m + 3) * sine * sectoral
        for l in range(m + 2, degrees):  # noqa: E741  # the degree of a spherical harmonic
            a = sqrt((4 * l * l - 1) / (l * l - m * m))
            b = sqrt(((l - 1) ** 2 - m * m) / (4 * (l - 1) ** 2 - 1))
            values[l - m] = a * (sine * values[l - m - 1] - b * values[l - m - 2])
        yield values[: degrees - m].T
