"""Spherical harmonics of a map, and the potential field that they make on a shell."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from farside.corona.field import Array, SphericalShell
from farside.sun.carrington_grid import CarringtonGrid, Map, resample
from farside.sun.spherical_harmonics import fejer_weights, legendre_tables

Harmonics = NDArray[np.complex128]
"""Coefficients of a real field in orthonormal spherical harmonics, (order m ≥ 0, degree l)."""

UNIFORM = CarringtonGrid(360, 180, "uniform")
"""Grid that maps are averaged on before they are expanded: point samples of a finer map alias."""


def harmonics_of(field: Map, grid: CarringtonGrid, degree: int) -> Harmonics:
    """Expand a map up to a degree, exactly for a field of that degree on 180 rows of latitude.

    The map is averaged over cells of 1°, whose latitudes are weighted by Fejér's first rule.

    Raises
    ------
    ValueError
        The degree is not between 1 and 89.
    """
    if not 1 <= degree < UNIFORM.rows // 2:
        raise ValueError(f"degree is {degree}, expected 1 to {UNIFORM.rows // 2 - 1}")
    cells = resample(field, grid, UNIFORM)
    columns = UNIFORM.columns
    order = np.arange(degree + 1)
    phase = np.exp(-1j * np.pi / columns * order) * (2 * np.pi / columns)
    spectrum = np.fft.rfft(cells, axis=1)[:, : degree + 1] * phase
    spectrum *= fejer_weights(UNIFORM.rows)[:, None]
    value, _ = legendre(tuple(UNIFORM.latitude_deg), degree)
    return np.asarray(np.einsum("mrl,rm->ml", value, spectrum))


def smoothed(harmonics: Harmonics, sigma_rad: float) -> Harmonics:
    """Smooth a field by a Gaussian on the sphere: each degree by exp(-l (l + 1) σ² / 2)."""
    degree = np.arange(harmonics.shape[1])
    return np.asarray(harmonics * np.exp(-degree * (degree + 1) * sigma_rad**2 / 2))


def field_on_shell(
    harmonics: Harmonics, radial: Array, across: Array, radius: Array, nodes: tuple[int, int]
) -> SphericalShell:
    """Field of a potential Ψ = Σ a_lm Ψ_l(r) Y_lm on the nodes of a shell.

    Parameters
    ----------
    radial, across
        -dΨ_l/dr and Ψ_l / r, (l, radius).
    radius
        Radii of the nodes, solar radii, in equal steps of their logarithm.
    nodes
        Number of nodes in longitude, 0 and 360° inclusive, and from pole to pole.
    """
    longitudes, latitudes = nodes
    order = np.arange(len(harmonics))
    latitude_deg = np.linspace(-90, 90, latitudes)
    value, slope = legendre(tuple(latitude_deg), len(harmonics) - 1)
    cosine = np.cos(np.radians(latitude_deg))
    polar = cosine < 1e-9
    # At the poles the limit, which is not zero for order 1 only.
    over_cosine = np.where(
        polar[:, None],
        slope * np.sign(latitude_deg)[:, None],
        value / np.where(polar, 1, cosine)[:, None],
    )
    up, along = (harmonics[:, :, None] * part for part in (radial, across))
    field = np.empty((longitudes, latitudes, len(radius), 3))
    parts = (
        (over_cosine, -1j * order[:, None, None] * along),
        (slope, -along),
        (value, up),
    )
    for component, (table, series) in enumerate(parts):
        field[:-1, ..., component] = _waves(table, series, longitudes - 1)
    field[-1] = field[0]
    return SphericalShell(field, float(radius[0]), float(radius[-1]))


def _waves(table: Array, series: Harmonics, columns: int) -> Array:
    """Sum of a series over degrees and orders, (longitude, latitude, radius)."""
    amplitude = table @ series  # (m, latitude, radius)
    return np.asarray(np.fft.irfft(amplitude * columns, n=columns, axis=0))


@lru_cache(maxsize=4)
def legendre(latitude_deg: tuple[float, ...], degree: int) -> tuple[Array, Array]:
    """Normalised associated Legendre functions and dP/dθ, each (m, latitude, l)."""
    colatitude = np.radians(90 - np.array(latitude_deg))
    value, slope = legendre_tables(colatitude, degree)
    return np.ascontiguousarray(value), np.ascontiguousarray(slope)
