"""Synchronic map in the layout of GONG's hourly zero-point corrected map, ``mrzqs``.

WSA calls this source ``gong_z``; EUHFORIA runs on it. The file name is part of the format.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from math import floor

import numpy as np
from astropy.io import fits
from astropy.time import Time

from farside import __version__
from farside.io.atomic import NamedFile
from farside.io.cards import Card, add_cards
from farside.solarwind.grids import GONG_GRID, Plane, scaled_field
from farside.sun.carrington_rotation import EAST_DEG, rotation_number
from farside.synchronic.cards import add_provenance, fits_bytes, flag_cards
from farside.synchronic.map import SynchronicMap


@dataclass(frozen=True)
class LeftEdge:
    """Left edge of a GONG map: 60° east of the whole degree nearest to the central meridian.

    All its numbers follow from one count of whole degrees, so they agree at every roll-over.

    Attributes
    ----------
    now
        Fractional rotation number at the central meridian (CRNOW).
    """

    now: float

    @property
    def central_deg(self) -> int:
        """Longitude of the whole degree nearest to the central meridian, 0 to 359 (MAPL0)."""
        return -self._turned_deg % 360

    @property
    def longitude_deg(self) -> int:
        """Longitude of the edge, 0 to 359 (LONG0, MAPEDGE)."""
        return -(self._turned_deg + EAST_DEG) % 360

    @property
    def centre_deg(self) -> int:
        """Carrington longitude of the middle of the map (CRVAL1)."""
        return (self.longitude_deg + 180) % 360

    @property
    def carrington(self) -> float:
        """Fractional rotation number at the edge (CREDGE)."""
        return (self._turned_deg + EAST_DEG) / 360

    @property
    def central(self) -> float:
        """Fractional rotation number 60° from the edge (CR60)."""
        return self._turned_deg / 360

    @property
    def centre(self) -> float:
        """Fractional rotation number at the middle of the map (CRCENTER)."""
        return (self._turned_deg + EAST_DEG - 180) / 360

    @property
    def rotation_number(self) -> int:
        """Number of the rotation that the first column belongs to (CAR_ROT).

        The integer part of CREDGE, except for an edge at longitude 0: there a rotation has just
        ended, all columns belong to it, and GONG writes its number (as in ``c2048_000``, the map
        of rotation 2048). So CREDGE = CAR_ROT + (360 - LONG0) / 360 always holds.
        """
        return (self._turned_deg + EAST_DEG - 1) // 360

    @property
    def adjustment_deg(self) -> float:
        """Longitude of the central meridian minus its nearest whole degree (LONGADJ)."""
        return self._turned_deg - 360 * self.now

    @property
    def name(self) -> str:
        """Name of the map, such as ``"2210_166"`` (MAPNAME)."""
        return f"{self.rotation_number}_{self.longitude_deg:03d}"

    @property
    def _turned_deg(self) -> int:
        return floor(360 * self.now + 0.5)


def pack(sun_map: SynchronicMap, *, flux_scale: float = 1.0) -> NamedFile:
    """Build ``mrzqsYYMMDDtHHMMcCCCC_LLL.fits.gz`` in memory.

    Parameters
    ----------
    flux_scale
        Factor applied to the field; on one quiet day GONG showed 0.65 of HMI's.

    Raises
    ------
    FormatError
        A pixel is not finite, or the flux scale is not positive.
    """
    field = scaled_field(sun_map, GONG_GRID, flux_scale)
    edge = LeftEdge(rotation_number(sun_map.time))
    hdu = fits.PrimaryHDU(np.roll(field, -edge.longitude_deg, axis=1))
    add_cards(hdu.header, _cards(sun_map, edge, field))
    add_cards(hdu.header, flag_cards(sun_map, flux_scale))
    hdu.header.add_comment(
        "Not a product of NSO: a map by Farside in the layout of GONG's mrzqs maps."
    )
    add_provenance(hdu.header, sun_map)
    # No file name or time in the gzip header: equal maps give equal files.
    packed = gzip.compress(fits_bytes([hdu], _minute(sun_map.time)), mtime=0)
    return NamedFile(f"{_stem(sun_map.time, edge)}.fits.gz", packed)


def _minute(time: Time) -> str:
    """Time without its seconds, which the format does not have."""
    return f"{time.utc.isot[:16]}:00"


def _stem(time: Time, edge: LeftEdge) -> str:
    return f"mrzqs{time.utc.strftime('%y%m%dt%H%M')}c{edge.name}"


def _cards(sun_map: SynchronicMap, edge: LeftEdge, field: Plane) -> Iterator[Card]:
    yield "ORIGIN", f"Farside {__version__}", "not NSO: see COMMENT"
    yield "TELESCOP", "NSO-GONG", "whose layout this is"
    yield from _time_cards(_minute(sun_map.time))
    yield "DATATYPE", "REAL*4", "Type of data"
    yield "CAR_ROT", edge.rotation_number, "Carr-rot. number of position 0.0"
    yield from _longitude_axis(edge)
    yield from _rotation_axis(edge)
    yield "IMTYPE", "MAGNETIC", ""
    yield "NFILETOT", len(sun_map.sources), "Total number of files included"
    yield "LONG0", edge.longitude_deg, "Init. Carr-long. of synoptic map"
    yield from statistics(field)
    yield "CARROT", edge.rotation_number, ""
    yield "BUNIT", "Gauss", "radial"
    yield "LONGADJ", round(edge.adjustment_deg, 7), ""
    yield "MAPCOUNT", len(sun_map.sources), ""
    yield "MAPL0", edge.central_deg, ""
    yield "MAPEDGE", edge.longitude_deg, ""
    yield "CREDGE", round(edge.carrington, 6), "Carr-rot of map left edge"
    yield "CRNOW", round(edge.now, 7), "Carr-rot of Now"
    yield "CR60", round(edge.central, 7), "Carr-rot of 60 degrees in"
    yield "CRCENTER", round(edge.centre, 7), "Carr-rot of map cntr"
    yield "MAPNAME", edge.name, ""
    yield "FILELIST", _stem(sun_map.time, edge), "this file"


def _time_cards(minute: str) -> Iterator[Card]:
    date, clock = minute[:10], minute[11:16]
    yield "DATE", minute, ""
    yield "DATE-OBS", date, ""
    yield "TIME-OBS", clock, ""
    yield "MAPDATE", date, "UT Date of this map"
    yield "MAPTIME", clock, "UT Time of this map"


def _longitude_axis(edge: LeftEdge) -> Iterator[Card]:
    """Yield GONG's coordinates: no CUNIT, and CDELT2 in sine latitude."""
    yield "WCSNAME", "Carrington Cylin-equal-area", ""
    yield "CTYPE1", "CRLN-CEA", "Carrington longitude"
    yield "CTYPE2", "CRLT-CEA", "Carrington sine latitude"
    yield "CRPIX1", 180.5, "180 degrees from initial longitude"
    yield "CRPIX2", 90.5, "Equator of map"
    yield "CRVAL1", edge.centre_deg, "Carrington longitude of map cntr (deg)"
    yield "CRVAL2", 0.0, "Sine-lat of Equator"
    yield "PV2_1", 1.0, "Lambda for latitude coordinate"
    yield "CDELT1", 1.0, "Carrington long. step (deg)"
    yield "CDELT2", 0.0111111, "Sine-lat step"


