"""Rendering of the simulated Sun for an observer: lines of sight, EUV, line-of-sight field."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from astropy.time import Time
from numpy.typing import ArrayLike, NDArray

from farside.io.wcs import Pointing, disk_radius_arcsec
from farside.simulation.emission.corona import EmissionShell, SimulatedCorona
from farside.simulation.emission.responses import Response
from farside.simulation.grid import Lattice
from farside.sun.grid import Grid, Image
from farside.sun.heliographic import trace
from farside.sun.observer import Observer

Mask = NDArray[np.bool_]

ROWS_AT_ONCE = 256
"""Rows of lines of sight traced at a time, in double precision."""

LIMB_LATTICE, LIMB_DEG = Lattice(180), (1.2, 8.0)
"""Grid and smoothing of the light beyond the limb, near the limb and far from it: lines of sight at
larger heights cross more structures."""

LIMB_HEIGHT = 0.1
"""Height (1/e) of the transition between the two smoothings, solar radii, a choice."""


RING_WIDTH = 0.008
"""Height (1/e) over which the light of the corona behind the limb appears, solar radii, a choice.
"""


@dataclass(frozen=True)
class Detector:
    """Geometry of a detector.

    Attributes
    ----------
    size_px
        Side of the array, pixels.
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
        """Detector with the pixels of a registered grid: north up, centred."""
        scale_arcsec = disk_radius_arcsec(observer.distance_m) / grid.disk_radius_px
        return cls(grid.size_px, scale_arcsec, grid.sun_centre_px)

    @property
    def pointing(self) -> Pointing:
        """Pointing of the detector, as in a header."""
        cos, sin = np.cos(np.radians(self.roll_deg)), np.sin(np.radians(self.roll_deg))
        matrix = self.scale_arcsec * np.array([[cos, -sin], [sin, cos]])
        return Pointing(matrix, np.array(self.centre_px), np.zeros(2))


@dataclass(frozen=True, eq=False)
class ShellView:
    """Intersections of a detector's lines of sight with one shell around the Sun.

    Attributes
    ----------
    longitude_deg, latitude_deg
        Carrington longitude and latitude of the intersection, float32 (y, x); beyond the shell's
        limb, of the nearest limb point.
    mu
        Cosine of the angle between the line of sight and the vertical there; 0 off the shell.
    impact
        Distance of the line of sight from the Sun's centre, solar radii.
    """

    longitude_deg: Image
    latitude_deg: Image
    mu: Image
    impact: Image

    @property
    def on_disk(self) -> Mask:
        """Mask of the lines of sight that meet the photosphere, (y, x)."""
        return self.impact < 1


def trace_shell(
    detector: Detector, observer: Observer, time: Time, radius: float = 1.0
) -> ShellView:
    """Trace the line of sight of every pixel to a shell.

    Parameters
    ----------
    detector
        Pixels to trace.
    observer, time
        Position of the observer, and when.
    radius
        Radius of the shell, solar radii.
    """
    # A shell of radius r at distance d looks like the unit sphere at distance d / r.
    nearer = replace(observer, distance_m=observer.distance_m / radius)
    size = detector.size_px
    fields = np.empty((4, size, size), np.float32)
    for first in range(0, size, ROWS_AT_ONCE):
        rows = slice(first, min(first + ROWS_AT_ONCE, size))
        met = trace(*_tangents(detector, rows), nearer, time)
        fields[:, rows] = met.longitude_deg, met.latitude_deg, met.mu, met.impact * radius
    return ShellView(*fields)


def _tangents(detector: Detector, rows: slice) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Tangents of the angles from the Sun's centre towards solar west and north, (y, x)."""
    step = np.radians(detector.scale_arcsec / 3600)
    index = np.arange(detector.size_px, dtype=np.float64)
    x = (index[None, :] - detector.centre_px[0]) * step
    y = (index[rows, None] - detector.centre_px[1]) * step
    roll = np.radians(detector.roll_deg)
    return x * np.cos(roll) - y * np.sin(roll), x * np.sin(roll) + y * np.cos(roll)


