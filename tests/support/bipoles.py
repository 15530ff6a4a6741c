"""Poles of known flux on the sphere, as a disk shows them."""

import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

from farside.magnetogram.magnetogram import ModelProvenance
from farside.quality import Quality
from farside.sun.angles import wrap_deg
from farside.sun.grid import Grid, Image
from farside.sun.heliographic import lines_of_sight, trace
from farside.sun.observer import SOLAR_RADIUS_M, Observer, View
from farside.synchronic.disk import MapDisk

GRID = Grid(256, 112.5)
TIME = Time("2024-06-01T00:00:00.000", scale="utc")
LONGITUDE, LATITUDE = 200.0, 18.0
GAUSS, WIDTH_DEG, APART_DEG = 400.0, 1.2, 8.0

Degrees = NDArray[np.float64]


def pole(longitude: Degrees, latitude: Degrees, lon_deg: float, lat_deg: float) -> Degrees:
    """B_r of one pole, `GAUSS` exp((cos d - 1) / w²), d its distance."""
    lon, lat, lon0, lat0 = (np.radians(each) for each in (longitude, latitude, lon_deg, lat_deg))
    cosine = np.sin(lat) * np.sin(lat0) + np.cos(lat) * np.cos(lat0) * np.cos(lon - lon0)
    return np.asarray(GAUSS * np.exp((cosine - 1) / np.radians(WIDTH_DEG) ** 2))


def pole_flux_mx() -> float:
    """∫ B_r dA of one pole."""
    return float(2 * np.pi * (100 * SOLAR_RADIUS_M * np.radians(WIDTH_DEG)) ** 2 * GAUSS)


def bipole(longitude: Degrees, latitude: Degrees, lon_deg: float = LONGITUDE) -> Degrees:
    """A positive pole west of a negative one, about (`lon_deg`, `LATITUDE`)."""
    half = APART_DEG / 2
    west = pole(longitude, latitude, lon_deg + half, LATITUDE)
    return west - pole(longitude, latitude, lon_deg - half, LATITUDE)


def observer_at(meridian_deg: float, latitude_deg: float = -5.0, time: Time = TIME) -> Observer:
    """One from whose central meridian the bipole is so far west."""
    earth = Observer(0.0, latitude_deg, 1.5e11).carrington_longitude_deg(time)
    return Observer(wrap_deg(LONGITUDE - meridian_deg - earth), latitude_deg, 1.45e11)


def view_of(meridian_deg: float, time: Time = TIME) -> View:
    return View(observer_at(meridian_deg, time=time), time)


def image_of(view: View, grid: Grid = GRID, lon_deg: float = LONGITUDE) -> Image:
    """B_r μ, NaN off the disk."""
    points = trace(*lines_of_sight(grid, view.observer), view.observer, view.time)
    seen = bipole(points.longitude_deg, points.latitude_deg, lon_deg) * points.mu
    return np.where(grid.on_disk(), seen, np.nan).astype(np.float32)


MODEL = ModelProvenance("pix2pixcc", "1", "ab", "SIMULATED", "torch", "float32")


def disk(
    meridian_deg: float,
    time: Time = TIME,
    name: str = "a.fits",
    instrument: str = "HMI",
    generator: ModelProvenance | None = None,
    quality: Quality = Quality.GOOD,
) -> MapDisk:
    view = view_of(meridian_deg, time)
    return MapDisk(
        image_of(view), GRID, view, instrument, name, quality=quality, generator=generator
    )
