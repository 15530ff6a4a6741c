"""Look at the Sun from somewhere: pixels → points of its shells → light and field."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from astropy.time import Time
from numpy.typing import ArrayLike, NDArray

from farside.io.wcs import Pointing
from farside.simulation.emission.corona import Corona, Shell
from farside.simulation.emission.responses import Response
from farside.simulation.grid import Lattice
from farside.sun.grid import Grid, Image
from farside.sun.heliographic import trace
from farside.sun.observer import SOLAR_RADIUS_M, Observer

Mask = NDArray[np.bool_]

ROWS_AT_ONCE = 256
"""Of lines of sight that are traced in double precision."""

LIMB_LATTICE, LIMB_DEG = Lattice(180), (1.2, 8.0)
"""Where light beyond the limb is smoothed, and over what near the limb and far from it: the higher,
the more structures stand in line."""

LIMB_HEIGHT = 0.1
"""Over which the one goes over into the other by 1/e, solar radii, a choice."""


RING_WIDTH = 0.008
"""Height over which the light of the far side comes in, solar radii, a choice."""


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

    @property
    def pointing(self) -> Pointing:
        """What a header would say of it."""
        cos, sin = np.cos(np.radians(self.roll_deg)), np.sin(np.radians(self.roll_deg))
        matrix = self.scale_arcsec * np.array([[cos, -sin], [sin, cos]])
        return Pointing(matrix, np.array(self.centre_px), np.zeros(2))


@dataclass(frozen=True, eq=False)
class View:
    """Where each pixel of a detector looks, on one shell about the Sun.

    Attributes
    ----------
    longitude_deg, latitude_deg
        Carrington longitude and latitude where the line of sight meets the shell, float32 (y, x);
        beyond the shell's limb, that of the limb.
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
        """True where the line of sight meets the surface."""
        return self.impact < 1


def look(detector: Detector, observer: Observer, time: Time, radius: float = 1.0) -> View:
    """Trace the lines of sight of every pixel to a shell.

    Parameters
    ----------
    radius
        Of the shell, solar radii: who stands at a distance from a sphere sees a larger one as he
        would see the sphere from nearer by.
    """
    nearer = replace(observer, distance_m=observer.distance_m / radius)
    size = detector.size_px
    fields = np.empty((4, size, size), np.float32)
    for first in range(0, size, ROWS_AT_ONCE):
        rows = slice(first, min(first + ROWS_AT_ONCE, size))
        met = trace(*_tangents(detector, rows), nearer, time)
        fields[:, rows] = met.longitude_deg, met.latitude_deg, met.mu, met.impact * radius
    return View(*fields)


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


def sample(field: Image, view: View) -> Image:
    """Bilinear value of a map of the sphere at each pixel; off the disk, that of the limb."""
    rows, columns = field.shape
    wrapped = np.pad(field, ((0, 0), (1, 1)), mode="wrap")
    row = (view.latitude_deg + np.float32(90)) * np.float32(rows / 180) - np.float32(0.5)
    column = (view.longitude_deg * np.float32(columns / 360) - np.float32(0.5)) % columns + 1
    seen = cv2.remap(wrapped, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return _float(seen)


def line_of_sight_field(field: Image, view: View) -> Image:
    """B_r μ in gauss, NaN off the disk: the field is taken as radial."""
    return np.where(view.on_disk, sample(field, view) * view.mu, np.float32(np.nan))


class Camera:
    """One place and time to look from; the shells that bands share are traced once.

    Parameters
    ----------
    detector, observer, time
        Which lines of sight, from where, and when.
    """

    def __init__(self, detector: Detector, observer: Observer, time: Time) -> None:
        self.detector = detector
        self.time = time
        self._observer = observer
        self._views: dict[float, View] = {}

    def view(self, radius: float = 1.0) -> View:
        """The lines of sight on one shell."""
        if radius not in self._views:
            self._views[radius] = look(self.detector, self._observer, self.time, radius)
        return self._views[radius]

    def euv(self, corona: Corona, name: str) -> Image:
        """A band's radiance in units of the quiet Sun, (y, x), as an ideal telescope has it.

        Parameters
        ----------
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


def _base(shell: Shell, view: View, response: Response) -> Image:
    """The lowest shell, brighter towards the limb; beyond it the limb's light, falling off."""
    light = sample(shell.radiance, view)
    height = view.impact - np.float32(shell.radius)
    beyond = height > 0
    if beyond.any():
        surface = LIMB_LATTICE.resampled(shell.radiance)
        near, far = (sample(LIMB_LATTICE.smooth(surface, deg), view) for deg in LIMB_DEG)
        height = np.maximum(height, 0)
        falling = np.exp(-height / np.float32(response.scale_height))
        # The far side of the corona comes into view behind the limb.
        rising = 1 + np.float32(response.ring - 1) * (1 - np.exp(-height / np.float32(RING_WIDTH)))
        mixed = far + (near - far) * np.exp(-height / np.float32(LIMB_HEIGHT))
        light = np.where(beyond, mixed * falling * rising, light)
    return _float(light * _path(view.mu, response))


def _loops(shell: Shell, view: View, response: Response) -> Image:
    """A higher shell: nothing beyond its limb, and its far side seen beyond the Sun's."""
    sides = np.where(view.impact < 1, 1, np.where(view.impact < shell.radius, 2, 0))
    return sample(shell.radiance, view) * _path(view.mu, response) * sides.astype(np.float32)


def _path(mu: Image, response: Response) -> Image:
    """Brightening with the path through a thin layer, 1 at disk centre, bounded by its height."""
    bound = np.float32(2 * response.scale_height)
    thin = np.sqrt((1 + bound) / (mu**2 + bound))
    return _float(1 + np.float32(response.limb) * (thin - 1))
