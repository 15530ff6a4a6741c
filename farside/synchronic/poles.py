"""Filling of polar caps that no disk shows well."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farside.sun.carrington_grid import CarringtonGrid, Map

ORDER, FITTED_FROM_DEG, FILLED_FROM_DEG = 7, 65.0, 75.0
"""Order of the polynomial in the two coordinates of a polar projection, and the latitudes from
which it is fitted to the cap and fills it: Sun (2018), arXiv:1801.04265, Sect. 1."""

STIFFNESS = 1e-3
"""Ridge penalty on each coefficient, times its order squared: without it the polynomial oscillates
where it was not fitted. A choice."""


def fill_poles(field_gauss: Map, trust: Map, poor: NDArray[np.bool_], grid: CarringtonGrid) -> Map:
    """Replace poorly known polar cells by a smooth field fitted to the rest of the cap.

    Parameters
    ----------
    field_gauss
        Radial field, (row, column).
    trust
        Weight of each cell in the fit; 0 leaves it out. A cap without weight is not changed.
    poor
        Cells that may be filled; only those poleward of 75° are.
    """
    filled = field_gauss.copy()
    for sign in (-1, 1):
        rows = np.flatnonzero(sign * grid.latitude_deg >= FITTED_FROM_DEG)
        weight = (trust * grid.area)[rows]
        if weight.any():
            cap = _smooth(field_gauss[rows], weight, _terms(grid, rows))
            polar = poor[rows] & (np.abs(grid.latitude_deg[rows])[:, None] >= FILLED_FROM_DEG)
            filled[rows] = np.where(polar, cap, field_gauss[rows])
    return filled


def _terms(grid: CarringtonGrid, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Terms xⁱ yʲ in units of the cap's radius, (row, column, term), by rising order."""
    radius = (90 - np.abs(grid.latitude_deg[rows]))[:, None] / (90 - FITTED_FROM_DEG)
    longitude = np.radians(grid.longitude_deg)
    x, y = radius * np.cos(longitude), radius * np.sin(longitude)
    return np.stack([x**i * y**j for i, j in _POWERS], axis=-1)


_POWERS = [(order - j, j) for order in range(ORDER + 1) for j in range(order + 1)]


def _smooth(field: Map, weight: Map, terms: NDArray[np.float64]) -> Map:
    """Weighted least squares with a ridge penalty that grows with the order of a term."""
    known = weight > 0
    a, w = terms[known], weight[known] / weight[known].sum()
    stiffness = STIFFNESS * np.diag([float(i + j) ** 2 for i, j in _POWERS])
    normal = a.T @ (w[:, None] * a) + stiffness
    return np.asarray(terms @ np.linalg.solve(normal, a.T @ (w * field[known])))
