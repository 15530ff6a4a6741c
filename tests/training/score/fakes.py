"""Small cases made by hand: two suns on the smallest grid with one-degree blocks."""

from __future__ import annotations

from dataclasses import dataclass

import astropy.units as u
import numpy as np
from astropy.time import Time

from farside.disk.registration import Disk
from farside.magnetogram.stack import Stack
from farside.magnetogram.uncertainty import Mask
from farside.observation.image import Origin
from farside.quality import Quality
from farside.sun.angles import wrap_deg
from farside.sun.grid import Grid, Image
from farside.sun.heliographic import SurfacePoints, lines_of_sight, trace
from farside.sun.observer import Observer, View
from tests.support.small_model import RECIPE
from training.score.cases import Case, CaseLabel
from training.score.predictions import Predictions

GRID = Grid(128, 56.25)
SMALL = RECIPE.model_copy(update={"grid": GRID})
TIME = Time("2024-06-20T00:00:00")
EARTH = Observer(0.0, 0.0, 1.5e11)
SPACECRAFT = Observer(120.0, 0.0, 1.5e11)
DISK: Mask = GRID.on_disk()


def points(view: View) -> SurfacePoints:
    return trace(*lines_of_sight(GRID, view.observer), view.observer, view.time)


def spot(longitude_deg: float, latitude_deg: float, view: View, gauss: float) -> Image:
    """A Gaussian of 2 degrees at a Carrington place."""
    seen = points(view)
    east = wrap_deg(seen.longitude_deg - longitude_deg)
    away = np.hypot(east * np.cos(np.radians(latitude_deg)), seen.latitude_deg - latitude_deg)
    return np.where(DISK, gauss * np.exp(-((away / 2) ** 2) / 2), np.nan).astype(np.float32)


def noise(seed: int, sigma_gauss: float = 10.0) -> Image:
    field = np.random.default_rng(seed).normal(0, sigma_gauss, DISK.shape)
    return np.where(DISK, field, np.nan).astype(np.float32)


def case(seed: int | None, age_days: float, truth: Image, reference: Image | None = None) -> Case:
    """A case of :data:`SMALL`; without a reference, one of the truth."""
    then = TIME - age_days * u.day
    field = truth if reference is None else reference
    euv = np.where(DISK, 1 + np.abs(truth) / 100, np.nan).astype(np.float32)
    disks = (
        Disk(euv, GRID, Origin("EUVI-A", "195", TIME, SPACECRAFT, "", "")),
        Disk(field, GRID, Origin("HMI", "LOS", then, EARTH, "", "")),
    )
    stack = Stack(disks, TIME, SPACECRAFT, "STEREO_A", Quality.GOOD)
    return Case(CaseLabel(seed, TIME, age_days), stack, disks[1], truth)


def predictions(model: Image, persistence: Image, seen: Mask = DISK) -> Predictions:
    return Predictions(model, persistence, seen, {})


@dataclass(frozen=True)
class HandMade:
    """Cases in memory."""

    cases: tuple[Case, ...]
    simulation: int | None = None
    name: str = "hand-made"
    grid: Grid = GRID

    @property
    def labels(self) -> tuple[CaseLabel, ...]:
        return tuple(each.label for each in self.cases)

    def __getitem__(self, index: int) -> Case:
        return self.cases[index]
