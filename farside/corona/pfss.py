"""Potential field of the corona between the photosphere and a source surface (PFSS).

Schatten, Wilcox & Ness (1969, Sol. Phys. 6, 442); Altschuler & Newkirk (1969, Sol. Phys. 9, 131).
Solved in spherical harmonics.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from astropy.time import Time

from farside.corona.field import SphericalShell
from farside.corona.harmonics import Harmonics, field_on_shell, harmonics_of, smoothed
from farside.errors import DamagedImageError, DegenerateFieldError
from farside.sun.carrington_grid import CarringtonGrid, Map, resample
from farside.synchronic.map import BaseMap, SynchronicMap

SOURCE_SURFACE = 2.5
"""Radius of the source surface, solar radii, as in Altschuler & Newkirk (1969)."""

MAX_DEGREE = 89
"""Largest degree of the spherical harmonics: features of 2°, the cells of the speed laws' maps."""

SMOOTHING_DEG = 3.5
"""σ of the Gaussian that smooths the map before it is extrapolated: the speed laws belong to maps
of 2° cells, and a truncated series rings around active regions (Tóth et al. 2011, ApJ 732, 102)."""

NODES, LEVELS = (361, 181), 60
"""Nodes of the shell in longitude and latitude, 1° by 1°, and in ln(radius). A choice: the boundary
of a dipole's open field is within 0.3°."""

LEAST_FIELD_GAUSS = 1e-3
"""Least greatest field of a map that has a corona (a choice, far below any noise)."""


@dataclass(frozen=True, eq=False)
class PotentialField:
    """Potential field of the corona up to the source surface, where it is radial.

    Attributes
    ----------
    shell
        Field from 1 solar radius to the source surface.
    photosphere_gauss
        Radial field of the map without its monopole, (row, column) on `grid`.
    grid
        Equal-area grid of the photosphere.
    monopole_gauss
        Mean field that was subtracted from the map: no potential field has one.
    time
        Time of the map.
    """

    shell: SphericalShell
    photosphere_gauss: Map
    grid: CarringtonGrid
    monopole_gauss: float
    time: Time

    @property
    def source_surface(self) -> float:
        """Radius of the source surface, solar radii."""
        return self.shell.outer


def extrapolate(
    given: SynchronicMap | BaseMap,
    source_surface: float = SOURCE_SURFACE,
    smoothing_deg: float = SMOOTHING_DEG,
) -> PotentialField:
    """Solve for the potential field above a map.

    With a_lm the harmonics of the radial field and R the source surface, B = -∇Ψ and
    Ψ = Σ a_lm (r^-(l+1) - R^-(2l+1) r^l) / (l + 1 + l R^-(2l+1)) Y_lm.

    Parameters
    ----------
    given
        Map of the radial field; one in uniform latitude is resampled to sine latitude.
    source_surface
        Radius of the source surface, solar radii.
    smoothing_deg
        σ of the Gaussian that smooths the map.

    Raises
    ------
    DamagedImageError
        The map has values that are not finite.
    DegenerateFieldError
        The map is zero everywhere, or has one value everywhere.
    ValueError
        The source surface is not above the photosphere.
    """
    if not source_surface > 1:
        raise ValueError(f"source surface at {source_surface} solar radii, expected more than 1")
    field, grid = _equal_area(given)
    monopole = float(field.mean())
    balanced = field - monopole
    greatest = float(np.abs(balanced).max())
    if greatest < LEAST_FIELD_GAUSS:
        raise DegenerateFieldError(
            f"the map is too weak for a corona: without its mean of {monopole:.3g} G its greatest "
            f"field is {greatest:.3g} G, expected {LEAST_FIELD_GAUSS:g} G or more"
        )
    harmonics = smoothed(harmonics_of(balanced, grid, MAX_DEGREE), np.radians(smoothing_deg))
    shell = _solved(harmonics, source_surface)
    return PotentialField(shell, balanced, grid, monopole, given.time)


def neutral_line(potential: PotentialField) -> tuple[Map, ...]:
    """Neutral line of the radial field on the source surface.

    Returns
    -------
    tuple
        Curves, each (point, 2): Carrington longitude and latitude in degrees. A curve that crosses
        longitude 0 is split there.
    """
    from skimage.measure import find_contours

    rows, columns = potential.grid.shape
    field = potential.shell.radial_gauss(potential.source_surface, rows, columns)
    around = np.concatenate([field[:, -1:], field, field[:, :1]], axis=1)
    curves = find_contours(around, 0.0)  # type: ignore[no-untyped-call]
    return tuple(
        np.stack(
            [
                (column - 0.5) * potential.grid.step_deg,
                np.degrees(np.arcsin((row + 0.5) * 2 / rows - 1)),
            ],
            axis=1,
        )
        for row, column in (curve.T for curve in curves)
    )


def _equal_area(given: SynchronicMap | BaseMap) -> tuple[Map, CarringtonGrid]:
    missing = np.count_nonzero(~np.isfinite(given.field_gauss))
    if missing:
        raise DamagedImageError(
            f"the map of {given.time.isot[:19]} has {missing} values that are not finite, "
            "expected none"
        )
    field = np.asarray(given.field_gauss, np.float64)
    if given.grid.latitude == "sine":
        return field, given.grid
    grid = CarringtonGrid(given.grid.columns, given.grid.rows)
    return resample(field, given.grid, grid), grid


def _solved(harmonics: Harmonics, source_surface: float) -> SphericalShell:
    radius = np.geomspace(1, source_surface, LEVELS + 1)
    degree = np.arange(MAX_DEGREE + 1)[:, None]
    mirror = source_surface ** -(2.0 * degree + 1)
    scale = 1 / (degree + 1 + degree * mirror)
    inner = radius ** -(degree + 1.0)
    outer = source_surface ** -(degree + 1.0) * (radius / source_surface) ** degree
    radial = scale * ((degree + 1) * inner + degree * outer) / radius
    return field_on_shell(harmonics, radial, scale * (inner - outer) / radius, radius, NODES)
