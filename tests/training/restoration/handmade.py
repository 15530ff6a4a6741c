"""A drawn Sun made by hand: one bipole, and bands that brighten above it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

from farside.disk.registration import Disk
from farside.magnetogram.stack import Stack
from farside.observation.image import Origin
from farside.quality import Quality
from farside.simulation.instruments.registered import BANDS
from farside.sun.grid import Grid, Image
from farside.sun.observer import Observer
from training.restoration.drawnsuns import DrawnSun, SunImages

GRID = Grid(128, 56.25)
TIME = Time("2014-06-20T00:00:00")
EARTH = Observer(0.0, 1.0, 1.5e11)


def inside(image: NDArray[np.floating]) -> Image:
    return np.where(GRID.on_disk(), image, np.float32(np.nan)).astype(np.float32)


def spot(east_px: float, gauss: float) -> Image:
    index = np.arange(GRID.size_px, dtype=np.float32) - np.float32(GRID.centre_px)
    away = (index[None, :] + np.float32(east_px)) ** 2 + (index[:, None] - 4) ** 2
    return np.asarray(gauss * np.exp(-away / 18), np.float32)


def sun_images(field: Image) -> SunImages:
    bright = {
        band: inside(np.float32(1) + np.abs(field) / np.float32(50 * number))
        for number, band in enumerate(BANDS["SDO"], start=1)
    }
    return SunImages(inside(field), bright)


TRUTH = sun_images(spot(6, -800) + spot(-6, 800))


def drawn_sun(seed: int = 0, hand: str = "tower", truth: SunImages = TRUTH) -> DrawnSun:
    """The drawing is dark where the field is strong."""
    paper = inside(np.float32(1) - np.minimum(np.abs(truth.field) / 1000, np.float32(0.9)))
    disk = Disk(paper, GRID, Origin("DRAWING", "WHITE", TIME, EARTH, "", ""))
    stack = Stack((disk,), TIME, EARTH, "EARTH", Quality.GOOD)
    blank = replace(disk, image=inside(np.ones_like(paper)))
    return DrawnSun(seed, hand, True, stack, replace(stack, disks=(blank,)), truth)
