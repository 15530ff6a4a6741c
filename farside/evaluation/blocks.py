"""Boxes and block averages of images, with lengths in the papers' pixels.

Images are (y, x) on one :class:`~farside.sun.grid.Grid`; off-disk and NaN pixels are excluded.
Paper pixels are those of a grid with a solar radius of 450 pixels: 8 of them are about one degree
at disk centre.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farside.sun.grid import Geometry, Grid, Image

PAPER_DISK_RADIUS_PX = 450.0
"""Solar radius on the grid of Jeong et al. (2022), pixels."""

Box = tuple[slice, slice]
"""Rows and columns of a part of the grid."""

WHOLE: Box = (slice(None), slice(None))

Values = NDArray[np.float64]


def paper_block_px(paper_px: float, grid: Grid) -> int | None:
    """Side of a block in pixels of `grid`, from paper pixels; None if not a whole number.

    A side within 5 % of a whole number is rounded to it.
    """
    side = paper_px * grid.disk_radius_px / PAPER_DISK_RADIUS_PX
    whole = round(side)
    return whole if whole >= 1 and abs(side - whole) <= 0.05 * side else None


def block_means(image: Image, grid: Grid, pixels: int, box: Box = WHOLE) -> Image:
    """Mean of an image in square blocks (y, x), NaN where a block is not wholly on the disk.

    This is the papers' "8×8 binning"; the blocks are centred in the box, and a remainder at its
    edges is excluded.

    Raises
    ------
    ValueError
        The image is not on the grid. This holds for all measures.
    """
    inside = masked(image, grid)[box]
    (row, rows), (column, columns) = (_blocks_along(side, pixels) for side in inside.shape)
    kept = inside[row : row + rows * pixels, column : column + columns * pixels]
    blocks: Image = kept.reshape(rows, pixels, columns, pixels).mean(axis=1).mean(axis=-1)
    return blocks


def common_blocks(
    generated: Image, truth: Image, grid: Grid, pixels: int, box: Box
) -> tuple[Values, Values]:
    """Block means of both images, for the blocks in which both have a value."""
    made, true = (block_means(image, grid, pixels, box) for image in (generated, truth))
    both = np.isfinite(made) & np.isfinite(true)
    return made[both].astype(np.float64), true[both].astype(np.float64)


def masked(image: Image, grid: Geometry) -> Image:
    """Image with NaN off the disk, (y, x)."""
    if image.shape != (grid.size_px, grid.size_px):
        raise ValueError(f"image must fill its grid, got {image.shape}, expected {grid.size_px}²")
    return np.where(grid.on_disk(), image, np.float32(np.nan))


def _blocks_along(side_px: int, pixels: int) -> tuple[int, int]:
    """First pixel and number of centred blocks along a side."""
    return side_px % pixels // 2, side_px // pixels
