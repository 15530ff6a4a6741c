"""Denoisers as they are served, on parts of a known Sun, and the blur that is as quiet as each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from farside.denoising.noise import core_width_gauss
from farside.errors import RecipeError
from farside.magnetogram.stack import Stack
from farside.model.engine import Engine, Model
from farside.model.recipe import Native
from farside.pipeline import translate
from farside.quality import Quality
from farside.simulation.instruments.hmi_series import Tile, middle_frame
from farside.sun.grid import Image
from training.data.campaign import date_at
from training.restoration.boxes import (
    Boxes,
    Figures,
    Treated,
    blurred,
    boxes,
    measured,
    middle,
    treated,
)

ONE_FRAME, MEAN, TRUTH = "one frame", "mean of 21", "truth"

SEE_PX = 64
"""Around what is measured: beyond what the demonstration denoisers look at, 35 pixels."""

BLURS_PX, HALVINGS = tuple(0.25 * step for step in range(1, 17)), 6
"""Where a blur is looked for that leaves a given noise, and how finely."""


@dataclass(frozen=True, eq=False)
class Denoiser:
    """A model for native pixels and what runs it: a treatment of tiles.

    Raises
    ------
    RecipeError
        The model works on registered disks.
    """

    model: Model
    engine: Engine

    def __post_init__(self) -> None:
        if not isinstance(self.model.recipe.grid, Native):
            raise RecipeError(
                f"{self.name} works on registered disks, expected a model for native pixels"
            )

    @property
    def name(self) -> str:
        """As tables have it."""
        return self.model.recipe.name

    @property
    def blur(self) -> str:
        """The answer that it must beat, as tables have it."""
        return f"blur as quiet as {self.name}"

    def __call__(self, seen: Tile) -> Image:
        """Restore the middle frame as the service does, in tiles; NaN off the disk."""
        stack = _stack(seen, self.model.recipe.grid.mask_radius)
        return translate(stack, self.model, self.engine).image


def _stack(seen: Tile, mask_radius: float) -> Stack:
    """What a service would be given, if the detector were no larger than the tile."""
    frame = middle_frame(seen, mask_radius)
    return Stack((), frame.origin.time, seen.observer, "SDO", Quality.GOOD, frame)


@dataclass(frozen=True)
class Scored:
    """The numbers of one Sun.

    Attributes
    ----------
    seed, day
        Which, and when.
    figures
        By answer.
    blur_px
        Of the Gaussian that is as quiet as a model, by model.
    """

    seed: int
    day: str
    figures: Mapping[str, Figures]
    blur_px: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Answered:
    """One Sun, and all that was made of it, by answer."""

    scored: Scored
    seen: Boxes
    images: Mapping[str, Treated]


def answer(seed: int, denoisers: Sequence[Denoiser]) -> Answered:
    """Look at one Sun on a date of its own, and ask every denoiser and what it must beat."""
    day, least_px = day_of(seed), max(each.model.recipe.side_px for each in denoisers)
    seen = boxes(seed, day, SEE_PX, least_px)
    images = {ONE_FRAME: treated(seen, middle), MEAN: treated(seen, Tile.mean)}
    blur_px = {}
    for each in denoisers:
        images[each.name] = treated(seen, each)
        blur_px[each.name] = blur_of(seen, core_width_gauss(images[each.name].centre))
        images[each.blur] = treated(seen, blurred(blur_px[each.name]))
    figures = {name: measured(seen, image) for name, image in images.items()}
    return Answered(Scored(seed, day, figures, blur_px), seen, images)


def day_of(seed: int) -> str:
    """The date on which a Sun is scored, UTC: any between those of the campaigns."""
    return str(date_at(np.random.default_rng([seed, 46]).uniform()).isot)


def blur_of(seen: Boxes, wanted_gauss: float) -> float:
    """Width of the narrowest Gaussian that leaves no wider a core at disk centre, pixels.

    The widest narrows the core no more: it spreads the network over what is between. Where none
    does, that of :data:`BLURS_PX` which leaves the narrowest.
    """

    def left(width_px: float) -> float:
        return core_width_gauss(seen.centre.treated(blurred(width_px)))

    cores = []
    for width_px in BLURS_PX:
        cores.append(left(width_px))
        if cores[-1] <= wanted_gauss:
            break
    else:
        return BLURS_PX[int(np.argmin(cores))]
    low, high = max(0.0, width_px - BLURS_PX[0]), width_px
    for _ in range(HALVINGS):
        tried = (low + high) / 2
        low, high = (low, tried) if left(tried) <= wanted_gauss else (tried, high)
    return high
