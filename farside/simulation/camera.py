"""Look at the sphere from somewhere: pixels → points of the surface → values."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from astropy.time import Time
from numpy.typing import ArrayLike, NDArray

from farside.grid import Grid, Image
from farside.heliographic import trace
from farside.observer import SOLAR_RADIUS_M, Observer
from farside.simulation.corona import Emission
from farside.simulation.sphere import COLUMNS, STEP_DEG

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Detector:
    """The geometry of a detector.

    Attributes
    ----------
    size_px
        Side of the array.
    scale_arcsec
        Size of a pixel.
    centre_px
        0-based (x, y) index of the Sun's centre.
    roll_deg
        Position angle of the detector's y axis from solar north, positive towards solar east: the
        CROTA2 of a FITS header.
    """

    size_px: int
    scale_arcsec: float
    centre_px: tuple[float, float]
    roll_deg: float = 0.0

    @classmethod
    def of_grid(cls, grid: Grid, observer: Observer) -> Detector:
        """The registered view: north up, centred, the disk radius of `grid`."""
        radius = np.degrees(np.arcsin(SOLAR_RADIUS_M / observer.distance_m)) * 3600
        centre = (grid.centre_px, grid.centre_px)
        return cls(grid.size_px, float(radius / grid.disk_radius_px), centre)


@dataclass(frozen=True, eq=False)
class View:
    """Where each pixel of a detector looks.

    Attributes
    ----------
    row, column
        Fractional indices into a map of the sphere, float32 (y, x).
    mu
        Cosine of the angle between the line of sight and the vertical; 0 off the disk.
    impact
        Distance of the line of sight from the Sun's centre, solar radii.
    """

    row: Image
    column: Image
    mu: Image
    impact: Image

    @property
    def on_disk(self) -> Mask:
        """True where the line of sight meets the surface."""
        return self.impact < 1


def look(detector: Detector, observer: Observer, time: Time) -> View:
    """Trace the lines of sight of every pixel to the sphere."""
    surface = trace(*_tangents(detector), observer, time)
    row = (surface.latitude_deg + 90) / STEP_DEG - 0.5
    column = surface.longitude_deg / STEP_DEG - 0.5
    return View(_float(row), _float(column), _float(surface.mu), _float(surface.impact))


def _float(values: ArrayLike) -> Image:
    return np.asarray(values, dtype=np.float32)


def _tangents(detector: Detector) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Tangents of the angles from the Sun's centre towards solar west and north, (y, x)."""
    step = np.radians(detector.scale_arcsec / 3600)
    index = np.arange(detector.size_px, dtype=np.float64)
    x = (index[None, :] - detector.centre_px[0]) * step
    y = (index[:, None] - detector.centre_px[1]) * step
    roll = np.radians(detector.roll_deg)
    return x * np.cos(roll) - y * np.sin(roll), x * np.sin(roll) + y * np.cos(roll)


def sample(field: Image, view: View) -> Image:
    """Bilinear value of a map of the sphere at each pixel; off the disk, that of the limb."""
    wrapped = np.pad(field, ((0, 0), (1, 1)), mode="wrap")
    column = (view.column % COLUMNS) + 1
    seen = cv2.remap(wrapped, column, view.row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return _float(seen)


def line_of_sight_field(field: Image, view: View) -> Image:
    """B_r μ in gauss, NaN off the disk: the field is taken as radial."""
    return np.where(view.on_disk, sample(field, view) * view.mu, np.float32(np.nan))


def euv_image(radiance: Image, view: View, emission: Emission) -> Image:
    """Radiance seen from afar: brighter towards the limb, falling off beyond it."""
    brightening = 1 + emission.limb * (1 / (view.mu + 0.25) - 0.8)
    height = np.maximum(view.impact - 1, 0)
    beyond = np.exp(-height / emission.scale_height)
    # The limb's radiance is smeared along it beyond the disk.
    return _float(sample(radiance, view) * brightening * np.where(view.on_disk, 1, 0.6 * beyond))