def _rotation_axis(edge: LeftEdge) -> Iterator[Card]:
    yield "WCSNAMEA", "Carrington-rotation Cylin-equal-area", ""
    yield "CTYPE1A", "CRN-CEA", "Carrington rotation number"
    yield "CTYPE2A", "CRLT-CEA", "Carrington sine latitude"
    yield "CRPIX1A", 180.5, "Half rotation from initial pixel"
    yield "CRPIX2A", 90.5, "Equator of map"
    yield "CRVAL1A", round(edge.centre, 6), "Carr-rot of map cntr"
    yield "CRVAL2A", 0.0, "Sine-lat of Equator"
    yield "PV2_1A", 1.0, "Lambda for latitude coordinate"
    yield "CDELT1A", -0.00277777777778, "Carrington step (rotation)"
    yield "CDELT2A", 0.0111111, "Sine-lat step"


def statistics(field: Plane) -> Iterator[Card]:
    """Yield the moments of the field as cards of GONG."""
    values = field.astype(np.float64)
    apart = values - values.mean()
    spread = float(apart.std())
    unit = apart / spread if spread else apart
    for keyword, value, comment in (
        ("IMGMN01", values.mean(), "Image mean"),
        ("IMGRMS01", spread, "Image RMS (Standard Deviation)"),
        ("IMGSKW01", (unit**3).mean(), "Image skewness"),
        ("IMGMIN01", values.min(), "Image Min"),
        ("IMGMAX01", values.max(), "Image Max"),
        ("IMGADV01", np.abs(apart).mean(), "Image Average Deviation"),
        ("IMGVAR01", spread**2, "Image Variance"),
        ("IMGKUR01", (unit**4).mean() - 3, "Image Kurtosis"),
    ):
        yield keyword, round(float(value), 6), comment
