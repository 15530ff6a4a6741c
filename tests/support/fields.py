"""Simple fields on the demonstration's grid."""

import numpy as np

from farside.evaluation.blocks import Box
from farside.sun.grid import Grid, Image

GRID = Grid(256, 112.5)
BOX: Box = (slice(96, 128), slice(112, 144))


def blob(x: float, y: float, height: float = 100.0) -> np.ndarray:
    rows, columns = np.mgrid[: GRID.size_px, : GRID.size_px] - GRID.centre_px
    image = height * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 50)
    return np.where(GRID.on_disk(), image, np.nan).astype(np.float32)


def uniform(field_gauss: float) -> Image:
    return np.where(GRID.on_disk(), field_gauss, np.nan).astype(np.float32)


def noise(seed: int, sigma_gauss: float = 100.0) -> Image:
    field = np.random.default_rng(seed).normal(0, sigma_gauss, (GRID.size_px, GRID.size_px))
    return np.where(GRID.on_disk(), field, np.nan).astype(np.float32)
