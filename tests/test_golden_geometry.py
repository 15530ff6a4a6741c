"""Active region 11158 on 2011-02-14/15, seen by four instruments at one place of the Sun.

The figures were measured independently of this code on the same files.
"""

from __future__ import annotations

import importlib.resources
import io
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.time import Time
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from sunpy.coordinates import HeliographicCarrington, HeliographicStonyhurst, Helioprojective

from farside.disk.registration import Disk, register
from farside.io.fits import open_image
from farside.io.wcs import disk_radius_arcsec, pointing_of
from farside.observation.image import read
from farside.sun.grid import Grid
from farside.sun.observer import SOLAR_RADIUS_M, Observer

GRID = Grid(128, 56.25)
MU_LIMIT = 0.35


def installed(name: str) -> bytes:
    path = importlib.resources.files("reproject.tests") / "data" / name
    return Path(str(path)).read_bytes()


def carrington(
    x_arcsec: float, y_arcsec: float, observer: Observer, time: Time
) -> tuple[float, float]:
    """Longitude and latitude of a point of the disk, by sunpy."""
    frame = Helioprojective(
        obstime=time, observer=observer.coordinate(time), rsun=SOLAR_RADIUS_M * u.m
    )
    point = SkyCoord(x_arcsec * u.arcsec, y_arcsec * u.arcsec, frame=frame)
    place = point.transform_to(HeliographicStonyhurst(obstime=time))
    shift = observer.carrington_longitude_deg(time) - observer.longitude_deg
    return float((place.lon.deg + shift) % 360), float(place.lat.deg)


def brightest(disk: Disk) -> tuple[float, float]:
    inner = disk.grid.radius_px() < 0.95 * disk.grid.disk_radius_px
    row, column = np.unravel_index(np.argmax(np.where(inner, disk.image, 0)), inner.shape)
    observer = disk.origin.observer
    step = disk_radius_arcsec(observer.distance_m) / disk.grid.disk_radius_px
    centre = disk.grid.centre_px
    return carrington((column - centre) * step, (row - centre) * step, observer, disk.origin.time)


def on_carrington_grid(disk: Disk) -> NDArray[np.float64]:
    """Image on 2° of longitude and latitude, NaN where μ is small: seen in perspective."""
    observer, time = disk.origin.observer, disk.origin.time
    longitude = np.radians(np.arange(1.0, 360, 2) - observer.carrington_longitude_deg(time))
    latitude, tilt = np.radians(np.arange(-89.0, 90, 2))[:, None], np.radians(observer.latitude_deg)
    west = np.cos(latitude) * np.sin(longitude)
    north = np.sin(latitude) * np.cos(tilt) - np.cos(latitude) * np.cos(longitude) * np.sin(tilt)
    mu = np.sin(latitude) * np.sin(tilt) + np.cos(latitude) * np.cos(longitude) * np.cos(tilt)
    radius = SOLAR_RADIUS_M / observer.distance_m
    scale = disk.grid.disk_radius_px / np.arcsin(radius)
    place = [
        np.arctan2(side * radius, 1 - mu * radius) * scale + disk.grid.centre_px
        for side in (north, west)
    ]
    values = map_coordinates(np.nan_to_num(disk.image), place, order=1)
    return np.where(mu > MU_LIMIT, values, np.nan)


def correlation_with_aia(data: bytes) -> float:
    """Pearson correlation of log intensity with AIA where both see the Sun well."""
    aia = on_carrington_grid(register(read(installed("aia_171_level1.fits")), GRID))
    euvi = on_carrington_grid(register(read(data), GRID))
    both = np.isfinite(aia) & np.isfinite(euvi)
    logs = np.log(np.maximum([aia[both], euvi[both]], 1))
    return float(np.corrcoef(logs)[0, 1])


def with_rotation(data: bytes, pc12: float, pc21: float) -> bytes:
    """Write a file again with another rotation in its header."""
    with fits.open(io.BytesIO(data)) as hdus:
        header = hdus[0].header
        header.remove("BLANK", ignore_missing=True)
        header["PC1_2"], header["PC2_1"] = pc12, pc21
        buffer = io.BytesIO()
        fits.PrimaryHDU(hdus[0].data, header).writeto(buffer)
    return buffer.getvalue()


@pytest.mark.filterwarnings("ignore:Invalid 'BLANK' keyword")  # the real file is so
@pytest.mark.parametrize(
    ("name", "as_the_header_says", "transposed", "without"),
    [("secchi_l0_a.fits", 0.418, -0.04, 0.11), ("secchi_l0_b.fits", 0.336, -0.01, 0.15)],
)
def test_euvi_matches_aia_on_the_sun_only_with_the_rotation_of_its_header(
    name: str, as_the_header_says: float, transposed: float, without: float
) -> None:
    data = installed(name)
    cards = open_image(data).cards
    pc12, pc21 = float(cards["PC1_2"]), float(cards["PC2_1"])
    assert correlation_with_aia(data) == pytest.approx(as_the_header_says, abs=0.02)
    assert correlation_with_aia(with_rotation(data, pc21, pc12)) == pytest.approx(
        transposed, abs=0.04
    )
    assert correlation_with_aia(with_rotation(data, 0.0, 0.0)) == pytest.approx(without, abs=0.04)


def test_brightest_pixel_of_aia_is_active_region_11158() -> None:
    longitude, latitude = brightest(register(read(installed("aia_171_level1.fits")), GRID))
    assert longitude == pytest.approx(30.4, abs=0.8)  # a pixel is 1.1°
    assert latitude == pytest.approx(-22.0, abs=0.8)


@pytest.mark.parametrize(
    ("roll_deg", "expected"), [(None, (30.2, -21.7)), (0.0, (19.6, 8.2))], ids=["180°", "forgotten"]
)
def test_strongest_field_of_hmi_is_active_region_11158(
    shared_data: Path, roll_deg: float | None, expected: tuple[float, float]
) -> None:
    # A cutout, which `read` refuses: its geometry is taken from its header as `read` does.
    image = open_image((shared_data / "real" / "sdo-hmi_2011-02-14_20-34-12.fits").read_bytes())
    cards = dict(image.cards) | ({} if roll_deg is None else {"CROTA2": roll_deg})
    pointing = pointing_of(cards)
    row, column = np.unravel_index(np.nanargmax(np.abs(image.pixels)), image.pixels.shape)
    x, y = pointing.matrix_arcsec @ (np.array([column, row]) - pointing.sun_centre_px)
    time = Time("2011-02-14T20:34:35")
    place = SkyCoord(
        float(cards["CRLN_OBS"]) * u.deg,
        float(cards["CRLT_OBS"]) * u.deg,
        float(cards["DSUN_OBS"]) * u.m,
        frame=HeliographicCarrington(obstime=time, observer="self"),
    ).transform_to(HeliographicStonyhurst(obstime=time))
    observer = Observer(place.lon.deg, place.lat.deg, place.radius.m)
    assert carrington(float(x), float(y), observer, time) == pytest.approx(expected, abs=0.15)
