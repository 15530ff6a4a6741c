"""Accuracy and run time of tiled denoising.

``python -m benchmarks.tiles MODEL.safetensors`` restores a part of a simulated frame in one piece
and in tiles of several sizes and overlaps, and compares the results.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

from farside.magnetogram.tiling import infer_in_tiles
from farside.model import checkpoint
from farside.model.checkpoint import Checkpoint
from farside.model.engine import Tensor
from farside.model.engines.torch import TorchEngine
from farside.model.recipe import NativeTiling
from farside.simulation.instruments.hmi_series import tile
from farside.simulation.sun import SimulatedSun
from farside.sun.grid import Image

SIDE_PX, PLACE = 1536, (0.75, 0.0)
"""Side of the part, and its centre in solar radii: from near disk centre to beyond the limb."""

DISK_PX = 4096
TILINGS = ((256, 64), (512, 0), (512, 32), (512, 64), (512, 96), (512, 128))
"""Side and overlap of tiles, pixels."""

SEAM_PX = 8
"""Half width of the seam at a tile's edge, pixels."""


def tiling(tile_px: int, overlap_px: int) -> NativeTiling:
    return NativeTiling(tile_px=tile_px, overlap_px=overlap_px, pixel_arcsec=0.504, mask_radius=1.0)


def restored(file: Checkpoint, image: Tensor, of: NativeTiling) -> tuple[Tensor, float]:
    """Restored field in gauss, and CPU time in seconds."""
    recipe = file.recipe.model_copy(update={"grid": of})
    engine = TorchEngine({recipe.name: file._replace(recipe=recipe)})
    start = time.process_time()
    answer = infer_in_tiles(engine, engine.models()[recipe.name], image, of)
    return answer[0, 0] * recipe.field.scaling.scale, time.process_time() - start


def starts(length: int, of: NativeTiling) -> Sequence[int]:
    step = of.tile_px - of.overlap_px
    return [*range(0, length - of.tile_px, step), length - of.tile_px]


def seams(length: int, of: NativeTiling) -> NDArray[np.bool_]:
    """Mask of the pixels along a side that lie at a tile's edge, except the image's own edges."""
    first = [each for each in starts(length, of) if each > 0]
    last = [each + of.tile_px for each in starts(length, of) if each + of.tile_px < length]
    index = np.arange(length)
    at_edge: NDArray[np.bool_] = np.zeros(length, bool)
    for edge in (*first, *last):
        at_edge |= np.abs(index - edge) <= SEAM_PX
    return at_edge


def frame() -> Image:
    """Simulated frame, gauss, NaN off the disk, (y, x)."""
    surface = SimulatedSun(0).at(Time("2013-11-01"))
    seen = tile(surface, PLACE, SIDE_PX, np.random.default_rng(0), count=1)
    return np.asarray(seen.frames[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    file, field = checkpoint.read(parser.parse_args().model), frame()
    on_disk = np.isfinite(field)
    image = np.nan_to_num(field)[None, None] / np.float32(file.recipe.field.scaling.scale)
    whole, seconds = restored(file, image, tiling(SIDE_PX, 0))
    print(f"a part of {SIDE_PX} px; whole: {seconds:.1f} s of a processor")
    print("tile overlap | tiles of a disk | seconds | RMS from the whole, G: seams  inside | most")
    for tile_px, overlap_px in TILINGS:
        of = tiling(tile_px, overlap_px)
        answer, seconds = restored(file, image, of)
        line = seams(SIDE_PX, of)
        at_seams = line[:, None] | line[None, :]
        apart = answer - whole
        rms = [
            float(np.sqrt(np.mean(apart[on_disk & where] ** 2))) for where in (at_seams, ~at_seams)
        ]
        count = len(starts(DISK_PX, of)) ** 2
        print(
            f"{tile_px:4d} {overlap_px:7d} | {count:15d} | {seconds:7.1f} | {rms[0]:26.4f}  "
            f"{rms[1]:.4f} | {np.abs(apart[on_disk]).max():.3f}"
        )


if __name__ == "__main__":
    main()
