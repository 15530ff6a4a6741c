"""Open field of the corona model: coronal holes, and the distance from closed field."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from farside.corona.field import (
    Array,
    SphericalPoints,
    cell_latitude,
    cell_longitude,
    sphere_points,
)
from farside.corona.pfss import PotentialField
from farside.corona.tracing import trace_to_sphere
from farside.errors import DegenerateFieldError
from farside.sun.carrington_grid import CarringtonGrid, Degrees


@dataclass(frozen=True, eq=False)
class OpenField:
    """Photospheric field that reaches the source surface.

    Attributes
    ----------
    polarity
        1 where the field is open and outward, -1 open and inward, 0 closed; (row, column).
    grid
        Equal-area grid of `polarity`.
    """

    polarity: NDArray[np.int8]
    grid: CarringtonGrid

    @property
    def area(self) -> float:
        """Fraction of the sphere with open field."""
        return float((self.polarity != 0).mean())

    @cached_property
    def closed(self) -> cKDTree:
        """Index of the middles of the closed cells, as unit vectors."""
        row, column = np.nonzero(self.polarity == 0)
        rows, columns = self.grid.shape
        return cKDTree(_unit(cell_longitude(columns)[column], cell_latitude(rows)[row]))


def open_field(potential: PotentialField) -> OpenField:
    """Find the open field by tracing the line from the centre of each photospheric cell upwards."""
    rows, columns = potential.grid.shape
    feet = sphere_points(1.0, cell_longitude(columns), cell_latitude(rows))
    reached = trace_to_sphere(potential.shell, feet, outwards=True).outside.reshape(rows, columns)
    outwards = np.sign(potential.shell.field_at(feet)[:, 2]).reshape(rows, columns)
    return OpenField((outwards * reached).astype(np.int8), potential.grid)


def hole_boundary_distance_deg(opened: OpenField, feet: SphericalPoints) -> Degrees:
    """Great-circle distance of footpoints from the nearest closed field, degrees.

    It is counted to the middle of the nearest closed cell: the foot of an open line may lie in a
    cell whose own middle is closed, and is then not at distance 0 all the same.

    Raises
    ------
    DegenerateFieldError
        All field is open, or all is closed.
    """
    if opened.closed.n in (0, opened.polarity.size):
        raise DegenerateFieldError(
            f"no coronal hole has a boundary: {opened.area:.0%} of the photosphere is open,"
            " expected a part"
        )
    chord, _ = opened.closed.query(_unit(feet[:, 0], feet[:, 1]))
    return np.asarray(np.degrees(2 * np.arcsin(np.minimum(chord / 2, 1))))


def _unit(longitude: Array, latitude: Array) -> Array:
    across = np.cos(latitude)
    x, y = across * np.cos(longitude), across * np.sin(longitude)
    return np.stack([x, y, np.sin(latitude)], axis=1)
