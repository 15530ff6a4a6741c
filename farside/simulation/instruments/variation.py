"""What may be different about a registered picture of the Sun, drawn at random for training.

A network that learns from one simulation must not rely on what that simulation cannot know: the
level and contrast of a picture, its sharpness, stray light, limb, noise, gaps and pointing. What
can be changed in a finished picture is drawn here, for each picture; what cannot is drawn for each
Sun (``SimulatedSun(seed, variety=1.0)``).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike

from farside.sun.grid import Geometry, Grid, Image


@dataclass(frozen=True)
class Variation:
    """One picture's departure from the simulated one; as it is made by default, none.

    Attributes
    ----------
    level
        Factor of the brightness.
    contrast
        Power of the brightness over its median.
    blur_px
        Standard deviation of a Gaussian blur.
    haze, haze_radii
        Share of the light that is scattered, and the standard deviation over which it is.
    limb
        Power of 2 - μ by which the picture brightens towards the limb, or darkens below 0.
    noise
        Standard deviation of the noise, as a share of the median, of a pixel as bright as that; it
        rises with the square root of the brightness.
    gaps
        Blocks that were lost and are 0: (row, column, rows, columns), shares of the side.
    shift_px, roll_deg
        Errors of the pointing: (x, y), and about the disk's centre.
    """

    level: float = 1.0
    contrast: float = 1.0
    blur_px: float = 0.0
    haze: float = 0.0
    haze_radii: float = 0.3
    limb: float = 0.0
    noise: float = 0.0
    gaps: tuple[tuple[float, float, float, float], ...] = ()
    shift_px: tuple[float, float] = (0.0, 0.0)
    roll_deg: float = 0.0


LEVEL, CONTRAST, LIMB, ROLL_DEG = 0.3, 0.12, 0.25, 0.25
"""Standard deviations at strength 1: of the logarithms of the first two; a choice."""

BLUR_RADII, SHIFT_RADII = 0.006, 0.006
"""Scales at strength 1 of blur and pointing, in radii of the disk: 6 arcsec; a choice."""

HAZE, NOISE = 0.08, 0.06
"""Mean of exponential distributions at strength 1, a choice."""

GAP_CHANCE, GAP_SIDE = 0.05, (0.03, 0.25)
"""Chance at strength 1 that a picture has a gap, and least and greatest side; a choice."""


def drawn_variation(rng: np.random.Generator, grid: Geometry, strength: float = 1.0) -> Variation:
    """Draw one.

    Parameters
    ----------
    rng
        So many numbers are taken whatever the strength.
    grid
        Of the picture: blur and pointing are shares of its disk.
    strength
        0 gives the neutral one.
    """
    normal, uniform = rng.standard_normal(8), rng.random(8)
    radius_px = grid.disk_radius_px
    if strength == 0:
        return Variation()
    least, most = GAP_SIDE
    sides = least + (most - least) * uniform[2:4] ** 2
    gap = float(uniform[0]), float(uniform[1]), float(sides[0]), float(sides[1])
    shift = strength * SHIFT_RADII * radius_px * normal[4:6]
    return Variation(
        level=float(np.exp(strength * LEVEL * normal[0])),
        contrast=float(np.exp(strength * CONTRAST * normal[1])),
        blur_px=float(strength * BLUR_RADII * radius_px * abs(normal[2])),
        haze=float(min(-strength * HAZE * np.log1p(-uniform[4]), 0.5)),
        haze_radii=float(0.05 * 20 ** uniform[5]),
        limb=float(strength * LIMB * normal[3]),
        noise=float(-strength * NOISE * np.log1p(-uniform[6])),
        gaps=(gap,) if uniform[7] < strength * GAP_CHANCE else (),
        shift_px=(float(shift[0]), float(shift[1])),
        roll_deg=float(strength * ROLL_DEG * normal[6]),
    )


def varied(
    picture: Image, grid: Grid, variation: Variation, rng: np.random.Generator | None = None
) -> Image:
    """A picture as it might have been.

    Parameters
    ----------
    picture
        Brightness, linear, bias off, (y, x); 0 off the disk stays 0.
    grid
        That it is registered on.
    variation
        The neutral one gives the picture back, bit for bit.
    rng
        Of the noise; without it there is none.
    """
    if variation == Variation():
        return picture
    on_disk = grid.on_disk()
    seen = _lit(_pointed(picture, grid, variation), grid, variation)
    median = np.float32(max(float(np.median(seen[on_disk])), 1e-6))
    if variation.contrast != 1:
        relative = np.maximum(seen / median, np.float32(1e-3))
        seen = median * relative ** np.float32(variation.contrast)
    if variation.noise and rng is not None:
        spread = np.sqrt(np.maximum(seen / median, 0)) * np.float32(variation.noise) * median
        seen = seen + spread * rng.standard_normal(seen.shape, dtype=np.float32)
    seen = np.where(on_disk, np.float32(variation.level) * seen, np.float32(0))
    for row, column, rows, columns in variation.gaps:
        top, left, bottom, right = (
            round(grid.size_px * share) for share in (row, column, row + rows, column + columns)
        )
        seen[top:bottom, left:right] = 0
    return np.asarray(seen, dtype=np.float32)


def _pointed(picture: Image, grid: Grid, variation: Variation) -> Image:
    if variation.shift_px == (0.0, 0.0) and variation.roll_deg == 0:
        return picture
    centre = (grid.centre_px, grid.centre_px)
    turn = cv2.getRotationMatrix2D(centre, variation.roll_deg, 1.0)
    turn[:, 2] += np.array(variation.shift_px)
    size = (grid.size_px, grid.size_px)
    # The corona beyond the edge of the disk is not in the picture: the edge's light stands for it.
    filled = _filled(picture, grid)
    return np.asarray(cv2.warpAffine(filled, turn, size, flags=cv2.INTER_LINEAR), np.float32)


def _filled(picture: Image, grid: Grid) -> Image:
    """The picture, with the light of the limb beyond the disk."""
    offset = np.arange(grid.size_px, dtype=np.float32) - np.float32(grid.centre_px)
    radius = np.maximum(np.hypot(offset[:, None], offset), np.float32(1))
    edge = np.float32(grid.mask_radius * grid.disk_radius_px - 1)
    pull = np.minimum(edge / radius, 1)
    centre = np.float32(grid.centre_px)
    column, row = centre + pull * offset, centre + pull * offset[:, None]
    return np.asarray(cv2.remap(picture, column, row, cv2.INTER_LINEAR), np.float32)


def _lit(picture: Image, grid: Grid, variation: Variation) -> Image:
    seen = picture
    if variation.blur_px > 0.05:
        seen = _float(cv2.GaussianBlur(_filled(seen, grid), (0, 0), variation.blur_px))
    if variation.haze:
        small = cv2.resize(seen, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        width = max(variation.haze_radii * grid.disk_radius_px / 4, 0.5)
        wide = cv2.GaussianBlur(small, (0, 0), width, borderType=cv2.BORDER_CONSTANT)
        wide = cv2.resize(wide, seen.shape[::-1], interpolation=cv2.INTER_LINEAR)
        seen = seen + np.float32(variation.haze) * (wide - seen)
    if variation.limb:
        sine = np.minimum(grid.radius_px() / np.float32(grid.disk_radius_px), 1)
        rise = 2 - np.sqrt(1 - sine**2)
        seen = seen * rise ** np.float32(variation.limb)
    return _float(seen)


def _float(values: ArrayLike) -> Image:
    return np.asarray(values, dtype=np.float32)
