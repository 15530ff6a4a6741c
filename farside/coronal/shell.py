"""A magnetic field between two spheres, and where its lines lead."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator
from streamtracer import StreamTracer, VectorGrid

Array = NDArray[np.float64]

Places = NDArray[np.float64]
"""Points, (n, 3): longitude and latitude in radians, natural logarithm of the radius."""

Signs = NDArray[np.int64]
"""Of each line: 1 where it is followed along B, -1 where against it."""

STEP = 0.04
"""Of a traced line, in the units of :data:`Places` (a choice): half of it moves no foot of a dipole
by more than 0.01°."""

POLAR_STEP = 0.02
"""Near the poles, as a share of the radius (a choice)."""

BAND_DEG = 82.0
"""Lines are traced in longitude and latitude up to here; around the poles, in x, y and z."""

CAP_DEG = 79.0
"""A line that stops within a step of the band's edge, and so beyond this, goes on there."""

MAX_STEPS = 400

MAX_PASSES = 6
"""Of one line between band and caps."""

BATCH = 8192
"""Lines traced at a time: the tracer keeps all points of each."""


@dataclass(frozen=True, eq=False)
class Shell:
    """A field on nodes between two spheres.

    Attributes
    ----------
    field_gauss
        Its eastward, southward and radial parts, (longitude, latitude, height, 3). The nodes are in
        equal steps: of longitude from 0 to 360° inclusive, of latitude from pole to pole, and of
        ln(radius) from the inner sphere to the outer one.
    inner, outer
        Radii of the spheres, solar radii.
    """

    field_gauss: Array
    inner: float
    outer: float

    def at(self, places: Places) -> Array:
        """Eastward, southward and radial field, gauss, (n, 3): linear between the nodes."""
        inside = places.copy()
        inside[:, 0] %= 2 * np.pi
        inside[:, 2] = np.clip(inside[:, 2], np.log(self.inner), np.log(self.outer))
        return np.asarray(self._interpolator(inside))

    def radial_gauss(self, radius: float, rows: int, columns: int) -> Array:
        """Radial field in the middle of equal-area cells, (row, column), row 0 south."""
        field = self.at(sphere(radius, cell_longitude(columns), cell_latitude(rows)))
        return field[:, 2].reshape(rows, columns)

    @cached_property
    def nodes(self) -> tuple[Array, Array, Array]:
        """Longitude and latitude, radians; ln(radius)."""
        longitudes, latitudes, heights = self.field_gauss.shape[:3]
        return (
            np.linspace(0, 2 * np.pi, longitudes),
            np.linspace(-np.pi / 2, np.pi / 2, latitudes),
            np.linspace(np.log(self.inner), np.log(self.outer), heights),
        )

    @cached_property
    def _interpolator(self) -> RegularGridInterpolator:
        return RegularGridInterpolator(self.nodes, self.field_gauss)

    @cached_property
    def rates(self) -> VectorGrid:
        """How a line along B moves through longitude, latitude and ln(r): B_φ/cos λ, -B_θ and B_r.

        Without the caps round the poles, where the first grows beyond all bounds.
        """
        band = np.abs(self.nodes[1]) <= np.radians(BAND_DEG)
        latitude = self.nodes[1][band]
        rates = self.field_gauss[:, band]
        rates[..., 0] /= np.cos(latitude)[:, None]
        rates[..., 1] *= -1
        axes = (self.nodes[0], latitude, self.nodes[2])
        spacing = [axis[1] - axis[0] for axis in axes]
        origin = [axis[0] for axis in axes]
        return VectorGrid(rates, spacing, origin, cyclic=[True, False, False])


@dataclass(frozen=True, eq=False)
class Ends:
    """Where lines end.

    Attributes
    ----------
    places
        On one of the two spheres.
    outside
        Whether that is the outer one, (n,).
    """

    places: Places
    outside: NDArray[np.bool_]


def cell_longitude(columns: int) -> Array:
    """Middles of columns, radians."""
    return (np.arange(columns) + 0.5) * 2 * np.pi / columns


def cell_latitude(rows: int) -> Array:
    """Middles of rows of equal area, in the sine of the latitude; radians, south first."""
    return np.arcsin((np.arange(rows) + 0.5) * 2 / rows - 1)


def sphere(radius: float, longitude: Array, latitude: Array) -> Places:
    """All places of a grid at one radius, row by row."""
    latitudes, longitudes = np.meshgrid(latitude, longitude, indexing="ij")
    height = np.full(latitudes.size, np.log(radius))
    return np.stack([longitudes.ravel(), latitudes.ravel(), height], axis=1)


def cartesian(places: Places) -> Array:
    """Places as (n, 3) in solar radii: x towards longitude 0, z north."""
    longitude, latitude, height = places.T
    across = np.cos(latitude)
    unit = [across * np.cos(longitude), across * np.sin(longitude), np.sin(latitude)]
    return np.asarray((np.exp(height) * unit).T)


