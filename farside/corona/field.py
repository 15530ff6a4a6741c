"""A magnetic field between two spheres."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator
from streamtracer import VectorGrid

Array = NDArray[np.float64]

Places = NDArray[np.float64]
"""Points, (n, 3): longitude and latitude in radians, natural logarithm of the radius."""

BAND_DEG = 82.0
"""Nodes up to here are given as rates: round the poles a longitude says little."""

MARGIN_DEG = 90.0
"""Of longitude, that the rates go on for on either side of the map: the tracer does not see round
it (streamtracer's own cyclic edges bend lines, or stop them, where they cross longitude 0)."""


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
        inside[:, 2] = np.clip(inside[:, 2], *self.heights)
        return np.asarray(self._interpolator(inside))

    def radial_gauss(self, radius: float, rows: int, columns: int) -> Array:
        """Radial field in the middle of equal-area cells, (row, column), row 0 south."""
        field = self.at(sphere(radius, cell_longitude(columns), cell_latitude(rows)))
        return field[:, 2].reshape(rows, columns)

    @property
    def heights(self) -> tuple[float, float]:
        """Natural logarithms of the radii of both spheres."""
        return math.log(self.inner), math.log(self.outer)

    @cached_property
    def nodes(self) -> tuple[Array, Array, Array]:
        """Longitude and latitude, radians; ln(radius)."""
        longitudes, latitudes, heights = self.field_gauss.shape[:3]
        return (
            np.linspace(0, 2 * np.pi, longitudes),
            np.linspace(-np.pi / 2, np.pi / 2, latitudes),
            np.linspace(*self.heights, heights),
        )

    @cached_property
    def _interpolator(self) -> RegularGridInterpolator:
        return RegularGridInterpolator(self.nodes, self.field_gauss)

    @cached_property
    def rates(self) -> VectorGrid:
        """How a line along B moves through longitude, latitude and ln(r): B_φ/cos λ, -B_θ and B_r.

        Without the caps round the poles, where the first grows beyond all bounds, and with
        `MARGIN_DEG` more on either side.
        """
        band = np.abs(self.nodes[1]) <= self.band_edge
        longitude, latitude, height = self.nodes[0], self.nodes[1][band], self.nodes[2]
        rates = self.field_gauss[:, band]
        rates[..., 0] /= np.cos(latitude)[:, None]
        rates[..., 1] *= -1
        more = int(np.radians(MARGIN_DEG) / longitude[1])
        around = np.concatenate([rates[-1 - more : -1], rates, rates[1 : more + 1]])
        spacing = [axis[1] - axis[0] for axis in (longitude, latitude, height)]
        return VectorGrid(around, spacing, [-more * spacing[0], latitude[0], height[0]])

    @cached_property
    def band_edge(self) -> float:
        """Latitude of the last node of the rates, radians."""
        latitude = self.nodes[1]
        return float(latitude[latitude <= np.radians(BAND_DEG)].max())


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


def spherical(points: Array) -> Places:
    """Places of points given as :func:`cartesian` gives them."""
    x, y, z = points.T
    radius = np.linalg.norm(points, axis=1)
    latitude = np.arcsin(np.clip(z / radius, -1, 1))
    return np.stack([np.arctan2(y, x) % (2 * np.pi), latitude, np.log(radius)], axis=1)
