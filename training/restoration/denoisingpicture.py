"""Picture of denoising, before and after: a quiet patch and an active region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from matplotlib.figure import Figure

from farside.io.atomic import atomic_path
from farside.sun.grid import Image
from training.restoration.denoiser import MEAN, ONE_FRAME, TRUTH, Denoiser, SunPredictions

PATCH_PX = 128
"""Side of a patch: 47 Mm at disk centre."""

QUIET_GAUSS, ACTIVE_GAUSS = 30.0, 2000.0
"""Ranges of the grey scales."""

DPI = 100


@dataclass(frozen=True, eq=False)
class Example:
    """Patches of one Sun by prediction, gauss.

    Attributes
    ----------
    title
        Seed and date of the Sun.
    strength_gauss
        Mean true |B| of the active patch.
    """

    title: str
    strength_gauss: float
    quiet: Mapping[str, Image]
    active: Mapping[str, Image]


def example(sun: SunPredictions, denoisers: Sequence[Denoiser]) -> Example:
    """Cut out the quietest patch at disk centre, and the strongest in the strongest region."""
    names = [ONE_FRAME, denoisers[0].blur, *(each.name for each in denoisers), MEAN]
    truth = {"centre": sun.seen.centre.truth, "region": sun.seen.region.truth}
    quiet, active = (
        {name: getattr(sun.images[name], where) for name in names} | {TRUTH: truth[where]}
        for where in ("centre", "region")
    )
    strength = _mean_strength(truth["region"])
    return Example(
        title=f"seed {sun.scored.seed}, {sun.scored.day[:10]}",
        strength_gauss=float(strength.max()),
        quiet=_cut(quiet, int(_mean_strength(truth["centre"]).argmin())),
        active=_cut(active, int(strength.argmax())),
    )


def _mean_strength(field: Image) -> Image:
    """Mean |B| of each patch that fits, by its first pixel."""
    side = len(field) - PATCH_PX + 1
    means = cv2.blur(np.abs(field), (PATCH_PX, PATCH_PX), anchor=(0, 0))
    return np.asarray(means[:side, :side])


def _cut(images: Mapping[str, Image], place: int) -> dict[str, Image]:
    (truth,) = (image for name, image in images.items() if name == TRUTH)
    y, x = divmod(place, len(truth) - PATCH_PX + 1)
    return {name: image[y : y + PATCH_PX, x : x + PATCH_PX] for name, image in images.items()}


def draw(shown: Example, path: Path) -> None:
    """Write the picture as PNG."""
    rows = ((shown.quiet, QUIET_GAUSS), (shown.active, ACTIVE_GAUSS))
    columns = len(shown.quiet)
    figure = Figure(figsize=(1.5 * columns, 3.7), layout="constrained")
    for cells, (images, limit) in zip(figure.subplots(2, columns), rows, strict=True):
        for axes, (name, image) in zip(cells, images.items(), strict=True):
            # HMI's rows run from north to south, and its columns from west to east.
            axes.imshow(image[::-1, ::-1], origin="lower", cmap="gray", vmin=-limit, vmax=limit)
            axes.set_title(name if limit == QUIET_GAUSS else f"±{limit:g} G", fontsize=7)
            axes.set_axis_off()
    figure.supxlabel(
        f"{shown.title}: a quiet patch at ±{QUIET_GAUSS:g} G, the strongest region at "
        f"±{ACTIVE_GAUSS:g} G; {PATCH_PX} pixels of HMI",
        fontsize=7,
    )
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI)
