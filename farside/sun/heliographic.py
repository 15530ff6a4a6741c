"""Heliographic coordinates: lines of sight to surface points and back; differential rotation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

from farside.sun.grid import Grid, Image
from farside.sun.observer import SOLAR_RADIUS_M, Observer, View

Array = NDArray[np.float64]

CARRINGTON_DEG_PER_DAY = 14.1844
"""Sidereal rotation rate of the Carrington frame."""


@dataclass(frozen=True, eq=False)
class SurfacePoints:
    """Surface points where lines of sight meet the Sun; beyond the limb, the nearest limb point.

    All arrays have the shape of the lines of sight.

    Attributes
    ----------
    longitude_deg, latitude_deg
        Carrington longitude in [0, 360), and heliographic latitude, degrees.
    mu
        Cosine of the angle between the line of sight and the vertical; 0 beyond the limb.
    impact
        Distance of the line of sight from the Sun's centre, solar radii.
    """

    longitude_deg: Array
    latitude_deg: Array
    mu: Array
    impact: Array


def limb_tangent(observer: Observer) -> float:
    """Tangent of the apparent solar radius seen by `observer`."""
    return float(np.tan(np.arcsin(SOLAR_RADIUS_M / observer.distance_m)))


def lines_of_sight(grid: Grid, observer: Observer) -> tuple[Array, Array]:
    """Tangents of the angles from disk centre to each grid pixel, west and north, each (y, x)."""
    index = np.arange(grid.size_px) - grid.centre_px
    tangent = index * limb_tangent(observer) / grid.disk_radius_px
    west, north = np.broadcast_arrays(tangent[None, :], tangent[:, None])
    return west, north


def foreshortening(grid: Grid, observer: Observer) -> Image:
    """Cosine μ of the heliocentric angle at each grid pixel, (y, x); 0 beyond the limb.

    Equals the ``mu`` of :func:`trace`, ten times as fast: it needs only the distance from disk
    centre.
    """
    index = np.arange(grid.size_px, dtype=np.float32) - np.float32(grid.centre_px)
    square = (index * np.float32(limb_tangent(observer) / grid.disk_radius_px)) ** 2
    tangent2 = square[:, None] + square[None, :]
    distance = np.float32(observer.distance_m / SOLAR_RADIUS_M)
    mu: Image = np.sqrt(np.maximum(1 - distance**2 * tangent2 / (1 + tangent2), 0))
    return mu


def sine_of_latitude(grid: Grid, observer: Observer) -> Image:
    """Sine of the heliographic latitude of every pixel of a registered view, (y, x).

    That of :func:`trace` inside the disk, in a tenth of its time; beyond the limb it has no
    meaning.
    """
    index = np.arange(grid.size_px, dtype=np.float32) - np.float32(grid.centre_px)
    tangent = index * np.float32(limb_tangent(observer) / grid.disk_radius_px)
    tangent2 = tangent[:, None] ** 2 + tangent[None, :] ** 2
    distance = np.float32(observer.distance_m / SOLAR_RADIUS_M)
    mu, cosine = foreshortening(grid, observer), 1 / np.sqrt(1 + tangent2)
    path = (distance * cosine - mu) * cosine
    tilt = np.radians(np.float32(observer.latitude_deg))
    north, facing = path * tangent[:, None], (distance * tangent2 * cosine + mu) * cosine
    sine: Image = np.clip(north * np.cos(tilt) + facing * np.sin(tilt), -1, 1)
    return sine


def trace(west: Array, north: Array, observer: Observer, time: Time) -> SurfacePoints:
    """Trace lines of sight to the solar surface, in perspective.

    Parameters
    ----------
    west, north
        Tangents of the angles from the Sun's centre towards solar west and north: the
        helioprojective plane of the sky (Thompson 2006, A&A 449, 791, Sect. 4).
    observer, time
        Position of the observer, and when.
    """
    cosine = 1 / np.sqrt(1 + west**2 + north**2)
    distance = observer.distance_m / SOLAR_RADIUS_M
    impact = distance * np.sqrt(1 - cosine**2)
    mu = np.sqrt(np.maximum(1 - impact**2, 0))
    path = (distance * cosine - mu) * cosine
    off = np.maximum(impact, 1)
    x, y, z = path * west / off, path * north / off, (distance - path) / off
    tilt = np.radians(observer.latitude_deg)
    sine = np.clip(y * np.cos(tilt) + z * np.sin(tilt), -1, 1)
    meridian = np.degrees(np.arctan2(x, z * np.cos(tilt) - y * np.sin(tilt)))
    longitude = (meridian + observer.carrington_longitude_deg(time)) % 360
    return SurfacePoints(longitude, np.degrees(np.arcsin(sine)), mu, impact)


def project(
    longitude_deg: Array, latitude_deg: Array, observer: Observer, time: Time
) -> tuple[Array, Array, Array]:
    """Project surface points onto the sky of an observer; the inverse of :func:`trace` for μ > 0.

    Parameters
    ----------
    longitude_deg, latitude_deg
        Carrington longitude and latitude, degrees, of any one shape.
    observer, time
        Position of the observer, and when.

    Returns
    -------
    tuple
        Tangents towards solar west and north, and μ, which is negative behind the limb.
    """
    meridian = np.radians(longitude_deg - observer.carrington_longitude_deg(time))
    latitude, tilt = np.radians(latitude_deg), np.radians(observer.latitude_deg)
    x = np.cos(latitude) * np.sin(meridian)
    facing = np.cos(latitude) * np.cos(meridian)
    y = np.sin(latitude) * np.cos(tilt) - facing * np.sin(tilt)
    z = np.sin(latitude) * np.sin(tilt) + facing * np.cos(tilt)
    distance = observer.distance_m / SOLAR_RADIUS_M
    depth = distance - z
    mu = (distance * z - 1) / np.sqrt(x**2 + y**2 + depth**2)
    return x / depth, y / depth, mu


def pixels_of(
    longitude_deg: Array, latitude_deg: Array, view: View, grid: Grid
) -> tuple[Array, Array, Array]:
    """Positions of surface points on the grid of a registered view.

    Parameters
    ----------
    longitude_deg, latitude_deg
        Carrington longitude and latitude, degrees, of any one shape.

    Returns
    -------
    tuple
        0-based x and y, pixels, and μ, which is negative behind the limb.
    """
    west, north, mu = project(longitude_deg, latitude_deg, view.observer, view.time)
    scale = grid.disk_radius_px / limb_tangent(view.observer)
    return west * scale + grid.centre_px, north * scale + grid.centre_px, mu


def differential_rotation_deg_per_day(latitude_deg: Array) -> Array:
    """Differential rotation rate of magnetic features in the Carrington frame, positive westwards.

    Komm, Howard & Harvey (1993), Sol. Phys. 145, 1: 14.42 - 2.00 sin² λ - 2.09 sin⁴ λ, sidereal.
    """
    s2 = np.sin(np.radians(latitude_deg)) ** 2
    return np.asarray(14.42 - 2.00 * s2 - 2.09 * s2**2 - CARRINGTON_DEG_PER_DAY)
