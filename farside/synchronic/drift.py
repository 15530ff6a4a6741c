"""Differential rotation of a synoptic map: each longitude from when it was seen to one time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from farside.sun.angles import wrap_deg
from farside.sun.carrington_grid import CarringtonGrid, Degrees, Map
from farside.sun.heliographic import differential_rotation_deg_per_day
from farside.synchronic.map import BaseMap

ITERATIONS = 8
"""Number of iterations for the place of origin. Between two neighbouring longitudes of a synoptic
map the drift differs by at most 0.29 of a cell, at the poles: each iteration is nearer by that."""

EDGE_DAYS = 1.0
"""Step in age between two columns that marks the edge of a map, where two passages meet."""


def synchronised(base: BaseMap) -> BaseMap:
    """Move every cell of a synoptic map to where differential rotation had taken it by its time.

    A synoptic map has each longitude where it was when it was seen, `age_days` before its time:
    over a rotation the equator drifts by +6° and latitude 60° by -65° of Carrington longitude.
    Where two parts of the map arrive at one place, the younger is taken; a place at which none
    arrives is NaN. A map that is synchronic is returned as it is.
    """
    if base.synchronic:
        return base
    place, found = _origin_deg(base)
    nearest = _nearest(base.grid, place)

    def moved(values: Map) -> Map:
        return np.where(found, _interpolated(values, base, place), np.nan)

    return replace(
        base,
        field_gauss=moved(base.field_gauss),
        sigma_gauss=None if base.sigma_gauss is None else moved(base.sigma_gauss),
        age_days=np.where(found, np.take_along_axis(base.age_days, nearest, axis=1), 0.0),
        synchronic=True,
    )


def _origin_deg(base: BaseMap) -> tuple[Degrees, NDArray[np.bool_]]:
    """Longitude at which the surface of each cell was seen, and whether the map shows it there."""
    grid = base.grid
    rate = differential_rotation_deg_per_day(grid.latitude_deg)[:, None]
    here = np.broadcast_to(grid.longitude_deg, grid.shape)
    place, youngest = here.copy(), np.full(grid.shape, np.inf)
    for first_days in (base.age_days.min(), base.age_days.max()):
        age = np.full(grid.shape, first_days)
        for _ in range(ITERATIONS):
            origin = here - rate * age
            age = np.take_along_axis(base.age_days, _nearest(grid, origin), axis=1)
        # At the edge of a map, where ages jump, the iteration may end nowhere.
        arrives = np.abs(wrap_deg(origin + rate * age - here)) < grid.step_deg / 2
        better = arrives & (age < youngest)
        place, youngest = np.where(better, origin, place), np.where(better, age, youngest)
    return place, np.isfinite(youngest)


def _nearest(grid: CarringtonGrid, longitude_deg: Degrees) -> NDArray[np.intp]:
    """Column in which each longitude lies."""
    return np.floor(longitude_deg % 360 / grid.step_deg).astype(np.intp) % grid.columns


def _interpolated(values: Map, base: BaseMap, longitude_deg: Degrees) -> Map:
    """Values at longitudes of each row, linear between columns, but not across the map's edge."""
    position = longitude_deg / base.grid.step_deg - 0.5
    west = np.floor(position).astype(np.intp)
    part = position - west

    def beside(plane: Map) -> tuple[Map, Map]:
        return (
            np.take_along_axis(plane, west % base.grid.columns, axis=1),
            np.take_along_axis(plane, (west + 1) % base.grid.columns, axis=1),
        )

    low_days, high_days = beside(base.age_days)
    part = np.where(np.abs(high_days - low_days) < EDGE_DAYS, part, np.rint(part))
    low, high = beside(values)
    # A missing cell does not spread to a place that takes nothing of it.
    return np.where(part <= 0, low, np.where(part >= 1, high, low + part * (high - low)))
