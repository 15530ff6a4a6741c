"""Open field of the corona model: coronal holes, and the distance from their boundaries."""

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
    def boundary(self) -> cKDTree:
        """Index of the hole boundaries: midpoints of edges between polarities, as unit vectors."""
        rows, columns = self.grid.shape
        longitude, latitude = cell_longitude(columns), cell_latitude(rows)
        between = np.arcsin(self.grid.sine_edges)
        code = self.polarity
        row, column = np.nonzero(code != np.roll(code, -1, axis=1))
        east = _unit(longitude[column] + np.pi / columns, latitude[row])
        row, column = np.nonzero(code[1:] != code[:-1])
        north = _unit(longitude[column], between[row + 1])
        return cKDTree(np.concatenate([east, north]))


def open_field(potential: PotentialField) -> OpenField:
    """Find the open field by tracing the line from the centre of each photospheric cell upwards."""
    rows, columns = potential.grid.shape
    feet = sphere_points(1.0, cell_longitude(columns), cell_latitude(rows))
    reached = trace_to_sphere(potential.shell, feet, outwards=True).outside.reshape(rows, columns)
    outwards = np.sign(potential.shell.field_at(feet)[:, 2]).reshape(rows, columns)
    return OpenField((outwards * reached).astype(np.int8), potential.grid)


def hole_boundary_distance_deg(opened: OpenField, feet: SphericalPoints) -> Degrees:
    """Great-circle distance of footpoints from the nearest boundary of a coronal hole, degrees.

    A boundary lies between open and closed cells, and between open cells of opposite polarity. The
    distance of a footpoint in a closed cell is 0.

    Raises
    ------
    DegenerateFieldError
        All field is open, or all is closed.
    """
    if opened.boundary.n == 0:
        raise DegenerateFieldError(
            f"no coronal hole has a boundary: {opened.area:.0%} of the photosphere is open,"
            " expected a part"
        )
    chord, _ = opened.boundary.query(_unit(feet[:, 0], feet[:, 1]))
    distance = np.degrees(2 * np.arcsin(np.minimum(chord / 2, 1)))
    rows, columns = opened.grid.shape
    row = np.clip(((np.sin(feet[:, 1]) + 1) * rows / 2).astype(int), 0, rows - 1)
    column = (feet[:, 0] * columns / (2 * np.pi)).astype(int) % columns
    return np.where(opened.polarity[row, column] != 0, distance, 0.0)


def _unit(longitude: Array, latitude: Array) -> Array:
    across = np.cos(latitude)
    x, y = across * np.cos(longitude), across * np.sin(longitude)
    return np.stack([x, y, np.sin(latitude)], axis=1)
