"""Carrington grids of the whole Sun, conservative resampling, and shifts in longitude."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from farside.errors import ImplausibleGeometryError

Map = NDArray[np.float64]
"""Map of the whole surface (row, column): row 0 south, Carrington longitude rising."""

Degrees = NDArray[np.float64]


@dataclass(frozen=True)
class CarringtonGrid:
    """Grid in equal steps of Carrington longitude, and of sine latitude or of latitude.

    Attributes
    ----------
    columns
        Number of columns. Column i covers the longitudes from ``i`` to ``i + 1`` steps: the first
        is centred at longitude +½ step.
    rows
        Number of rows, from the south pole to the north pole.
    latitude
        ``"sine"``: cells of equal area (CEA, as GONG has them); ``"uniform"``: rows in equal steps
        of latitude (CAR, as ADAPT and WSA have them).
    """

    columns: int = 360
    rows: int = 180
    latitude: Literal["sine", "uniform"] = "sine"

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of a map on this grid: (rows, columns)."""
        return self.rows, self.columns

    @property
    def step_deg(self) -> float:
        """Step in longitude, degrees."""
        return 360.0 / self.columns

    @cached_property
    def longitude_deg(self) -> Degrees:
        """Carrington longitude of the middle of each column, (column,), degrees."""
        return np.asarray((np.arange(self.columns) + 0.5) * self.step_deg, np.float64)

    @cached_property
    def sine_edges(self) -> NDArray[np.float64]:
        """Sine of the latitude of the row edges, (rows + 1,), from -1 to 1."""
        if self.latitude == "sine":
            return np.linspace(-1.0, 1.0, self.rows + 1)
        return np.sin(np.radians(np.linspace(-90.0, 90.0, self.rows + 1)))

    @cached_property
    def latitude_deg(self) -> Degrees:
        """Latitude of the middle of each row (in sine latitude, or in latitude), degrees."""
        if self.latitude == "sine":
            return np.degrees(np.arcsin((self.sine_edges[1:] + self.sine_edges[:-1]) / 2))
        return (np.arange(self.rows) + 0.5) * 180.0 / self.rows - 90.0

    @cached_property
    def area(self) -> Map:
        """Fraction of the sphere that each cell covers, (row, 1); a column sums to 1 / columns."""
        return np.diff(self.sine_edges)[:, None] / (2 * self.columns)


def resample(values: Map, given: CarringtonGrid, wanted: CarringtonGrid) -> Map:
    """Resample a map onto another grid, weighted by the area that the cells share.

    Each new cell is the mean over its area, so the flux Σ B A is conserved.

    Raises
    ------
    ImplausibleGeometryError
        The values do not fill the given grid.
    """
    if values.shape != given.shape:
        raise ImplausibleGeometryError(
            f"the map does not fill its grid: got {values.shape}, expected {given.shape}"
        )
    rows = _overlap(given.sine_edges, wanted.sine_edges)
    columns = _overlap(_turns(given), _turns(wanted))
    return np.asarray(rows @ values @ columns.T)


def shift_longitude(values: Map, degrees: float | Degrees) -> Map:
    """Shift a map, or each of its rows by its own angle, towards greater longitude.

    Piecewise parabolic reconstruction (Colella & Woodward 1984, J. Comput. Phys. 54, 174, Sect. 1,
    without their limiter): each row keeps its flux, and a hundred shifts hardly smooth the map.
    Shifts by whole cells are exact.

    Parameters
    ----------
    values
        Map, (row, column).
    degrees
        Shift in longitude: one for all rows, or (row,).
    """
    rows, columns = values.shape
    cells = np.broadcast_to(np.asarray(degrees, np.float64) * columns / 360.0, (rows,))[:, None]
    whole = np.floor(cells).astype(np.int64)
    moved = np.take_along_axis(values, (np.arange(columns) - whole) % columns, axis=1)
    leaving = _beyond(moved, cells - whole)
    return moved - leaving + np.roll(leaving, 1, axis=1)


def _beyond(values: Map, part: Map) -> Map:
    """Integral over the last `part` of each cell, which moves on to the next cell."""
    before, after = np.roll(values, 1, axis=1), np.roll(values, -1, axis=1)
    left = (7 * (before + values) - np.roll(values, 2, axis=1) - after) / 12
    right = np.roll(left, -1, axis=1)
    bulge = 6 * values - 3 * (left + right)
    return np.asarray(part * (right - part / 2 * (right - left - (1 - 2 * part / 3) * bulge)))


def _turns(grid: CarringtonGrid) -> NDArray[np.float64]:
    return np.linspace(0.0, 1.0, grid.columns + 1)


def _overlap(given: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fraction of each target interval that each given one covers, (target, given)."""
    upper = np.minimum(wanted[1:, None], given[None, 1:])
    lower = np.maximum(wanted[:-1, None], given[None, :-1])
    return np.asarray(np.maximum(upper - lower, 0.0) / np.diff(wanted)[:, None])
