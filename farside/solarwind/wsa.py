"""Synchronic map as the simplest input of WSA: one plane in uniform latitude."""

from __future__ import annotations

from collections.abc import Iterator

from astropy.io import fits
from astropy.time import Time

from farside import __version__
from farside.io.atomic import NamedFile
from farside.io.cards import Card, add_cards
from farside.solarwind.grids import ADAPT_GRID, scaled_field
from farside.sun.carrington_rotation import rotation_number
from farside.synchronic.cards import add_provenance, earth_cards, fits_bytes, flag_cards
from farside.synchronic.map import SynchronicMap


def pack(sun_map: SynchronicMap, *, flux_scale: float = 1.0) -> NamedFile:
    """Build ``farside_wsa_YYYYMMDDhhmm.fits`` in memory.

    Raises
    ------
    FormatError
        A pixel is not finite, or the flux scale is not positive.
    """
    hdu = fits.PrimaryHDU(scaled_field(sun_map, ADAPT_GRID, flux_scale))
    add_cards(hdu.header, _cards(sun_map))
    add_cards(hdu.header, flag_cards(sun_map, flux_scale))
    add_provenance(hdu.header, sun_map)
    data = fits_bytes([hdu], sun_map.time.utc.isot[:19])
    return NamedFile(f"farside_wsa_{sun_map.time.utc.strftime('%Y%m%d%H%M')}.fits", data)


def map_cards(time: Time, data: str) -> Iterator[Card]:
    """Yield the cards of time and coordinates of WSA's specification and of ADAPT.

    Parameters
    ----------
    data
        Instrument of the measured field, as in ``"HMI"``.
    """
    now = rotation_number(time)
    yield "MAPTIME", time.utc.isot[:19], "Date & time info for map/mag"
    yield "MAPDATA", data, "Data instrument/telescope source"
    yield "MAPJUL", float(time.utc.jd), "Julian Date of latest map/mag"
    yield "MAPCR", now, "Carrington rot @ CM of latest map/obs"
    yield "CRLNGEDG", 0.0, "WSA SPEC: Carr-long of leading edge"
    yield "CRROTEDG", int(now), "WSA SPEC: Carr-rot of leading edge"
    yield "GRID", 1.0, "Uniform grid res: del(lat)=del(lng)"
    yield "LATTYPE", 0, "Latitude"


def measured_by(sun_map: SynchronicMap) -> str:
    """Instrument of the measured field: HMI if any disk or base map is of HMI, else GONG."""
    names = " ".join(source.instrument for source in sun_map.sources if source.kind != "generated")
    return "HMI" if "HMI" in names else "GONG"


def _cards(sun_map: SynchronicMap) -> Iterator[Card]:
    yield "ORIGIN", f"Farside {__version__}", "software that wrote this file"
    yield "BUNIT", "Gauss", "radial, positive outwards"
    yield "DATE-OBS", sun_map.time.utc.isot, "time of the map"
    yield from earth_cards(sun_map.time)
    yield from map_cards(sun_map.time, measured_by(sun_map))
    yield "MODEL", "FARSIDE", "Model Name"
    yield "MODELDA", 0, "DA model: none, a weighted mean"
    yield "MODELVER", __version__, "Model Version"
    for axis, name, centre, value in ((1, "CRLN-CAR", 180.5, 180.0), (2, "CRLT-CAR", 90.5, 0.0)):
        yield f"CTYPE{axis}", name, ""
        yield f"CUNIT{axis}", "deg", ""
        yield f"CRPIX{axis}", centre, ""
        yield f"CRVAL{axis}", value, "[deg]"
        yield f"CDELT{axis}", 1.0, "[deg/pix]"
