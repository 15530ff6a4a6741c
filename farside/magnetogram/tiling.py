"""Tiled inference on images larger than the network input, blended without seams."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from farside.model.engine import Engine, Model, Tensor
from farside.model.recipe import NativeTiling
from farside.progress import Progress, no_progress
from farside.sun.grid import Image

MIN_WEIGHT = np.float32(1e-6)
"""Minimum weight at the edge of a tile: at the edge of the image no other tile contributes."""


def infer_in_tiles(
    engine: Engine,
    model: Model,
    image: Tensor,
    tiling: NativeTiling,
    progress: Progress = no_progress,
) -> Tensor:
    """Run a network in tiles on an image (1, channel, y, x) of any size → (1, output, y, x).

    In the middle half of an overlap the weights of the two tiles change linearly; in its outer
    quarters only the tile whose edge is further away counts. All-zero tiles are skipped: their
    output is 0.

    Raises
    ------
    EngineError
        Inference failed.
    """
    _, _, height, width = image.shape
    answer = np.zeros((1, len(model.recipe.outputs), height, width), np.float32)
    total = np.zeros((height, width), np.float32)
    weight = _weight(tiling)
    places = [(y, x) for y in _starts(height, tiling) for x in _starts(width, tiling)]
    for done, (y, x) in enumerate(places, start=1):
        window = np.s_[y : y + tiling.tile_px, x : x + tiling.tile_px]
        given = image[..., *window]
        total[window] += weight
        if given.any():
            tile = engine.buffer(model.handle, 1)
            tile[:] = given
            answer[..., *window] += weight * engine.infer(model.handle, tile)
        progress(done, len(places))
    answer /= total
    return answer


def _starts(length: int, tiling: NativeTiling) -> Iterator[int]:
    """First pixels of the tiles along one side; the last tile ends with the image."""
    step, last = tiling.tile_px - tiling.overlap_px, length - tiling.tile_px
    yield from range(0, last, step)
    yield last


def _weight(tiling: NativeTiling) -> Image:
    """Blending weight of a tile (y, x): 1 in its interior, near 0 in the outer overlap quarter.

    The output of a network is least accurate near the edges of its input.
    """
    index = np.arange(tiling.tile_px, dtype=np.float32) + np.float32(0.5)
    inward = np.minimum(index, index[::-1]) - np.float32(tiling.overlap_px / 4)
    ramp = np.clip(inward / np.float32(max(tiling.overlap_px / 2, 1)), MIN_WEIGHT, np.float32(1))
    weight: Image = np.outer(ramp, ramp)
    return weight
