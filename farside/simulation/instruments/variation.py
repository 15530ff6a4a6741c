"""Random variation of registered images, for training (domain randomisation).

A network trained on simulations must not rely on uncertain properties: level and contrast,
sharpness, stray light, limb, noise, gaps and pointing. Those that can be changed in a finished
image vary here, for each image; the others for each Sun (``SimulatedSun(seed, variety=1.0)``).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike

from farside.sun.grid import Geometry, Grid, Image


@dataclass(frozen=True)
class Variation:
    """Variation of one image; the default changes nothing.

    Attributes
    ----------
    level
        Factor of the brightness.
    contrast
        Exponent of the brightness relative to its median.
    blur_px
        Standard deviation of a Gaussian blur.
    haze, haze_radii
        Fraction of the light that is scattered, and standard deviation of the scattering in disk
        radii.
    limb
        Exponent of 2 - μ: limb brightening if positive, darkening if negative.
    noise
        Standard deviation of the noise of a pixel of median brightness, relative to the median; it
        grows with the square root of the brightness.
    gaps
        Lost blocks, set to 0: (row, column, rows, columns) as fractions of the side.
    shift_px, roll_deg
        Errors of the pointing: (x, y), and roll about the disk's centre.
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
"""Standard deviations at strength 1, the first two of the logarithm; a choice."""

BLUR_RADII, SHIFT_RADII = 0.006, 0.006
"""Standard deviations of blur and pointing at strength 1, disk radii: 6 arcsec; a choice."""

HAZE, NOISE = 0.08, 0.06
"""Means of exponential distributions at strength 1, a choice."""

GAP_CHANCE, GAP_SIDE = 0.05, (0.03, 0.25)
"""Probability of a gap at strength 1, and its smallest and largest side; a choice."""


def random_variation(rng: np.random.Generator, grid: Geometry, strength: float = 1.0) -> Variation:
    """Random variation of an image.

    Parameters
    ----------
    rng
        Random generator; the same number of values is taken at every strength.
    grid
        Geometry of the image: blur and pointing scale with its disk.
    strength
        Size of the variation; 0 gives the neutral one.
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


def vary(
    picture: Image, grid: Grid, variation: Variation, rng: np.random.Generator | None = None
) -> Image:
    """Apply a variation to a registered image.

    Parameters
    ----------
    picture
        Linear brightness without bias, (y, x), 0 off the disk.
    grid
        Registered grid of the image.
    variation
        Variation to apply; the neutral one returns the image unchanged, bit for bit.
    rng
        Random generator of the noise; without it there is none.

    Returns
    -------
    Image
        Varied image, (y, x), 0 off the disk.
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
    # The image has no corona beyond the disk: the light at the edge stands for it.
    filled = _filled(picture, grid)
    return np.asarray(cv2.warpAffine(filled, turn, size, flags=cv2.INTER_LINEAR), np.float32)


def _filled(picture: Image, grid: Grid) -> Image:
    """Image with the light of the limb continued beyond the disk."""
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
