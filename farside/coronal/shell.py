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

STEP = 0.04
"""Of a traced line, in the units of :data:`Places` (a choice): half of it moves no foot of a dipole
by more than 0.01°."""

POLAR_STEP = STEP / 20
"""Within a step of a pole: it leads to 0.1° from it."""

MAX_STEPS = 400

MAX_CROSSINGS = 4
"""Of the poles, by one line."""

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

        At the poles, where the first would be infinite, no longitude is better than another.
        """
        rates = self.field_gauss.copy()
        rates[:, 1:-1, :, 0] /= np.cos(self.nodes[1])[1:-1, None]
        rates[:, [0, -1], :, 0] = 0
        rates[..., 1] *= -1
        spacing = [axis[1] - axis[0] for axis in self.nodes]
        origin = [axis[0] for axis in self.nodes]
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


def follow(shell: Shell, places: Places, *, outwards: bool) -> Ends:
    """Follow the line through each place, up or down from there, to a sphere of the shell."""
    along = (shell.at(places)[:, 2] > 0) == outwards
    found = places.copy()
    for chosen, direction in ((along, 1), (~along, -1)):
        for start in range(0, np.count_nonzero(chosen), BATCH):
            batch = np.flatnonzero(chosen)[start : start + BATCH]
            found[batch] = _traced(shell, places[batch], direction)
    bottom, top = np.log(shell.inner), np.log(shell.outer)
    outside = found[:, 2] > (bottom + top) / 2
    return Ends(_on_sphere(shell, found, np.where(outside, top, bottom)), outside)


def _traced(shell: Shell, places: Places, direction: int) -> Places:
    """The last point of each line; lines that meet a pole go on down the opposite meridian."""
    ends = _last(shell, places, direction, STEP)
    for _ in range(MAX_CROSSINGS):
        stopped = np.flatnonzero(
            _between_spheres(shell, ends) & (np.abs(ends[:, 1]) > np.pi / 2 - STEP)
        )
        if stopped.size == 0:
            break
        near = _last(shell, ends[stopped], direction, POLAR_STEP)
        near[:, 0] = np.where(_between_spheres(shell, near), near[:, 0] + np.pi, near[:, 0])
        ends[stopped] = _last(shell, near, direction, STEP)
    return ends


def _last(shell: Shell, places: Places, direction: int, step: float) -> Places:
    inside = places.copy()
    inside[:, 0] %= 2 * np.pi
    # On the very edge the tracer would take rounding for an exit.
    inside[:, 1] = np.clip(inside[:, 1], POLAR_STEP / 2 - np.pi / 2, np.pi / 2 - POLAR_STEP / 2)
    inside[:, 2] = np.clip(inside[:, 2], np.log(shell.inner) + 1e-9, np.log(shell.outer) - 1e-9)
    tracer = StreamTracer(MAX_STEPS, step)
    tracer.trace(inside, shell.rates, direction=direction)
    return np.stack([line[-1] for line in tracer.xs])


def _between_spheres(shell: Shell, places: Places) -> NDArray[np.bool_]:
    height = places[:, 2]
    return (height > np.log(shell.inner) + STEP) & (height < np.log(shell.outer) - STEP)


def _on_sphere(shell: Shell, places: Places, height: Array) -> Places:
    """Go on straight along B for the last, partial step."""
    east, south, radial = shell.at(places).T
    rise = np.where(radial == 0, np.inf, radial)
    slope = (
        np.stack([east / np.maximum(np.cos(places[:, 1]), STEP), -south], axis=1) / rise[:, None]
    )
    moved = slope * (height - places[:, 2])[:, None]
    # A nearly horizontal field would lead anywhere.
    moved *= (STEP / np.maximum(np.linalg.norm(moved, axis=1), STEP))[:, None]
    longitude = (places[:, 0] + moved[:, 0]) % (2 * np.pi)
    latitude = np.clip(places[:, 1] + moved[:, 1], -np.pi / 2, np.pi / 2)
    return np.stack([longitude, latitude, height], axis=1)
