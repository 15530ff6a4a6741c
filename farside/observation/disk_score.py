"""Disk score: whether an EUV image shows a whole Sun at the position in its header.

Two measures on the image reduced to about 64 pixels of disk radius: the fraction of directions in
which the brightness falls at the limb about as steeply as anywhere, and the fraction of the disk
without light. Measured on 30 real images of AIA 171, 193, 304 and EUVI 171, 195, 284, 304, of the
years 2010 to 2024, on 18 of the simulated Sun, version 3, and on damaged copies of all of them (the
arrays without light are refused by the second measure):

=====================================  ============  =======  =======
image                                  limb          refused  flagged
=====================================  ============  =======  =======
good                                   0.75 to 1.00  none     none
noise, gradient                        0.00 to 0.46  all
half of the array at the bias          0.33 to 0.50  all
a quarter of the array at the bias     0.50 to 0.75  all
off-pointed by 0.05 of the radius      0.58 to 1.00  none     2 %
off-pointed by 0.1 of the radius       0.50 to 0.96  none     10 %
off-pointed by 0.2 of the radius       0.21 to 0.50  96 %     4 %
exposed twice, 0.2 radii apart         0.38 to 0.96  23 %     35 %
smeared over 0.3 of the radius         0.29 to 1.00  25 %     29 %
=====================================  ============  =======  =======

A disk turned upside down about its centre cannot be recognised in a single image.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from farside.errors import DamagedImageError
from farside.io.wcs import Pointing
from farside.sun.grid import Image

LEAST_LIMB, USUAL_LIMB = 0.5, 0.6
"""Limb fractions below which an image is refused, and flagged."""

MOST_DARK, USUAL_DARK = 0.1, 0.05
"""Dark fractions of the disk above which an image is refused, and flagged."""

FAINT_BANDS = ("94", "131", "335")
"""Bands that are not scored: hot lines, in which the quiet Sun is faint."""

_RADIUS_PX = 64
_RADII = np.arange(0.02, 1.36, 0.02)
"""Radii at which the brightness is sampled, disk radii."""

_FALL_STEPS = 4
"""Steps of radius over which a drop in brightness is measured: 0.08 disk radii."""

_AT_LIMB = (0.96, 1.10)
"""Range of the steepest drop that counts as the limb: coronal lines end above the photosphere."""

_DARKEST_DN = 1e-30
_SECTORS, _SECTOR_DEG = 24, 15
_LEAST_FALL, _NEARLY = 0.1, 0.8
"""Least fall of the logarithm at the limb, and that in parts of the steepest fall anywhere: active
regions near the limb end as steeply as the disk does."""

_FLOOR = 0.3
_NO_LIGHT = 0.03
"""Floor of the logarithm, and brightness that counts as dark, in units of the 75th percentile."""


@dataclass(frozen=True)
class DiskScore:
    """Fractions, 0 to 1, that distinguish a whole Sun from a broken image.

    Attributes
    ----------
    limb
        Fraction of directions from the Sun's centre with the steepest drop at the limb.
    dark
        Fraction of the disk's area without light.
    """

    limb: float
    dark: float

    @property
    def is_odd(self) -> bool:
        """Whether the score is outside the range of good images."""
        return self.limb < USUAL_LIMB or self.dark > USUAL_DARK

    def __str__(self) -> str:
        return (
            f"the limb is at the header's position in {self.limb:.0%} of all directions, and"
            f" {self.dark:.0%} of the disk has no light"
        )


def score_disk(pixels: Image, pointing: Pointing, distance_m: float) -> DiskScore:
    """Disk score of a calibrated EUV image.

    Parameters
    ----------
    pixels
        DN (y, x), zero where there is no light; finite on the disk.
    pointing, distance_m
        Pointing of the header, and distance of the observer in metres.
    """
    profile = _polar(pixels, pointing, distance_m)
    disk = _RADII < 0.96
    bright = max(float(np.percentile(profile[disk], 75)), _DARKEST_DN)
    area = np.broadcast_to(_RADII[disk, None], profile[disk].shape)
    dark = float(area[profile[disk] < _NO_LIGHT * bright].sum() / area.sum())
    # (radius, sector); the median passes over stars, cosmic rays and narrow features.
    sectors = np.median(profile.reshape(len(_RADII), _SECTORS, _SECTOR_DEG), axis=2)
    level = np.log(np.maximum(sectors, 0) + _FLOOR * bright)
    fall = level[:-_FALL_STEPS] - level[_FALL_STEPS:]
    middle = (_RADII[:-_FALL_STEPS] + _RADII[_FALL_STEPS:]) / 2
    fall, middle = fall[middle > 0.5], middle[middle > 0.5]
    low, high = _AT_LIMB
    at_limb = fall[(middle > low - 1e-6) & (middle < high + 1e-6)].max(axis=0)
    found = (at_limb >= _NEARLY * fall.max(axis=0)) & (at_limb > _LEAST_FALL)
    return DiskScore(limb=float(found.mean()), dark=dark)


def check_disk(score: DiskScore) -> None:
    """Check that a disk score is that of a whole Sun.

    Raises
    ------
    DamagedImageError
        Limb fraction below `LEAST_LIMB`, or dark fraction above `MOST_DARK`.
    """
    if score.limb < LEAST_LIMB or score.dark > MOST_DARK:
        raise DamagedImageError(
            f"{score}: expected at least {LEAST_LIMB:.0%} and at most {MOST_DARK:.0%} in an image"
            " of the whole Sun"
        )


def _polar(pixels: Image, pointing: Pointing, distance_m: float) -> NDArray[np.float64]:
    """Brightness (radius, degree of angle); zero beyond the array and where missing."""
    radius_px = pointing.disk_radius_px(distance_m)
    step = max(1, math.floor(radius_px / _RADIUS_PX))
    height, width = (side // step for side in pixels.shape)
    whole = pixels[: height * step, : width * step]
    small = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    centre = (pointing.sun_centre_px + 0.5) / step - 0.5
    angle = np.radians(np.arange(_SECTORS * _SECTOR_DEG))
    x, y = (
        (middle + radius_px / step * _RADII[:, None] * side(angle)).astype(np.float32)
        for middle, side in zip(centre, (np.cos, np.sin), strict=True)
    )
    values = cv2.remap(small, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
