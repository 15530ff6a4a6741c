"""What the files for coronal models share: their grids, checks, and how they reach the folder."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from math import isfinite
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.time import Time
from numpy.typing import NDArray

from farside.carrington import CarringtonGrid, resample
from farside.carringtontime import central_longitude_deg
from farside.errors import FormatError
from farside.observer import ASTRONOMICAL_UNIT_M, SOLAR_RADIUS_M, earth
from farside.product import Card
from farside.synchronicmap import SynchronicMap
from farside.wholefile import NamedFile

GONG_GRID = CarringtonGrid(360, 180, "sine")
ADAPT_GRID = CarringtonGrid(360, 180, "uniform")
"""Of ADAPT and of WSA."""

Plane = NDArray[np.float32]


def scaled_field(made: SynchronicMap, grid: CarringtonGrid, flux_scale: float) -> Plane:
    """Radial field on the grid of a format, times the flux scale; its flux is conserved.

    Raises
    ------
    FormatError
        A pixel is not finite, or the flux scale is not positive.
    """
    check(made, flux_scale)
    return (flux_scale * resample(made.field_gauss, made.grid, grid)).astype(np.float32)


def check(made: SynchronicMap, flux_scale: float = 1.0) -> None:
    """Refuse what no coronal model could use: a NaN stops EUHFORIA.

    Raises
    ------
    FormatError
        A pixel is not finite, or the flux scale is not positive.
    """
    if not (isfinite(flux_scale) and flux_scale > 0):
        raise FormatError(f"the flux scale is {flux_scale}, expected a positive number")
    for name, plane in (("field", made.field_gauss), ("sigma", made.sigma_gauss)):
        lost = int(np.count_nonzero(~np.isfinite(plane)))
        if lost:
            raise FormatError(f"{lost} pixels of the map's {name} are not finite, expected none")


def earth_cards(time: Time) -> Iterator[Card]:
    """Earth as the observer of the whole Sun."""
    place = earth(time)
    yield "HGLN_OBS", place.longitude_deg, "[deg] Earth"
    yield "HGLT_OBS", place.latitude_deg, "[deg] heliographic latitude of Earth"
    yield "CRLN_OBS", central_longitude_deg(time), "[deg] central meridian"
    yield "DSUN_OBS", place.distance_m, "[m] distance of Earth"
    yield "DSUN_REF", ASTRONOMICAL_UNIT_M, "[m] astronomical unit"
    yield "RSUN_REF", SOLAR_RADIUS_M, "[m] solar radius (IAU 2015)"


def as_bytes(hdus: list[fits.PrimaryHDU], written: str) -> bytes:
    """One file of these HDUs, with CHECKSUM and DATASUM.

    Parameters
    ----------
    written
        Time that the comments of both cards name, so that equal maps give equal files.
    """
    for hdu in hdus:
        hdu.add_checksum(when=written)
    file = BytesIO()
    fits.HDUList(hdus).writeto(file)
    return file.getvalue()


def put(data: bytes, path: Path) -> Path:
    """Write a file of which readers of its folder, made if need be, see the whole or nothing."""
    return NamedFile(path.name, data).put(path.parent)