def _float(values: ArrayLike) -> Image:
    return np.asarray(values, dtype=np.float32)


def sample(field: Image, view: ShellView) -> Image:
    """Values of a map at each pixel by bilinear interpolation; off the disk, those of the limb."""
    rows, columns = field.shape
    wrapped = np.pad(field, ((0, 0), (1, 1)), mode="wrap")
    row = (view.latitude_deg + np.float32(90)) * np.float32(rows / 180) - np.float32(0.5)
    column = (view.longitude_deg * np.float32(columns / 360) - np.float32(0.5)) % columns + 1
    seen = cv2.remap(wrapped, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return _float(seen)


def line_of_sight_field(field: Image, view: ShellView) -> Image:
    """Line-of-sight field B_r μ of a radial field, (y, x), gauss, NaN off the disk."""
    return np.where(view.on_disk, sample(field, view) * view.mu, np.float32(np.nan))


class Camera:
    """Renderer for one detector, observer and time; each shell is traced once for all bands.

    Parameters
    ----------
    detector
        Pixels to render.
    observer, time
        Position of the observer, and when.
    """

    def __init__(self, detector: Detector, observer: Observer, time: Time) -> None:
        self.detector = detector
        self.time = time
        self._observer = observer
        self._views: dict[float, ShellView] = {}

    def view(self, radius: float = 1.0) -> ShellView:
        """Intersections of the lines of sight with a shell of a radius, cached."""
        if radius not in self._views:
            self._views[radius] = trace_shell(self.detector, self._observer, self.time, radius)
        return self._views[radius]

    def euv(self, corona: SimulatedCorona, name: str) -> Image:
        """Radiance of a band for an ideal telescope, (y, x), in units of the quiet Sun.

        Parameters
        ----------
        corona
            Corona to render.
        name
            A key of :data:`~farside.simulation.emission.responses.RESPONSES`, such as ``"EUVI
            195"``.
        """
        feet, *above = corona.shells(name)
        response = corona.surface.sun.response(name)
        image = _base(feet, self.view(feet.radius), response)
        for shell in above:
            image += _loops(shell, self.view(shell.radius), response)
        return image


def _base(shell: EmissionShell, view: ShellView, response: Response) -> Image:
    """Light of the lowest shell, with limb brightening, and its decrease beyond the limb."""
    light = sample(shell.radiance, view)
    height = view.impact - np.float32(shell.radius)
    beyond = height > 0
    if beyond.any():
        surface = LIMB_LATTICE.resampled(shell.radiance)
        near, far = (sample(LIMB_LATTICE.smooth(surface, deg), view) for deg in LIMB_DEG)
        height = np.maximum(height, 0)
        falling = np.exp(-height / np.float32(response.scale_height))
        # The corona behind the limb comes into view.
        rising = 1 + np.float32(response.ring - 1) * (1 - np.exp(-height / np.float32(RING_WIDTH)))
        mixed = far + (near - far) * np.exp(-height / np.float32(LIMB_HEIGHT))
        light = np.where(beyond, mixed * falling * rising, light)
    return _float(light * _path(view.mu, response))


def _loops(shell: EmissionShell, view: ShellView, response: Response) -> Image:
    """Light of a higher shell: twice between the limbs of Sun and shell, none beyond."""
    sides = np.where(view.impact < 1, 1, np.where(view.impact < shell.radius, 2, 0))
    return sample(shell.radiance, view) * _path(view.mu, response) * sides.astype(np.float32)


def _path(mu: Image, response: Response) -> Image:
    """Limb brightening by the path through a thin layer of finite height, 1 at disk centre."""
    bound = np.float32(2 * response.scale_height)
    thin = np.sqrt((1 + bound) / (mu**2 + bound))
    return _float(1 + np.float32(response.limb) * (thin - 1))
