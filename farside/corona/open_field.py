"""Coronal holes of the model: where the Sun's field is open, and how far inside a place is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from farside.corona.field import Array, Places, cell_latitude, cell_longitude, sphere
from farside.corona.pfss import PotentialField
from farside.corona.tracing import follow
from farside.errors import DegenerateFieldError
from farside.sun.carrington_grid import CarringtonGrid, Degrees


@dataclass(frozen=True, eq=False)
class OpenField:
    """Which photospheric field reaches the source surface.

    Attributes
    ----------
    polarity
        1 where it is open and points outwards, -1 open and inwards, 0 closed; (row, column).
    grid
        Equal-area.
    """

    polarity: NDArray[np.int8]
    grid: CarringtonGrid

    @property
    def area(self) -> float:
        """Part of the sphere that is open."""
        return float((self.polarity != 0).mean())

    @cached_property
    def boundary(self) -> cKDTree:
        """Middles of the edges between cells of different polarity, as unit vectors."""
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
    """Follow the line from the middle of each cell of the photosphere upwards."""
    rows, columns = potential.grid.shape
    feet = sphere(1.0, cell_longitude(columns), cell_latitude(rows))
    reached = follow(potential.shell, feet, outwards=True).outside.reshape(rows, columns)
    outwards = np.sign(potential.shell.at(feet)[:, 2]).reshape(rows, columns)
    return OpenField((outwards * reached).astype(np.int8), potential.grid)


def hole_boundary_distance_deg(opened: OpenField, feet: Places) -> Degrees:
    """How far inside a coronal hole each foot is: along the sphere to the nearest boundary.

    A boundary lies between open and closed cells, and between cells open in opposite ways. A foot
    in a closed cell has 0.

    Raises
    ------
    DegenerateFieldError
        No field is open, or all is.
    """
    if opened.boundary.n == 0:
        raise DegenerateFieldError(
            f"no coronal hole has a boundary: {opened.area:.0%} of the photosphere is open"
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
