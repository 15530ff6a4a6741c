"""Training tiles for denoisers: simulated HMI frames in native pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

import farside.simulation
from farside.denoising.derotation import MARGIN_PX
from farside.simulation.instruments.hmi_series import FRAMES, tile
from farside.simulation.sun import SimulatedSun
from training.data.campaign import date_at
from training.data.planes import PlaneSample, StoreDescription, write

PLANES = ("HMI LOS", "HMI LOS mean", "HMI LOS truth")
"""Names of the planes: a frame, the mean of the series around it, the noise-free field."""

OUTERMOST_RADII = 0.97
"""Greatest distance of a tile's centre from disk centre; the outermost show some sky."""


@dataclass(frozen=True)
class Tiles:
    """Settings of a store of tiles.

    Attributes
    ----------
    first_seed, seeds
        First seed and number of the suns.
    dates
        Number of dates per Sun, drawn between those of the campaigns.
    tiles
        Number of tiles per date, their centres uniform over the disk's area.
    side_px
        Side of a tile.
    """

    first_seed: int
    seeds: int
    dates: int = 3
    tiles: int = 16
    side_px: int = 128


def simulate_tiles(store: Path, plan: Tiles, processes: int = 0) -> int:
    """Render tiles into a new or unfinished store; return the number of its samples.

    Raises
    ------
    StoreError
        The store exists with other settings.
    """
    description = StoreDescription(
        planes=PLANES,
        command="tiles",
        seeds=tuple(range(plan.first_seed, plan.first_seed + plan.seeds)),
        simulation=farside.simulation.VERSION,
        settings={"dates": plan.dates, "tiles": plan.tiles, "side_px": plan.side_px},
    )
    return write(store, description, partial(tile_samples, plan=plan), processes)


def tile_samples(seed: int, plan: Tiles) -> Iterator[PlaneSample]:
    """Yield the tiles of one Sun with the planes :data:`PLANES`."""
    rng = np.random.default_rng([seed, 45])
    sun = SimulatedSun(seed)
    for share in rng.uniform(size=plan.dates):
        surface = sun.at(date_at(share))
        for _ in range(plan.tiles):
            radius = OUTERMOST_RADII * np.sqrt(rng.uniform())
            angle = rng.uniform(0, 2 * np.pi)
            centre = float(radius * np.cos(angle)), float(radius * np.sin(angle))
            seen = tile(surface, centre, plan.side_px + 2 * MARGIN_PX, rng)
            inner = np.s_[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]
            images = seen.frames[FRAMES // 2], seen.mean(), seen.truth
            yield PlaneSample(surface.time.isot, [image[inner] for image in images])
