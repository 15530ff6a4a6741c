"""Denoisers as served, on boxes of a simulated Sun, with a blur of equal noise as baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from farside.denoising.noise import core_width_gauss
from farside.errors import RecipeError
from farside.magnetogram.stack import Stack
from farside.model.engine import Engine, Model
from farside.model.recipe import NativeTiling
from farside.pipeline import translate
from farside.quality import Quality
from farside.simulation.instruments.hmi_series import Tile, middle_frame
from farside.sun.grid import Image
from training.data.campaign import date_at
from training.restoration.boxes import (
    Boxes,
    DenoisingMeasures,
    Treated,
    blurred,
    boxes,
    measured,
    middle,
    treated,
)

ONE_FRAME, MEAN, TRUTH = "one frame", "mean of 21", "truth"

SEE_PX = 64
"""Margin around a box: more than the demonstration denoisers' receptive field reaches, 35 px."""

BLURS_PX, HALVINGS = tuple(0.25 * step for step in range(1, 17)), 6
"""Widths tried for the blur of a given noise, and number of bisections."""


@dataclass(frozen=True, eq=False)
class Denoiser:
    """Denoising model and its engine, as a treatment of tiles.

    Raises
    ------
    RecipeError
        The model works on registered disks.
    """

    model: Model
    engine: Engine

    def __post_init__(self) -> None:
        if not isinstance(self.model.recipe.grid, NativeTiling):
            raise RecipeError(
                f"{self.name} works on registered disks, expected a model for native pixels"
            )

    @property
    def name(self) -> str:
        """Name of the model, as in tables."""
        return self.model.recipe.name

    @property
    def blur(self) -> str:
        """Name of its baseline, as in tables."""
        return f"blur as quiet as {self.name}"

    def __call__(self, seen: Tile) -> Image:
        """Restore the middle frame as the service does, in tiles; NaN off the disk."""
        stack = _stack(seen, self.model.recipe.grid.mask_radius)
        return translate(stack, self.model, self.engine).image


def _stack(seen: Tile, mask_radius: float) -> Stack:
    """Model input of a tile, as if the detector were no larger than it."""
    frame = middle_frame(seen, mask_radius)
    return Stack((), frame.origin.time, seen.observer, "SDO", Quality.GOOD, frame)


@dataclass(frozen=True)
class SunScores:
    """Scores of one Sun.

    Attributes
    ----------
    seed, day
        Seed of the Sun, and time, UTC.
    measures
        Measures by prediction.
    blur_px
        Width, by model, of the Gaussian that leaves as little noise as it.
    """

    seed: int
    day: str
    measures: Mapping[str, DenoisingMeasures]
    blur_px: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class SunPredictions:
    """Scores, boxes and predicted images of one Sun."""

    scored: SunScores
    seen: Boxes
    images: Mapping[str, Treated]


def score_sun(seed: int, denoisers: Sequence[Denoiser]) -> SunPredictions:
    """Render one Sun on its own date, and score all denoisers and their baselines."""
    day, least_px = day_of(seed), max(each.model.recipe.side_px for each in denoisers)
    seen = boxes(seed, day, SEE_PX, least_px)
    images = {ONE_FRAME: treated(seen, middle), MEAN: treated(seen, Tile.mean)}
    blur_px = {}
    for each in denoisers:
        images[each.name] = treated(seen, each)
        blur_px[each.name] = blur_of(seen, core_width_gauss(images[each.name].centre))
        images[each.blur] = treated(seen, blurred(blur_px[each.name]))
    measures = {name: measured(seen, image) for name, image in images.items()}
    return SunPredictions(SunScores(seed, day, measures, blur_px), seen, images)


def day_of(seed: int) -> str:
    """Random date, UTC, within the campaigns' time span at which a Sun is scored."""
    return str(date_at(np.random.default_rng([seed, 46]).uniform()).isot)


def blur_of(seen: Boxes, wanted_gauss: float) -> float:
    """Width of the narrowest Gaussian that leaves at most `wanted_gauss` at disk centre, pixels.

    The widest ones do not narrow the core any more, as they spread the network. If none suffices,
    that of :data:`BLURS_PX` with the least noise.
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
