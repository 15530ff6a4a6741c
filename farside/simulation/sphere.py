"""The plate carrée grid that the simulated Sun lives on: Carrington longitude by latitude."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from farside.grid import Image
from farside.observer import SOLAR_RADIUS_M

STEP_DEG = 0.375
ROWS = round(180 / STEP_DEG)
COLUMNS = round(360 / STEP_DEG)

LATITUDE_DEG = ((np.arange(ROWS) + 0.5) * STEP_DEG - 90.0).astype(np.float32)
"""Latitude of each row, south first."""

CELL_CM2 = (
    (100 * SOLAR_RADIUS_M * np.radians(STEP_DEG)) ** 2 * np.cos(np.radians(LATITUDE_DEG))[:, None]
).astype(np.float32)
"""Area of each cell, (row, 1), square centimetres."""


def smooth(field: Image, sigma_deg: float) -> Image:
    """Gaussian mean over `sigma_deg`, periodic in longitude (not corrected for cos latitude)."""
    sigma = sigma_deg / STEP_DEG
    shrink = max(1, int(sigma / 4))
    small = cv2.resize(field, (COLUMNS // shrink, ROWS // shrink), interpolation=cv2.INTER_AREA)
    pad = min(small.shape[1], int(4 * sigma / shrink) + 2)
    wrapped = np.pad(small, ((0, 0), (pad, pad)), mode="wrap")
    blurred = cv2.GaussianBlur(wrapped, (0, 0), sigma / shrink, borderType=cv2.BORDER_REFLECT)
    inner = np.ascontiguousarray(blurred[:, pad:-pad])
    full = cv2.resize(inner, (COLUMNS, ROWS), interpolation=cv2.INTER_LINEAR)
    return np.asarray(full, dtype=np.float32)


def noise(rng: np.random.Generator, sigma_deg: float) -> Image:
    """A random field of zero mean and unit variance, correlated over about `sigma_deg`."""
    field = smooth(rng.standard_normal((ROWS, COLUMNS), dtype=np.float32), sigma_deg)
    unit: Image = (field - field.mean()) / field.std()
    return unit


def deposit(
    longitude_deg: NDArray[np.float64], latitude_deg: NDArray[np.float64], weight: Image
) -> Image:
    """Sum of `weight` in each cell (nearest cell), (row, column)."""
    column = np.floor(longitude_deg / STEP_DEG).astype(np.int64) % COLUMNS
    row = np.clip(np.floor((latitude_deg + 90) / STEP_DEG).astype(np.int64), 0, ROWS - 1)
    total = np.bincount(row * COLUMNS + column, weights=weight, minlength=ROWS * COLUMNS)
    return total.reshape(ROWS, COLUMNS).astype(np.float32)
