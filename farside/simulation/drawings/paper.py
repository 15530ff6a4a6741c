"""Paper texture, and ink on it: the scan of a drawing."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from farside.simulation.drawings.styles import DrawingStyle
from farside.sun.grid import Image

Sheet = NDArray[np.uint8]
"""Scan of a sheet: red, green and blue, (y, x, 3), row 0 at the top."""

FIBRES = 0.012
"""Contrast of the finest texture of paper, its fibres."""


def texture(rng: np.random.Generator, shape: tuple[int, int], width_px: float) -> Image:
    """Random texture of one scale, zero mean and unit variance, (y, x)."""
    shrink = max(1.0, width_px / 2)
    rows, columns = (int(np.ceil(side / shrink)) + 2 for side in shape)
    white = rng.standard_normal((rows, columns), dtype=np.float32)
    smooth = cv2.GaussianBlur(white, (0, 0), max(width_px / shrink / 2, 0.5))
    clouds = cv2.resize(smooth, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray((clouds - clouds.mean()) / max(float(clouds.std()), 1e-6), np.float32)


def paper(rng: np.random.Generator, shape: tuple[int, int], stains: float) -> Image:
    """Brightness of a blank sheet, (y, x): 1 with fibres, shading, clouds and foxing."""
    side = min(shape)
    sheet = 1 + np.float32(FIBRES) * texture(rng, shape, 1.5)
    sheet += np.float32(0.04 * stains) * texture(rng, shape, side / 6)
    sheet += np.float32(0.08 * stains + 0.01) * _shading(rng, shape)
    spotted = np.maximum(texture(rng, shape, side / 60) - np.float32(2.3), 0)
    sheet -= np.float32(0.10 * stains) * spotted
    return np.asarray(np.clip(sheet, 0.3, 1.2), dtype=np.float32)


def _shading(rng: np.random.Generator, shape: tuple[int, int]) -> Image:
    """Linear gradient across the sheet in a random direction, -1 to 1."""
    angle = rng.uniform(0, 2 * np.pi)
    y, x = (np.linspace(-1, 1, side, dtype=np.float32) for side in shape)
    return np.asarray(
        (np.cos(angle) * x[None, :] + np.sin(angle) * y[:, None]) / np.sqrt(2), dtype=np.float32
    )


def on_paper(rng: np.random.Generator, weight: Image, hand: DrawingStyle) -> Sheet:
    """Scan of ink on paper in a style, for an ink density (y, x) from 0 to 1."""
    shape = weight.shape[0], weight.shape[1]
    kept_off = np.clip(0.5 + 0.5 * texture(rng, shape, 2.0), 0, 1)
    ink = (weight * (1 - np.float32(hand.grain) * kept_off))[..., None]
    blank = paper(rng, shape, hand.stains)[..., None] * np.array(hand.paper, np.float32)
    seen = blank * (1 - ink) + np.array(hand.ink, np.float32) * ink
    return np.asarray(np.clip(np.rint(seen), 0, 255), dtype=np.uint8)
