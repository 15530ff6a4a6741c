"""Geometry planes: network inputs computed from the view and the age of the reference."""

from __future__ import annotations

import numpy as np

from farside.model.recipe import Geometry
from farside.sun.grid import Grid, Image
from farside.sun.heliographic import foreshortening, sine_of_latitude
from farside.sun.observer import Observer
from farside.sun.reference_epoch import SYNODIC_PERIOD_DAYS

EQUATOR_WIDTH = np.float32(0.05)
"""Sine of the latitude over which the hemisphere changes from -1 to 1. A choice."""


def geometry_plane(
    quantity: Geometry, grid: Grid, observer: Observer, reference_age_days: float | None
) -> Image:
    """Compute one plane (y, x), 0 off the disk.

    "sine of latitude" is sin λ, heliographic, and "hemisphere" is tanh(sin λ / 0.05). "west" is the
    distance west of the central meridian in disk radii, "mu" the cosine of the heliocentric angle.
    "reference age" is constant: synodic rotations of 27.3 days, 0 without a reference.
    """
    plane = _everywhere(quantity, grid, observer, reference_age_days or 0.0)
    return np.where(grid.on_disk(), plane, np.float32(0))


def _everywhere(quantity: Geometry, grid: Grid, observer: Observer, age_days: float) -> Image:
    shape = grid.size_px, grid.size_px
    match quantity:
        case "sine of latitude":
            return sine_of_latitude(grid, observer)
        case "hemisphere":
            hemisphere: Image = np.tanh(sine_of_latitude(grid, observer) / EQUATOR_WIDTH)
            return hemisphere
        case "west":
            index = np.arange(grid.size_px, dtype=np.float32) - np.float32(grid.centre_px)
            return np.broadcast_to(index / np.float32(grid.disk_radius_px), shape)
        case "mu":
            return foreshortening(grid, observer)
        case "reference age":
            return np.full(shape, age_days / SYNODIC_PERIOD_DAYS, np.float32)
