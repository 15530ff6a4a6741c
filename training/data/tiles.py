"""Tiles of simulated HMI frames in native pixels: what the denoisers learn from."""

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
from training.data.planes import About, Shown, write

PLANES = ("HMI LOS", "HMI LOS mean", "HMI LOS truth")
"""A frame, the mean of the series around it, and the field without noise."""

OUTERMOST_RADII = 0.97
"""How far from disk centre the middles of tiles are: there is some sky in the outermost."""


@dataclass(frozen=True)
class Tiles:
    """Which tiles a store holds.

    Attributes
    ----------
    first_seed, seeds
        The suns.
    dates
        Of each Sun, drawn between those of the campaigns.
    tiles
        Of each date: as many middles lie in equal areas of the disk.
    side_px
        Of each.
    """

    first_seed: int
    seeds: int
    dates: int = 3
    tiles: int = 16
    side_px: int = 128


def simulate_tiles(store: Path, plan: Tiles, processes: int = 0) -> int:
    """Render tiles into a store, or go on with one that was begun; the number of its samples.

    Raises
    ------
    StoreError
        There is a store of other contents.
    """
    about = About(
        planes=PLANES,
        command="tiles",
        seeds=tuple(range(plan.first_seed, plan.first_seed + plan.seeds)),
        simulation=farside.simulation.VERSION,
        settings={"dates": plan.dates, "tiles": plan.tiles, "side_px": plan.side_px},
    )
    return write(store, about, partial(show_tiles, plan=plan), processes)


def show_tiles(seed: int, plan: Tiles) -> Iterator[Shown]:
    """The tiles of one Sun, with the planes :data:`PLANES`."""
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
            yield Shown(surface.time.isot, [image[inner] for image in images])
