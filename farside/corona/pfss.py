"""Potential field of the corona between the photosphere and a source surface (PFSS).

Schatten, Wilcox & Ness (1969, Sol. Phys. 6, 442); Altschuler & Newkirk (1969, Sol. Phys. 9, 131).
Solved by sunkit-magex (Stansby, Yeates & Badman 2020, JOSS 5, 2732).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from astropy.time import Time
from scipy.interpolate import interp1d

from farside.corona.field import Array, SphericalShell
from farside.errors import DamagedImageError, DegenerateFieldError
from farside.sun.carrington_grid import CarringtonGrid, Map, resample
from farside.synchronic.map import BaseMap, SynchronicMap

SOURCE_SURFACE = 2.5
"""Radius of the source surface, solar radii, as in Altschuler & Newkirk (1969)."""

LEVELS = 60
"""Number of radial steps, equal in ln(radius) (a choice): the open-field boundary of a dipole is
within 0.3°."""

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
    given: SynchronicMap | BaseMap, source_surface: float = SOURCE_SURFACE
) -> PotentialField:
    """Solve for the potential field above a map.

    Parameters
    ----------
    given
        Map of the radial field; one in uniform latitude is resampled to sine latitude.
    source_surface
        Radius of the source surface, solar radii.

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
    shell = _solved(balanced, given.time, source_surface)
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


def _solved(field_gauss: Map, time: Time, source_surface: float) -> SphericalShell:
    import astropy.units as u
    import sunpy.map
    from sunkit_magex import pfss
    from sunpy.coordinates import get_earth
    from sunpy.map.header_helper import make_heliographic_header

    header = make_heliographic_header(
        time,
        get_earth(time),
        field_gauss.shape,
        frame="carrington",
        projection_code="CEA",
        map_center_longitude=180 * u.deg,
    )
    photosphere = sunpy.map.Map(field_gauss, {**header, "bunit": "G"})
    solution = pfss.pfss(pfss.Input(photosphere, LEVELS, source_surface))
    nodes = solution.bg.to_value("G").copy()
    # The solver extrapolates the horizontal field to the source surface, where it is zero.
    nodes[:, :, -1, :2] = 0
    return SphericalShell(_in_latitude(nodes), 1.0, source_surface)


def _in_latitude(nodes: Array) -> Array:
    """Resample nodes from equal steps in sine latitude to as many in latitude, for the poles."""
    count = nodes.shape[1]
    latitude_of_node = np.arcsin(np.linspace(-1, 1, count))
    latitude = np.linspace(-np.pi / 2, np.pi / 2, count)
    return np.asarray(interp1d(latitude_of_node, nodes, axis=1)(latitude))
