"""Simulated sunspot drawings with the EUV images and magnetogram of the same time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

import farside.simulation
from farside.simulation.drawings.drawing import draw_on_grid
from farside.simulation.drawings.styles import DRAWING_STYLES
from farside.simulation.instruments.registered import render_view
from farside.simulation.sun import SimulatedSun
from farside.sun.grid import Grid
from farside.sun.observer import earth
from training.data.campaign import date_at
from training.data.planes import PlaneSample, StoreDescription, write
from training.data.simulated import lattice_for

PLANES = ("DRAWING WHITE", "AIA 304", "AIA 193", "AIA 171", "HMI LOS")


@dataclass(frozen=True)
class Drawings:
    """Settings of a store of drawings.

    Attributes
    ----------
    grid
        Grid of all planes.
    first_seed, seeds
        First seed and number of the suns.
    dates
        Number of dates per Sun, drawn between those of the campaigns.
    """

    grid: Grid
    first_seed: int
    seeds: int
    dates: int = 12


def simulate_drawings(store: Path, plan: Drawings, processes: int = 0) -> int:
    """Render drawings into a new or unfinished store; return the number of its samples.

    Raises
    ------
    StoreError
        The store exists with other settings.
    """
    description = StoreDescription(
        planes=PLANES,
        command="drawings",
        seeds=tuple(range(plan.first_seed, plan.first_seed + plan.seeds)),
        simulation=farside.simulation.VERSION,
        settings={
            "dates": plan.dates,
            "size_px": plan.grid.size_px,
            "disk_radius_px": plan.grid.disk_radius_px,
            "mask_radius": plan.grid.mask_radius,
        },
    )
    return write(store, description, partial(drawing_samples, plan=plan), processes)


def drawing_samples(seed: int, plan: Drawings) -> Iterator[PlaneSample]:
    """Yield samples of one Sun with the planes :data:`PLANES`, each in a random drawing style."""
    rng = np.random.default_rng([seed, 1612])
    sun, hands, lattice = SimulatedSun(seed), list(DRAWING_STYLES.values()), lattice_for(plan.grid)
    for share in rng.uniform(size=plan.dates):
        time = date_at(share)
        hand = hands[rng.integers(len(hands))]
        drawn = draw_on_grid(sun, time, hand, plan.grid, rng)
        seen = render_view(sun.at(time, lattice), earth(time), "SDO", plan.grid, rng)
        yield PlaneSample(time.isot, [drawn, *seen])
