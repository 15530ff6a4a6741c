"""Observation + Grid → Disk: solar north up, Sun centred, fixed radius, masked."""

from __future__ import annotations

from dataclasses import dataclass

from farside.grid import Grid, Image
from farside.observation import Observation, Origin


@dataclass(frozen=True, eq=False)
class Disk:
    """A registered image: float32 (y, x) on `grid`, row 0 south, NaN outside the mask."""

    image: Image
    grid: Grid
    origin: Origin


def register(observation: Observation, grid: Grid) -> Disk:
    raise NotImplementedError
