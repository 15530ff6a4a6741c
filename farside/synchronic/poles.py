"""The polar caps of a map, where no disk shows them well."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farside.sun.carrington_grid import CarringtonGrid, Map

ORDER, FITTED_FROM_DEG, FILLED_FROM_DEG = 7, 65.0, 75.0
"""A polynomial of the two coordinates of a polar projection, fitted to the field of the cap and put
where its pole is not well seen: Sun (2018), arXiv:1801.04265, Sect. 1."""

STIFFNESS = 1e-3
"""How much a polynomial is held back for each order: without it, it swings where it was not fitted.
A choice."""


def fill_poles(field_gauss: Map, trust: Map, poor: NDArray[np.bool_], grid: CarringtonGrid) -> Map:
    """Put a smooth field where a pole is poorly known.

    Parameters
    ----------
    trust
        Weight of each cell in the fit; 0 is left out. A cap without any keeps what it has.
    poor
        Which cells may be filled; only those poleward of 75° are.
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
    """xⁱ yʲ in units of the cap's radius, (row, column, term), by rising order."""
    radius = (90 - np.abs(grid.latitude_deg[rows]))[:, None] / (90 - FITTED_FROM_DEG)
    longitude = np.radians(grid.longitude_deg)
    x, y = radius * np.cos(longitude), radius * np.sin(longitude)
    return np.stack([x**i * y**j for i, j in _POWERS], axis=-1)


_POWERS = [(order - j, j) for order in range(ORDER + 1) for j in range(order + 1)]


def _smooth(field: Map, weight: Map, terms: NDArray[np.float64]) -> Map:
    """Weighted least squares; the higher a term's order, the more its coefficient is held back."""
    known = weight > 0
    a, w = terms[known], weight[known] / weight[known].sum()
    stiffness = STIFFNESS * np.diag([float(i + j) ** 2 for i, j in _POWERS])
    normal = a.T @ (w[:, None] * a) + stiffness
    return np.asarray(terms @ np.linalg.solve(normal, a.T @ (w * field[known])))
