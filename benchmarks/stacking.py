"""Noise and preserved signal of the mean of 21 frames, compared with other noise reduction.

``python -m benchmarks.stacking`` uses some simulated Suns in HMI's own pixels: the box at disk
centre and the four limb boxes in which noise is measured.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from farside.denoising.derotation import MARGIN_PX
from farside.denoising.noise import STRONG_GAUSS
from farside.simulation.instruments.hmi_series import Tile
from farside.sun.grid import Image
from training.restoration.boxes import (
    Boxes,
    Treatment,
    blurred,
    boxes,
    measured,
    middle,
    treated,
)

SUNS = {
    0: "2013-11-01",
    1: "2014-05-07",
    2: "2017-02-03",
    3: "2019-08-01",
    5: "2011-11-11",
    6: "2013-02-11",
    7: "2013-07-11",
    8: "2013-12-11",
}
"""Seeds and days, mostly from the years of training and test data of Park et al. (2020)."""

BLUR_PX = 1.355
"""Standard deviation of the Gaussian blur that leaves as much white noise as a mean of 21."""

TREATMENTS: dict[str, Treatment] = {
    "one frame": middle,
    "truth": lambda seen: seen.truth,
    "mean of 21, derotated": Tile.mean,
    "mean of 21, not derotated": lambda seen: np.asarray(seen.frames.mean(axis=0)),
    "one frame, Gaussian blur": blurred(BLUR_PX),
}


def inner(image: Image) -> Image:
    return image[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]


def figures(seen: Boxes, treat: Treatment) -> Iterator[float]:
    """Figures of one treatment.

    Core at centre and limb (gauss), network power and coherent amplitude, slope, unsigned flux.
    """
    found = measured(seen, treated(seen, treat))
    yield from (found.centre_gauss, found.limb_gauss)
    yield from (found.network.power, found.network.coherent)
    if found.centre:
        yield from (found.centre.slope, found.centre.unsigned)


KERNELS = {"linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC, "Lanczos": cv2.INTER_LANCZOS4}
WAVES_PX = (3.0, 4.0, 6.0)


def print_kernels() -> None:
    """Print the fraction of noise and of waves kept by interpolation, mean over all shifts."""
    rng, side = np.random.default_rng(0), 512
    y, x = np.mgrid[:side, :side].astype(np.float32)
    shifts = np.arange(20, dtype=np.float32) / 20
    print("kernel      noise   " + "".join(f"{wave:g} px   " for wave in WAVES_PX))
    for name, kernel in KERNELS.items():
        noise = rng.standard_normal((len(shifts), side, side), dtype=np.float32)
        moved = [cv2.remap(n, x + s, y, kernel) for n, s in zip(noise, shifts, strict=True)]
        kept = [float(np.sqrt(np.mean([inner(each).var() for each in moved])))]
        for wave in WAVES_PX:
            truth = np.cos(2 * np.pi * x / wave)
            waves = [np.cos(2 * np.pi * (x - s) / wave) for s in shifts]
            back = [cv2.remap(w, x + s, y, kernel) for w, s in zip(waves, shifts, strict=True)]
            mean = inner(np.asarray(np.mean(back, axis=0)))
            kept.append(float((mean * inner(truth)).sum() / (inner(truth) ** 2).sum()))
        print(f"{name:10} " + "".join(f"{value:7.3f}" for value in kept))


def main() -> None:
    """Print the table of kernels, and the means over the Suns with the range of the noise."""
    print_kernels()
    table: dict[str, list[list[float]]] = {name: [] for name in TREATMENTS}
    for seed, day in SUNS.items():
        seen = boxes(seed, day)
        for name, treat in TREATMENTS.items():
            table[name].append(list(figures(seen, treat)))
    print(f"{len(SUNS)} Suns; strong: {STRONG_GAUSS:g} G")
    print(f"{'':34} centre           limb             power  coherent  slope  unsigned")
    for name, rows in table.items():
        found = np.array(rows)
        (centre, limb, *rest), low, high = found.mean(axis=0), found.min(axis=0), found.max(axis=0)
        print(
            f"{name:34} {centre:5.2f} ({low[0]:.2f}-{high[0]:.2f})  "
            f"{limb:5.2f} ({low[1]:.2f}-{high[1]:.2f})  " + "  ".join(f"{v:.3f}" for v in rest)
        )


if __name__ == "__main__":
    main()
