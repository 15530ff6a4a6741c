"""Parts and blocks of an image on its grid, in the papers' pixels.

Images are (y, x) on one :class:`~farside.sun.grid.Grid`; a pixel off the disk, or NaN, does not
count. Lengths in paper pixels are those of the papers' grid, where the solar radius is 450 pixels:
8 of them are about one degree at disk centre.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farside.sun.grid import Geometry, Grid, Image

PAPER_DISK_RADIUS_PX = 450.0
"""Solar radius on the grid of Jeong et al. (2022)."""

Box = tuple[slice, slice]
"""Rows and columns of a part of the grid."""

WHOLE: Box = (slice(None), slice(None))

Values = NDArray[np.float64]


def paper_block_px(paper_px: float, grid: Grid) -> int | None:
    """Convert a block's side from paper pixels; None where it is no whole number of pixels.

    A side within 5 % of a whole number is rounded to it.
    """
    side = paper_px * grid.disk_radius_px / PAPER_DISK_RADIUS_PX
    whole = round(side)
    return whole if whole >= 1 and abs(side - whole) <= 0.05 * side else None


def binned(image: Image, grid: Grid, pixels: int, box: Box = WHOLE) -> Image:
    """Means of square blocks, NaN where a block is not wholly on the disk.

    Blocks are those of the papers' "8×8 binning"; what they leave over of the box is left out at
    its edges.

    Raises
    ------
    ValueError
        The image is not on the grid; so for all measures.
    """
    inside = masked(image, grid)[box]
    (row, rows), (column, columns) = (_blocks_along(side, pixels) for side in inside.shape)
    kept = inside[row : row + rows * pixels, column : column + columns * pixels]
    blocks: Image = kept.reshape(rows, pixels, columns, pixels).mean(axis=1).mean(axis=-1)
    return blocks


def in_common(
    generated: Image, truth: Image, grid: Grid, pixels: int, box: Box
) -> tuple[Values, Values]:
    """The binned values of both images where both have one."""
    made, true = (binned(image, grid, pixels, box) for image in (generated, truth))
    both = np.isfinite(made) & np.isfinite(true)
    return made[both].astype(np.float64), true[both].astype(np.float64)


def masked(image: Image, grid: Geometry) -> Image:
    """The image with NaN off the disk."""
    if image.shape != (grid.size_px, grid.size_px):
        raise ValueError(f"image must fill its grid, got {image.shape}, expected {grid.size_px}²")
    return np.where(grid.on_disk(), image, np.float32(np.nan))


def _blocks_along(side_px: int, pixels: int) -> tuple[int, int]:
    """First pixel and number of the blocks that fit, centred."""
    return side_px % pixels // 2, side_px // pixels
