"""Grids of the whole Sun in Carrington longitude, and the way between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from farside.errors import ImplausibleGeometryError

Map = NDArray[np.float64]
"""Values of the whole surface (row, column): row 0 south, Carrington longitude rising."""

Degrees = NDArray[np.float64]


@dataclass(frozen=True)
class CarringtonGrid:
    """Cells in equal steps of Carrington longitude, and of sine latitude or of latitude.

    Attributes
    ----------
    columns
        Column i holds the longitudes from ``i`` to ``i + 1`` steps: the first is centred half a
        step east of 0.
    rows
        From the south pole to the north pole.
    latitude
        ``"sine"``: cells of equal area (CEA, as GONG has them); ``"uniform"``: rows in equal steps
        of latitude (CAR, as ADAPT and WSA have them).
    """

    columns: int = 360
    rows: int = 180
    latitude: Literal["sine", "uniform"] = "sine"

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.rows, self.columns

    @property
    def step_deg(self) -> float:
        """Step in longitude."""
        return 360.0 / self.columns

    @cached_property
    def longitude_deg(self) -> Degrees:
        """Of the middle of each column."""
        return (np.arange(self.columns) + 0.5) * self.step_deg

    @cached_property
    def sine_edges(self) -> NDArray[np.float64]:
        """Sine of the latitude between the rows, from -1 to 1."""
        if self.latitude == "sine":
            return np.linspace(-1.0, 1.0, self.rows + 1)
        return np.sin(np.radians(np.linspace(-90.0, 90.0, self.rows + 1)))

    @cached_property
    def latitude_deg(self) -> Degrees:
        """Of the middle of each row: in sine latitude, or in latitude."""
        if self.latitude == "sine":
            return np.degrees(np.arcsin((self.sine_edges[1:] + self.sine_edges[:-1]) / 2))
        return (np.arange(self.rows) + 0.5) * 180.0 / self.rows - 90.0

    @cached_property
    def area(self) -> Map:
        """Part of the sphere that each cell covers, (row, 1); a whole column is 1 / columns."""
        return np.diff(self.sine_edges)[:, None] / (2 * self.columns)


def resample(values: Map, given: CarringtonGrid, wanted: CarringtonGrid) -> Map:
    """Bring a map onto another grid by the areas that the cells share.

    Each new cell is the mean over its area, so the flux Σ B A stays what it was.

    Raises
    ------
    ImplausibleGeometryError
        The values do not fill the given grid.
    """
    if values.shape != given.shape:
        raise ImplausibleGeometryError(
            f"the map does not fill its grid: got {values.shape}, wanted {given.shape}"
        )
    rows = _overlap(given.sine_edges, wanted.sine_edges)
    columns = _overlap(_turns(given), _turns(wanted))
    return np.asarray(rows @ values @ columns.T)


def turn(values: Map, degrees: float) -> Map:
    """Move a map towards greater longitude, by parts of a cell too.

    Each cell shares its flux between the two on which it comes to lie.
    """
    cells = degrees * values.shape[1] / 360.0
    whole = int(np.floor(cells))
    part = cells - whole
    moved = np.roll(values, whole, axis=1)
    return moved if part == 0 else (1 - part) * moved + part * np.roll(moved, 1, axis=1)


def _turns(grid: CarringtonGrid) -> NDArray[np.float64]:
    return np.linspace(0.0, 1.0, grid.columns + 1)


def _overlap(given: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Part of each wanted interval that each given one fills, (wanted, given); rows sum to 1."""
    upper = np.minimum(wanted[1:, None], given[None, 1:])
    lower = np.maximum(wanted[:-1, None], given[None, :-1])
    return np.maximum(upper - lower, 0.0) / np.diff(wanted)[:, None]
