"""Field beyond the source surface: Schatten's current sheet model.

Schatten (1971, Cosmic Electrodyn. 2, 232): the field is made to point outwards everywhere, is
continued as a potential field that vanishes at infinity, and gets its signs back along its lines.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import sph_legendre_p_all

from farside.corona.field import Array, SphericalShell, cell_longitude, sphere_points
from farside.corona.pfss import PotentialField

OUTER_RADIUS = 14_959_787_070.0 / 695.7e6
"""Inner boundary of heliospheric models: 0.1 au in solar radii, 21.5."""

MAX_DEGREE = 60
"""Largest degree of the spherical harmonics (a choice): features of 3° on the interface."""

NODES = 181, 181, 45
"""Nodes of the shell in longitude, latitude and height: 2° by 1°, and steps of 5 % in radius."""


def current_sheet(potential: PotentialField, interface: float) -> SphericalShell:
    """Unsigned field of the current sheet model from the interface to 0.1 au, outwards everywhere.

    With a_lm the harmonics of |B_r| on the interface R, B = -∇Ψ and
    Ψ = Σ a_lm R/(l+1) (R/r)^(l+1) Y_lm. The flux 4π r² <B_r> stays that of the interface.

    Parameters
    ----------
    interface
        Radius at which the sheet begins, solar radii: the source surface, or a little below it, so
        that the two fields overlap and lines bend less (Pomoell & Poedts 2018).

    Raises
    ------
    ValueError
        The interface is not between the photosphere and the source surface.
    """
    if not 1 < interface <= potential.source_surface:
        raise ValueError(
            f"current sheet from {interface} solar radii, expected more than 1 and at most the "
            f"source surface at {potential.source_surface}"
        )
    return _synthesised(_harmonics(potential, interface), interface)


def _harmonics(potential: PotentialField, interface: float) -> NDArray[np.complex128]:
    """Harmonics of |B_r|, (order m ≥ 0, degree l), by Gauss-Legendre quadrature in latitude."""
    rows, columns = potential.grid.shape
    sine, weights = np.polynomial.legendre.leggauss(rows)
    longitude = cell_longitude(columns)
    places = sphere_points(interface, longitude, np.arcsin(sine))
    unsigned = np.abs(potential.shell.field_at(places)[:, 2]).reshape(rows, columns)
    degree = min(MAX_DEGREE, rows // 3)
    phase = np.exp(-1j * longitude[0] * np.arange(degree + 1))
    spectrum = np.fft.rfft(unsigned, axis=1)[:, : degree + 1] * phase / columns
    table = _legendre(sine, degree)[0]
    return np.asarray(2 * np.pi * np.einsum("mrl,rm,r->ml", table, spectrum, weights))


def _synthesised(harmonics: NDArray[np.complex128], interface: float) -> SphericalShell:
    longitudes, latitudes, heights = NODES
    order = np.arange(len(harmonics))
    sine = np.sin(np.linspace(-np.pi / 2, np.pi / 2, latitudes))
    value, slope = _legendre(sine, len(harmonics) - 1)
    cosine = np.sqrt(1 - sine**2)[:, None]
    # At the poles the limit, which is not zero for order 1 only.
    over_cosine = np.divide(value, cosine, out=slope * np.sign(sine)[:, None], where=cosine > 0)
    radius = np.geomspace(interface, OUTER_RADIUS, heights)
    # (m, l, height): each harmonic at each height.
    radial = harmonics[:, :, None] * (interface / radius) ** (order[:, None] + 2)
    across = radial / (order[:, None] + 1)
    parts = (
        _waves(over_cosine, -1j * order[:, None, None] * across, longitudes - 1),
        _waves(slope, -across, longitudes - 1),
        _waves(value, radial, longitudes - 1),
    )
    field = np.stack(parts, axis=-1)
    return SphericalShell(np.concatenate([field, field[:1]]), interface, OUTER_RADIUS)


def _waves(table: Array, series: NDArray[np.complex128], columns: int) -> Array:
    """Sum of the series over degrees and orders, (longitude, latitude, height)."""
    amplitude = table @ series  # (m, latitude, height)
    return np.asarray(np.fft.irfft(amplitude * columns, n=columns, axis=0))


def _legendre(sine: Array, degree: int) -> Array:
    """Normalised associated Legendre functions and dP/dθ: (derivative, m, latitude, l)."""
    tables = sph_legendre_p_all(degree, degree, np.arccos(sine), diff_n=1)
    return np.asarray(tables[:, :, : degree + 1].transpose(0, 2, 3, 1))