def follow(shell: Shell, places: Places, *, outwards: bool) -> Ends:
    """Follow the line through each place, up or down from there, to a sphere of the shell."""
    along = np.where((shell.at(places)[:, 2] > 0) == outwards, 1, -1)
    found = _traced(shell, places, along)
    bottom, top = np.log(shell.inner), np.log(shell.outer)
    outside = found[:, 2] > (bottom + top) / 2
    return Ends(_on_sphere(shell, found, np.where(outside, top, bottom), along), outside)


def _traced(shell: Shell, places: Places, along: Signs) -> Places:
    """The last point of each line inside the shell."""
    ends = _inside(shell, places)
    going = np.ones(len(ends), np.bool_)
    for _ in range(MAX_PASSES):
        capped = np.abs(ends[:, 1]) > np.radians(CAP_DEG)
        for sign in (1, -1):
            band = np.flatnonzero(going & ~capped & (along == sign))
            for start in range(0, len(band), BATCH):
                batch = band[start : start + BATCH]
                ends[batch] = _through_band(shell, ends[batch], sign)
        going &= (np.abs(ends[:, 1]) > np.radians(CAP_DEG)) & _between_spheres(shell, ends, capped)
        cap = np.flatnonzero(going)
        if cap.size == 0:
            break
        ends[cap] = _through_cap(shell, ends[cap], along[cap])
        going &= np.abs(ends[:, 1]) <= np.radians(CAP_DEG)
    return ends


def _inside(shell: Shell, places: Places) -> Places:
    """On the very edge the tracer would take rounding for an exit."""
    inside = places.copy()
    inside[:, 0] %= 2 * np.pi
    inside[:, 2] = np.clip(inside[:, 2], np.log(shell.inner) + 1e-9, np.log(shell.outer) - 1e-9)
    return inside


def _through_band(shell: Shell, places: Places, sign: int) -> Places:
    tracer = StreamTracer(MAX_STEPS, STEP)
    tracer.trace(places, shell.rates, direction=sign)
    return _inside(shell, np.stack([line[-1] for line in tracer.xs]))


def _between_spheres(shell: Shell, places: Places, started: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether a line stopped for its latitude and not for its height; or only starts, in a cap."""
    height = places[:, 2]
    stopped = (height > np.log(shell.inner) + STEP) & (height < np.log(shell.outer) - STEP)
    return stopped | started


def _through_cap(shell: Shell, places: Places, along: Signs) -> Places:
    """By steps of second order, until the line leaves the cap or the shell."""
    ends = places.copy()
    line = np.arange(len(places))
    for _ in range(MAX_STEPS):
        here = ends[line]
        there = _stepped(shell, here, along[line])
        inside = (there[:, 2] > np.log(shell.inner)) & (there[:, 2] < np.log(shell.outer))
        line, there = line[inside], there[inside]
        ends[line] = there
        line = line[np.abs(there[:, 1]) > np.radians(CAP_DEG)]
        if line.size == 0:
            break
    return ends


def _stepped(shell: Shell, places: Places, along: Signs) -> Places:
    start = cartesian(places)
    step = POLAR_STEP * np.exp(places[:, 2:]) * along[:, None]
    halfway = _spherical(start + step / 2 * _direction(shell, places))
    return _spherical(start + step * _direction(shell, halfway))


def _direction(shell: Shell, places: Places) -> Array:
    """Unit vector along B, (n, 3): x towards longitude 0, z north."""
    east, south, radial = shell.at(places).T
    longitude, latitude, _ = places.T
    across = radial * np.cos(latitude) + south * np.sin(latitude)
    x = across * np.cos(longitude) - east * np.sin(longitude)
    y = across * np.sin(longitude) + east * np.cos(longitude)
    z = radial * np.sin(latitude) - south * np.cos(latitude)
    field = np.stack([x, y, z], axis=1)
    strength = np.linalg.norm(field, axis=1, keepdims=True)
    return np.asarray(field / np.maximum(strength, np.finfo(float).tiny))


def _spherical(points: Array) -> Places:
    x, y, z = points.T
    radius = np.linalg.norm(points, axis=1)
    latitude = np.arcsin(np.clip(z / radius, -1, 1))
    return np.stack([np.arctan2(y, x) % (2 * np.pi), latitude, np.log(radius)], axis=1)


def _on_sphere(shell: Shell, places: Places, height: Array, along: Signs) -> Places:
    """Go on straight along B for the last, partial step."""
    start, target = cartesian(places), np.exp(height)
    direction = _direction(shell, places) * along[:, None]
    slope = (start * direction).sum(axis=1)
    # Where the straight line |start + t direction| = target; of its two crossings the nearer.
    root = np.sqrt(np.maximum(slope**2 + target**2 - (start**2).sum(axis=1), 0))
    path = -slope + np.where(slope > 0, root, -root)
    longest = 2 * STEP * target
    ends = _spherical(start + np.clip(path, -longest, longest)[:, None] * direction)
    ends[:, 2] = height
    return ends
