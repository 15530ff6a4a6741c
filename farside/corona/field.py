"""Magnetic field on a spherical shell, and its coordinates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator

Array = NDArray[np.float64]

SphericalPoints = NDArray[np.float64]
"""Points, (n, 3): longitude and latitude in radians, natural logarithm of the radius in solar
radii."""


@dataclass(frozen=True, eq=False)
class SphericalShell:
    """Magnetic field on nodes between two spheres.

    Attributes
    ----------
    field_gauss
        Eastward, southward and radial components, (longitude, latitude, height, 3). The nodes are
        in equal steps of longitude from 0 to 360° inclusive, of latitude from pole to pole, and of
        ln(radius) from the inner sphere to the outer one.
    inner, outer
        Radii of the spheres, solar radii.
    """

    field_gauss: Array
    inner: float
    outer: float

    def field_at(self, places: SphericalPoints) -> Array:
        """Field by linear interpolation, gauss, (n, 3): eastward, southward and radial."""
        inside = places.copy()
        inside[:, 0] %= 2 * np.pi
        inside[:, 2] = np.clip(inside[:, 2], *self.heights)
        return np.asarray(self._interpolator(inside))

    def radial_gauss(self, radius: float, rows: int, columns: int) -> Array:
        """Radial field at the centres of equal-area cells, gauss, (row, column), row 0 south."""
        field = self.field_at(sphere_points(radius, cell_longitude(columns), cell_latitude(rows)))
        return field[:, 2].reshape(rows, columns)

    @property
    def heights(self) -> tuple[float, float]:
        """Natural logarithms of the radii of both spheres, inner first."""
        return math.log(self.inner), math.log(self.outer)

    @cached_property
    def nodes(self) -> tuple[Array, Array, Array]:
        """Coordinates of the nodes: longitude and latitude, radians, and ln(radius)."""
        longitudes, latitudes, heights = self.field_gauss.shape[:3]
        return (
            np.linspace(0, 2 * np.pi, longitudes),
            np.linspace(-np.pi / 2, np.pi / 2, latitudes),
            np.linspace(*self.heights, heights),
        )

    @cached_property
    def _interpolator(self) -> RegularGridInterpolator:
        return RegularGridInterpolator(self.nodes, self.field_gauss)

    def cartesian_at(self, places: SphericalPoints) -> Array:
        """Field as by :meth:`field_at`, but x towards longitude 0 and z north, gauss, (n, 3)."""
        inside = places.copy()
        inside[:, 0] %= 2 * np.pi
        inside[:, 2] = np.clip(inside[:, 2], *self.heights)
        return np.asarray(self._cartesian_interpolator(inside))

    @cached_property
    def cartesian_gauss(self) -> Array:
        """Cartesian components on the nodes: smooth across the poles and longitude 0."""
        longitude, latitude, _ = self.nodes
        east, south, radial = np.moveaxis(self.field_gauss, -1, 0)
        sine, cosine = np.sin(latitude)[:, None], np.cos(latitude)[:, None]
        outwards = radial * cosine + south * sine
        turn_sine, turn_cosine = np.sin(longitude)[:, None, None], np.cos(longitude)[:, None, None]
        field = np.empty(self.field_gauss.shape)
        field[..., 0] = outwards * turn_cosine - east * turn_sine
        field[..., 1] = outwards * turn_sine + east * turn_cosine
        field[..., 2] = radial * sine - south * cosine
        return field

    @cached_property
    def _cartesian_interpolator(self) -> RegularGridInterpolator:
        return RegularGridInterpolator(self.nodes, self.cartesian_gauss)


def cell_longitude(columns: int) -> Array:
    """Longitudes of the centres of columns, radians."""
    return (np.arange(columns) + 0.5) * 2 * np.pi / columns


def cell_latitude(rows: int) -> Array:
    """Latitudes of the centres, in sine latitude, of rows of equal area; radians, south first."""
    return np.arcsin((np.arange(rows) + 0.5) * 2 / rows - 1)


def sphere_points(radius: float, longitude: Array, latitude: Array) -> SphericalPoints:
    """Points of a longitude-latitude grid at one radius (solar radii), row by row."""
    latitudes, longitudes = np.meshgrid(latitude, longitude, indexing="ij")
    height = np.full(latitudes.size, np.log(radius))
    return np.stack([longitudes.ravel(), latitudes.ravel(), height], axis=1)


def cartesian(places: SphericalPoints) -> Array:
    """Cartesian coordinates (n, 3) in solar radii: x towards longitude 0, z north."""
    longitude, latitude, height = places.T
    across = np.cos(latitude)
    unit = [across * np.cos(longitude), across * np.sin(longitude), np.sin(latitude)]
    return np.asarray((np.exp(height) * unit).T)


def spherical(points: Array) -> SphericalPoints:
    """Spherical coordinates of points (n, 3) in solar radii, the inverse of :func:`cartesian`."""
    x, y, z = points.T
    radius = np.linalg.norm(points, axis=1)
    latitude = np.arcsin(np.clip(z / radius, -1, 1))
    return np.stack([np.arctan2(y, x) % (2 * np.pi), latitude, np.log(radius)], axis=1)
