"""A dipole below a source surface: all of its corona is known in closed form.

With the axis at angle θ and R the source surface, B_r = B cos θ (2 / r³ + 1 / R³) / (2 + 1 / R³);
along a line sin²θ grows from the foot to the source surface by (2 R³ + 1) / (3 R²).
"""

from functools import lru_cache

import numpy as np
from astropy.time import Time

from farside.corona.field import SphericalPoints
from farside.corona.open_field import OpenField, open_field
from farside.corona.pfss import PotentialField, extrapolate
from farside.sun.carrington_grid import CarringtonGrid, Degrees
from farside.synchronic.map import BaseMap

TIME = Time("2022-03-02T06:14:00", scale="utc")
GRID = CarringtonGrid(180, 90)
STRENGTH_GAUSS = 10.0
SOURCE_SURFACE = 2.5
AXIS_LONGITUDE_DEG = 40.0

WIDENING = (2 * SOURCE_SURFACE**3 + 1) / (3 * SOURCE_SURFACE**2)
"""Of sin²θ, and the expansion factor on the axis."""

BOUNDARY_DEG = float(np.degrees(np.arcsin(np.sqrt(1 / WIDENING))))
"""Of the open field, from the axis: its last line ends above the equator of the dipole."""


def axial_cosine(longitude_deg: Degrees, latitude_deg: Degrees, tilt_deg: float) -> Degrees:
    """Of the angle from the dipole's axis."""
    latitude, tilt = np.radians(latitude_deg), np.radians(tilt_deg)
    turned = np.cos(np.radians(longitude_deg - AXIS_LONGITUDE_DEG))
    return np.asarray(np.sin(latitude) * np.cos(tilt) + np.cos(latitude) * turned * np.sin(tilt))


def axial_cosine_at(places: SphericalPoints, tilt_deg: float) -> Degrees:
    longitude, latitude, _ = np.degrees(places).T
    return axial_cosine(longitude, latitude, tilt_deg)


def map_of(field_gauss: Degrees, grid: CarringtonGrid = GRID) -> BaseMap:
    return BaseMap(field_gauss, grid, TIME, "TEST", "test.fits", "", np.zeros(grid.shape))


def dipole_map(tilt_deg: float = 0.0, grid: CarringtonGrid = GRID) -> BaseMap:
    cosine = axial_cosine(grid.longitude_deg, grid.latitude_deg[:, None], tilt_deg)
    return map_of(STRENGTH_GAUSS * cosine, grid)


@lru_cache(maxsize=1)  # it has 160 MB
def dipole(tilt_deg: float = 0.0) -> PotentialField:
    return extrapolate(dipole_map(tilt_deg), SOURCE_SURFACE)


@lru_cache(maxsize=4)
def holes(tilt_deg: float = 0.0) -> OpenField:
    return open_field(dipole(tilt_deg))
