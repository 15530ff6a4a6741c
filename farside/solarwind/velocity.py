"""Velocity file of WSA: field and speed at 21.5 solar radii, which ENLIL and HUXt read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import astropy.units as u
import numpy as np
from astropy.io import fits
from astropy.time import Time
from numpy.typing import NDArray

from farside import __version__
from farside.errors import FormatError
from farside.io.atomic import NamedFile
from farside.io.cards import Card, add_cards
from farside.quality import Quality
from farside.sun.carrington_rotation import (
    EAST_DEG,
    SYNODIC_DAYS,
    central_longitude_deg,
    rotation_number,
)
from farside.synchronic.cards import fits_bytes

SHAPE = 90, 180
"""Rows and columns: 2° in latitude and longitude."""

RADIUS = 21.5
"""Radius of the sphere, solar radii."""


@dataclass(frozen=True, eq=False)
class VelocityMap:
    """Solar wind on the sphere of 21.5 solar radii.

    Attributes
    ----------
    time
        Time of the photospheric map.
    field_nt, speed_km_s
        Radial field and speed, (row, column): row 0 south, columns from Carrington longitude 1°.
    law
        Formula of the speed (VELEQN).
    interface, source_surface
        Heights of the model, solar radii.
    name
        File of the photospheric map.
    quality
        Quality of that map.
    """

    time: Time
    field_nt: NDArray[np.float64]
    speed_km_s: NDArray[np.float64]
    law: str
    interface: float
    source_surface: float
    name: str = ""
    quality: Quality = Quality.GOOD


def pack(wind: VelocityMap) -> NamedFile:
    """Build ``farside_vel_21.5rs_YYYYMMDDhhmm.fits`` in memory: (2, 90, 180), nT and km/s.

    The first column is at CARRLONG + 1°. CARRLONG is 60° ahead of the central meridian, as in WSA's
    files, to the nearest even degree, so that no column is interpolated.

    Raises
    ------
    FormatError
        A plane has another shape, or a value that is not finite.
    """
    for title, plane in (("field", wind.field_nt), ("speed", wind.speed_km_s)):
        if plane.shape != SHAPE or not np.isfinite(plane).all():
            raise FormatError(
                f"{title} of the wind has shape {plane.shape} and"
                f" {np.count_nonzero(~np.isfinite(plane))} values that are not finite, expected"
                f" {SHAPE} and none"
            )
    edge_deg = _edge_deg(wind.time)
    planes = np.stack([wind.field_nt, wind.speed_km_s]).astype(np.float32)
    hdu = fits.PrimaryHDU(np.roll(planes, -edge_deg // 2, axis=2))
    add_cards(hdu.header, _cards(wind, edge_deg))
    hdu.header.add_comment("ARRAY 1: coronal field at RADOUT (nT)")
    hdu.header.add_comment("ARRAY 2: velocity (km/s)")
    hdu.header.add_comment("Not a product of NOAA: a wind by Farside in the layout of WSA.")
    for bit in wind.quality:
        hdu.header.add_comment(f"QUALITY bit {bit.value}: {bit.name}")
    name = f"farside_vel_21.5rs_{wind.time.utc.strftime('%Y%m%d%H%M')}.fits"
    return NamedFile(name, fits_bytes([hdu], wind.time.utc.isot[:19]))


def _edge_deg(time: Time) -> int:
    return 2 * round((central_longitude_deg(time) - EAST_DEG) / 2) % 360


def _cards(wind: VelocityMap, edge_deg: int) -> Iterator[Card]:
    time, now = wind.time.utc, rotation_number(wind.time)
    central_deg = central_longitude_deg(wind.time)
    ahead_deg = (central_deg - edge_deg) % 360
    days = SYNODIC_DAYS / 360
    yield "OBSER", "farside", "Observatory"
    # As in GONG's maps, an edge at longitude 0 is of the rotation that ends there.
    rotation = round(now + (ahead_deg + edge_deg) / 360) - 1
    yield "CARROT", rotation, "Carr. Rot. of leading edge of map"
    yield "CARRLONG", float(edge_deg), "Long. of leading edge of map"
    yield "RADOUT", RADIUS, "Outer boundary radius (Rs)"
    yield "RADINT", wind.interface, "Interface radius (Rs)"
    yield "RADSS", wind.source_surface, "Source Surface radius (Rs)"
    yield "GRID", 2.0, "Uniform grid res., del(Lat)=del(Long) (deg)"
    yield "RANCS", True, "PFSS + Current Sheet Run"
    end = time + ahead_deg * days * u.day
    yield "ENDDATE", end.strftime("%Y:%m:%d"), "Date of leading longitude"
    yield "MAPTYPE", "DU", "Type of Map"
    yield "OBSJUL", round(float(time.jd), 4), "Obs. Julian Date of latest magnetogram (CM)"
    yield "OBSCAR", int(now), "Carr. Rot. of latest magnetogram (CM)"
    yield "OBSLON", round(central_deg, 2), "Long. of latest magnetogram (CM)"
    yield "OBSTIME", time.strftime("%Y:%m:%d_%Hh:%Mm:%Ss"), "Obs. time of latest magnetogram (CM)"
    yield "PROVERS", f"Farside {__version__}", "software that wrote this file"
    yield "REALIZ", 0, "Realization number"
    yield "FILELIST", wind.name[:60], "File Specification"
    centre = float(time.jd) - (180 - ahead_deg) * days
    yield "JULDATE", centre, "Julian date at center of map"
    yield "VELEQN", wind.law, "Velocity Equation"
    yield "UNITS1", "nano-tesla", "Units of Coronal field"
    yield "UNITS2", "km sec-1", "Units of velocity"
    yield "QUALITY", int(wind.quality), "of the photospheric map, 0 is good"
