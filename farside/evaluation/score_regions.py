"""Active and quiet regions for scoring a magnetogram (Jeong et al. 2022, Sect. 3.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np

from farside.evaluation.blocks import PAPER_DISK_RADIUS_PX, Box
from farside.evaluation.flux import unsigned_flux_mx
from farside.sun.grid import Grid, Image

SIDE_PAPER_PX = 128
STEP_PAPER_PX = 64

MAX_DISTANCE_DEG = 60.0
"""Maximum heliocentric angle of a region's corners, degrees."""

ACTIVE_FLUX_MX = 5e21

MAX_ACTIVE = 3
MAX_QUIET = 2


@dataclass(frozen=True)
class Patch:
    """Square box of the grid that is an active or a quiet region.

    Attributes
    ----------
    kind
        Active region (AR) or quiet region (QR).
    row, column
        0-based index of the south-east pixel.
    side_px
        Number of rows and of columns.
    unsigned_flux_mx
        TUMF of the truth in the box, maxwell.
    """

    kind: Literal["AR", "QR"]
    row: int
    column: int
    side_px: int
    unsigned_flux_mx: float

    @property
    def box(self) -> Box:
        """Slices of rows and columns, to index an image."""
        return (
            slice(self.row, self.row + self.side_px),
            slice(self.column, self.column + self.side_px),
        )

    def overlaps(self, other: Patch) -> bool:
        """Whether two patches share a pixel."""
        reach = (self.side_px + other.side_px) / 2
        rows, columns = _middle(self) - _middle(other)
        return bool(abs(rows) < reach and abs(columns) < reach)


def select_patches(truth: Image, grid: Grid, threshold_gauss: float = 0.0) -> tuple[Patch, ...]:
    """Select up to three active and two quiet regions on the true magnetogram.

    Boxes of 128 paper pixels a side are centred on a lattice of 64 paper pixels through disk
    centre. A box qualifies if it lies wholly within 60° of disk centre and has no missing pixel. It
    is active if its TUMF is above 5e21 Mx, else quiet; the active boxes of highest and the quiet
    boxes of lowest flux are selected in turn, without overlap.

    The flux is that of :func:`~farside.evaluation.flux.unsigned_flux_mx`. On a grid coarser than
    the paper's, opposite polarities cancel within a pixel: the same Sun then has fewer active
    boxes.

    Parameters
    ----------
    truth
        Field in gauss, (y, x) on `grid`.
    threshold_gauss
        Weaker field is excluded from the flux.

    Returns
    -------
    tuple of Patch
        Active regions by decreasing flux, then quiet regions by increasing flux.
    """
    candidates = [
        patch for patch in _lattice(truth, grid, threshold_gauss) if _complete(truth, patch)
    ]
    rising = sorted(candidates, key=lambda patch: patch.unsigned_flux_mx)
    active = _apart((patch for patch in reversed(rising) if patch.kind == "AR"), MAX_ACTIVE, ())
    quiet = _apart((patch for patch in rising if patch.kind == "QR"), MAX_QUIET, active)
    return active + quiet


def _lattice(truth: Image, grid: Grid, threshold_gauss: float) -> list[Patch]:
    """All boxes of the lattice within 60° of disk centre."""
    scale = grid.disk_radius_px / PAPER_DISK_RADIUS_PX
    side = round(SIDE_PAPER_PX * scale)
    reach = int(PAPER_DISK_RADIUS_PX / STEP_PAPER_PX)
    # Distances are between pixel edges: the disk centre is half a pixel off its index.
    starts = [
        round(grid.size_px / 2 + step * STEP_PAPER_PX * scale - side / 2)
        for step in range(-reach, reach + 1)
    ]
    return [
        _measure(truth, grid, row, column, side, threshold_gauss)
        for row, column in product(starts, starts)
        if _farthest_px(row, column, side, grid) <= _greatest_px(grid)
    ]


def _measure(
    truth: Image, grid: Grid, row: int, column: int, side: int, threshold_gauss: float
) -> Patch:
    box = (slice(row, row + side), slice(column, column + side))
    flux = unsigned_flux_mx(truth, grid, box, threshold_gauss)
    return Patch("AR" if flux > ACTIVE_FLUX_MX else "QR", row, column, side, flux)


def _farthest_px(row: int, column: int, side: int, grid: Grid) -> float:
    """Distance of the box's farthest corner from disk centre, pixels."""
    middle = grid.size_px / 2
    north, west = (max(abs(start - middle), abs(start + side - middle)) for start in (row, column))
    return float(np.hypot(north, west))


def _greatest_px(grid: Grid) -> float:
    return float(grid.disk_radius_px * np.sin(np.radians(MAX_DISTANCE_DEG)))


def _complete(truth: Image, patch: Patch) -> bool:
    return bool(np.isfinite(truth[patch.box]).all())


def _apart(patches: Iterable[Patch], most: int, taken: tuple[Patch, ...]) -> tuple[Patch, ...]:
    """First `most` patches that overlap neither each other nor those taken."""
    chosen: tuple[Patch, ...] = ()
    for patch in patches:
        if len(chosen) < most and not any(patch.overlaps(other) for other in taken + chosen):
            chosen += (patch,)
    return chosen


def _middle(patch: Patch) -> np.ndarray:
    return np.array([patch.row, patch.column]) + patch.side_px / 2
