"""Images in the pixels of their instrument, neither moved nor turned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from farside.errors import DamagedImageError, ImplausibleGeometryError
from farside.io.cards import Card
from farside.model.recipe import NativeTiling
from farside.observation.image import KEPT_CARDS, Observation, Origin
from farside.sun.grid import Geometry, Image

SCALE_TOLERANCE = 0.05
"""Tolerance of the pixel size: HMI's varies by 1e-4, and the next size in use is twice it."""


@dataclass(frozen=True)
class NativeGrid(Geometry):
    """Geometry of the disk in an instrument's own array, with its centre and roll.

    Attributes
    ----------
    centre
        0-based index (x, y) of the Sun's centre.
    roll_deg
        CROTA2: angle from the array's y axis to solar north, positive clockwise.
    """

    centre: tuple[float, float] = (0.0, 0.0)
    roll_deg: float = 0.0

    @property
    def sun_centre_px(self) -> tuple[float, float]:
        """0-based index (x, y) of the Sun's centre."""
        return self.centre


@dataclass(frozen=True, eq=False)
class NativeImage:
    """An image as it was taken: float32 (y, x) on `grid`, row 0 as in the file, NaN off the disk.

    Attributes
    ----------
    image, grid
        Gauss for a magnetogram.
    origin
        What it is.
    kept
        Cards of the instrument that a product made of it keeps: ``observation.KEPT_CARDS``.
    """

    image: Image
    grid: NativeGrid
    origin: Origin
    kept: tuple[Card, ...] = ()


def in_native_pixels(observation: Observation, wanted: NativeTiling) -> NativeImage:
    """Take an image as it is, if its pixels are of the size that a Recipe wants.

    Raises
    ------
    ImplausibleGeometryError
        It is not square, smaller than a tile, or its pixels are of another size.
    DamagedImageError
        A pixel inside the mask has no value.
    """
    origin, pixels, pointing = observation.origin, observation.pixels, observation.pointing
    height, width = pixels.shape
    if height != width or height < wanted.tile_px:
        raise ImplausibleGeometryError(
            f"{origin}: got {width} by {height} pixels, expected a square of at least "
            f"{wanted.tile_px}",
            (str(origin),),
        )
    if abs(pointing.scale_arcsec / wanted.pixel_arcsec - 1) > SCALE_TOLERANCE:
        raise ImplausibleGeometryError(
            f"{origin}: got pixels of {pointing.scale_arcsec:.3f} arcsec, expected "
            f"{wanted.pixel_arcsec:.3f}: noise and structures of other pixels are others",
            (str(origin),),
        )
    x, y = map(float, pointing.sun_centre_px)
    radius_px = pointing.disk_radius_px(origin.observer.distance_m)
    grid = NativeGrid(width, radius_px, wanted.mask_radius, (x, y), pointing.roll_deg)
    on_disk = grid.on_disk()
    missing = int(np.count_nonzero(on_disk & ~np.isfinite(pixels)))
    if missing:
        raise DamagedImageError(
            f"{origin}: got {missing} pixels on the disk without a finite value, expected none",
            (str(origin),),
        )
    cards = observation.cards
    kept = tuple((key, cards[key], note) for key, note in KEPT_CARDS.items() if key in cards)
    return NativeImage(np.where(on_disk, pixels, np.float32(np.nan)), grid, origin, kept)
