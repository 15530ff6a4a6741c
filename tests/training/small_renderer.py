"""Suns that cost nothing: a fixed pattern on the Carrington sphere, seen in true geometry."""

from __future__ import annotations

from typing import Literal

import numpy as np
from astropy.time import Time

from farside.simulation.grid import COARSE, Lattice
from farside.simulation.sun import SimulatedSun, Surface
from farside.sun.grid import Grid, Image
from farside.sun.heliographic import lines_of_sight, trace
from farside.sun.observer import Observer
from training.data.simulated import Renderer

NOTHING = np.zeros((1, 1), np.float32)


class FixedSun(SimulatedSun):
    """Its surface is its seed's pattern at all times."""

    def at(self, time: Time, lattice: Lattice = COARSE) -> Surface:
        return Surface(self, time, lattice, NOTHING, NOTHING)


def see_pattern(
    surface: Surface,
    observer: Observer,
    instrument: Literal["EUVI", "SDO"],
    grid: Grid,
    rng: np.random.Generator,
) -> Image:
    """EUV that follows the unsigned pattern, and the pattern in gauss with noise."""
    points = trace(*lines_of_sight(grid, observer), observer, surface.time)
    west, north = np.radians(points.longitude_deg), np.radians(points.latitude_deg)
    phase = surface.sun.seed
    wave = np.sin(4 * west + phase) * np.cos(2 * north) + np.sin(west - phase)
    field = 300 * wave * points.mu + rng.normal(0, 1, wave.shape)
    euv = [(1 + wave**2) * gain for gain in (1.0, 2.0, 3.0)]
    return np.where(grid.on_disk(), np.stack([*euv, field]), 0).astype(np.float32)


def see_nothing(
    surface: Surface,
    observer: Observer,
    instrument: Literal["EUVI", "SDO"],
    grid: Grid,
    rng: np.random.Generator,
) -> Image:
    """A broken detector."""
    return np.full((4, grid.size_px, grid.size_px), np.nan, np.float32)


SMALL_RENDERER = Renderer(FixedSun, see_pattern, version=1)
DARK_RENDERER = Renderer(FixedSun, see_nothing, version=1)
