"""Synchronic map in the layout of ADAPT: an ensemble of realisations in uniform latitude."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from astropy.io import fits
from astropy.time import Time, TimeDelta
from sunpy.coordinates import sun

from farside import __version__
from farside.io.atomic import NamedFile
from farside.io.cards import Card, Column, add_cards, table
from farside.solarwind.grids import ADAPT_GRID
from farside.solarwind.wsa import map_cards, measured_by
from farside.sun.carrington_grid import CarringtonGrid, Map, resample
from farside.sun.carrington_rotation import central_longitude_deg, rotation_number
from farside.synchronic.cards import (
    add_provenance,
    check_finite,
    earth_cards,
    fits_bytes,
    flag_cards,
)
from farside.synchronic.ensemble import Realisations, realisations, seed_of
from farside.synchronic.map import SourceKind, SynchronicMap
from farside.synchronic.merge import balance_flux

REALISATIONS = 12

MISSING = -9999.0
"""Value in ADAPT headers and tables of a number that is not known."""

POLAR_BANDS_DEG = ((62.0, 70.0), (70.0, 90.0), (62.0, 90.0))
"""Latitudes of ADAPT's polar means, found by reproducing the numbers of a real file."""

LAYOUT = "2.0514"
"""Version of ADAPT whose layout is written: [YY - 9].MMDD, ``02e`` in the name of a file."""


def pack(sun_map: SynchronicMap, *, flux_scale: float = 1.0) -> NamedFile:
    """Build ``adapt40x11_02e012_YYYYMMDDhhmm_iddhhmmssn0.fts`` in memory.

    The realisations are those of :func:`~farside.synchronic.ensemble.realisations`, in which whole
    generated regions have the other polarity as often as the map doubts theirs, with a seed that
    depends on the map alone. The flux of each is balanced: a field correlated over degrees has by
    chance a mean of some gauss.

    Raises
    ------
    FormatError
        A pixel is not finite, or the flux scale is not positive.
    """
    check_finite(sun_map, flux_scale)
    generator = np.random.default_rng(seed_of(sun_map))
    drawn = flux_scale * realisations(sun_map, REALISATIONS, ADAPT_GRID, generator)
    sigma = flux_scale * resample(sun_map.sigma_gauss, sun_map.grid, ADAPT_GRID)
    published = np.array([balance_flux(each, ADAPT_GRID)[0] for each in drawn])
    hdus = [
        _primary(sun_map, drawn, published, flux_scale),
        transport_table(REALISATIONS),
        statistics_table("ensemStatInfo", drawn, ADAPT_GRID),
        statistics_table("ensemStatInfo2", published, ADAPT_GRID),
        deviation_plane(sigma, REALISATIONS),
    ]
    return NamedFile(_name(sun_map), fits_bytes(hdus, sun_map.time.utc.isot[:19]))


def _name(sun_map: SynchronicMap) -> str:
    source = {"GONG": 3, "HMI": 4}[measured_by(sun_map)]
    month = "abcdefghijkl"[int(LAYOUT[2:4]) - 1]
    version = f"{int(LAYOUT.split('.')[0]):02d}{month}{REALISATIONS:03d}"
    far = "f" if _days_since(sun_map, "generated") is not None else "n"
    time = sun_map.time.utc.strftime("%Y%m%d%H%M")
    since = _clock(_last_observed_days(sun_map))
    return f"adapt40{source}11_{version}_{time}_i{since}{far}0.fts"


def _clock(days: float) -> str:
    """Format days as ddhhmmss."""
    minutes, seconds = divmod(round(days * 86400), 60)
    hours, minutes = divmod(minutes, 60)
    whole, hours = divmod(hours, 24)
    return f"{min(whole, 99):02d}{hours:02d}{minutes:02d}{seconds:02d}"


def _days_since(sun_map: SynchronicMap, kind: SourceKind) -> float | None:
    """Days since the most recent source of a kind; None without any."""
    times = [source.time for source in sun_map.sources if source.kind == kind]
    ages = [float((sun_map.time - time).to_value("day")) for time in times]
    return max(0.0, min(ages)) if ages else None


def _last_observed_days(sun_map: SynchronicMap) -> float:
    """Days since the most recent measured field: an observed disk, else the base map, else 0."""
    for kind in ("observed", "base"):
        days = _days_since(sun_map, kind)
        if days is not None:
            return days
    return 0.0


def _primary(
    sun_map: SynchronicMap, drawn: Realisations, published: Realisations, flux_scale: float
) -> fits.PrimaryHDU:
    hdu = fits.PrimaryHDU(published.astype(np.float32))
    before, after = (band_mean(stack[0], ADAPT_GRID, -90, 90) for stack in (drawn, published))
    add_cards(hdu.header, _ensemble_cards(sun_map, before, after, flux_scale))
    add_cards(hdu.header, _map_cards(sun_map))
    add_cards(hdu.header, earth_cards(sun_map.time))
    add_cards(hdu.header, flag_cards(sun_map, flux_scale))
    hdu.header["ORIGIN"] = (f"Farside {__version__}", "not NSO: see COMMENT")
    hdu.header.add_comment("Not a product of NSO: a map by Farside in the layout of ADAPT maps.")
    hdu.header.add_comment("Realisations are drawn from the error of the map, not evolved.")
    hdu.header.add_comment("Generated regions have either polarity, by its probability.")
    hdu.header.add_comment("HEL_TYPE 1: the far side is a neural network's, from EUV images.")
    add_provenance(hdu.header, sun_map)
    return hdu


def _ensemble_cards(
    sun_map: SynchronicMap, before: float, after: float, flux_scale: float
) -> Iterator[Card]:
    time = sun_map.time.utc
    midnight = Time(time.isot[:10], scale="utc")
    hmi = measured_by(sun_map) == "HMI"
    yield "ADD_DATE", int(time.strftime("%Y%m%d")), "Date for new map"
    yield "ADD_UT", _hours(time - midnight), "UT for new map"
    yield "LASTSITE", 10 if hmi else 0, "Last obs site: HMI" if hmi else "Last obs site: GONG"
    yield "LAST_OBS", _last_observed_days(sun_map), "Days since last obs merged"
    yield "LAST_RND", MISSING, "Time since random flux merged"
    yield "NEVODAYS", MISSING, "No. of days evolved from init seed map"
    yield "NMODEL", REALISATIONS, "Number of realizations used in model"
    yield "NREAL", REALISATIONS, "Number of realizations in this file"
    yield "COVERAGE", 100, "Percent of columns with 3+ obs"
    yield "MISSING", MISSING, "Value filled in for missing pixels"
    yield "MONOINIT", before, "Initial monopole value"
    yield "MONOFINL", after, "Final monopole value"
    yield "MONODMOD", 1.0, "Model % monopole dampening"
    yield "MONODPUB", 1.0, "Public % monopole dampening"
    yield "MONOCUT", 0.0, "Flux cutoff for monopole correction"
    yield "FLUXSCAL", flux_scale, "Scaling applied to input data"
    yield "SM_MTHD", 0, "Smoothing Type: none"
    yield "SM_CUT_E", MISSING, "Equatorial Smoothing Cutoff [deg]"
    yield "SM_RAD_E", MISSING, "Equatorial Smoothing Radius [solar rad]"
    yield "SM_CUT_P", MISSING, "Polar Smoothing Cutoff [deg]"
    yield "SM_RAD_P", MISSING, "Polar Smoothing Radius [solar rad]"


def _hours(elapsed: TimeDelta) -> float:
    return float(elapsed.to_value("hour"))


def _map_cards(sun_map: SynchronicMap) -> Iterator[Card]:
    far = _days_since(sun_map, "generated")
    yield from map_cards(sun_map.time, measured_by(sun_map))
    yield "MAPLON", central_longitude_deg(sun_map.time), "Carrington long @ CM of latest map/obs"
    yield "EPHEM_B0", float(sun.B0(sun_map.time).to_value("deg")), "Solar B0 at time of map/mag"
    yield "MAPTYPE", "synchronic", "Type of synoptic map"
    yield "MAPPARAM", "mag", "Map obs data parameter type"
    yield (
        "MAPCREDG",
        float(int(rotation_number(sun_map.time)) + 1),
        "Carrington rot of leading edge",
    )
    yield "ATTR_RES", 1, "Attract map spatial-res: 1.0 deg/pix"
    yield "LNGTYPE", 0, "Carrington Fixed: 0 to 360"
    yield "MAG_TYPE", 0, "Mag: Not added and/or no data"
    if far is None:
        yield "HEL_TYPE", 0, "Helioseismic: Not added and/or no data"
    else:
        yield "HEL_TYPE", 1, "Far side added: see COMMENT"
    yield "LAST_FAR", MISSING if far is None else far, "Time since last farside DA [days]"
    yield "LAST_NER", MISSING, "Time since last nearside DA [days]"
    yield "LAST_NPL", MISSING, "Time since last north pole DA [days]"
    yield "LAST_SPL", MISSING, "Time since last south pole DA [days]"
    yield "MODEL", "ADAPT", "Model whose layout this is"
    yield "MODELDA", 1, "DA model: as in the layout"
    yield "MODELVER", LAYOUT, "Version of the layout: [YY - 9].MMDD"
    for number, comment in enumerate(_TRANSPORT, start=1):
        yield f"MODPAR{number:02d}", MISSING, comment
    yield from _axis_cards()


_TRANSPORT = (
    "Mean map supergran size",
    "Mean map supergran lifetime (hr)",
    "North: Mean map meridional flow rate",
    "South: Mean map meridional flow rate",
    "North: Mean map diff-rot coef A",
    "North: Mean map diff-rot coef B",
    "North: Mean map diff-rot coef C",
    "South: Mean map diff-rot coef A",
    "South: Mean map diff-rot coef B",
    "South: Mean map diff-rot coef C",
    "Mean map mag-field sgran cutoff (Gauss)",
    "Mean map random flux amp (Gauss)",
)
"""Parameters of a flux transport model, which a merged map does not have."""


def _axis_cards() -> Iterator[Card]:
    yield "WCSNAME", "Heliocentric-cart", ""
    for axis, name, centre, value in ((1, "Long", 180.5, 180.0), (2, "Lat", 90.5, 0.0)):
        yield f"CTYPE{axis}", name, "Coordinate axis label"
        yield f"CRPIX{axis}", centre, "Current position for center"
        yield f"CUNIT{axis}", "deg", "axis units"
        yield f"CDELT{axis}", 1.0, "resolution [deg/pxl]"
        yield f"CRVAL{axis}", value, "Reference pixel value"


_TRANSPORT_COLUMNS: tuple[Column, ...] = (
    ("sgSize", "1E", "radians"),
    ("sgLife", "1E", "hr"),
    ("magCutOff", "1E", "Gauss"),
    ("merid_N", "1E", "m/s"),
    ("merid_S", "1E", "m/s"),
    ("difrot_A_N", "1E", None),
    ("difrot_B_N", "1E", None),
    ("difrot_C_N", "1E", None),
    ("difrot_A_S", "1E", None),
    ("difrot_B_S", "1E", None),
    ("difrot_C_S", "1E", None),
    ("ranAmp", "1E", "Gauss"),
)
_STATISTICS: tuple[Column, ...] = (
    ("mnMapAll", "1E", "Gauss"),
    ("mnMapNH", "1E", "Gauss"),
    ("mnMapSH", "1E", "Gauss"),
    ("mnPol_60N", "1E", "Gauss"),
    ("mnPol_69N", "1E", "Gauss"),
    ("mnPol_6090N", "1E", "Gauss"),
    ("mnPol_60S", "1E", "Gauss"),
    ("mnPol_69S", "1E", "Gauss"),
    ("mnPol_6090S", "1E", "Gauss"),
)


def transport_table(count: int) -> fits.BinTableHDU:
    """Table of flux transport parameters, all missing, with a row for each realisation."""
    hdu = table("ensemParmInfo", _TRANSPORT_COLUMNS, [(MISSING,) * len(_TRANSPORT_COLUMNS)] * count)
    for number, (_, _, unit) in enumerate(_TRANSPORT_COLUMNS, start=1):
        if unit is None:
            hdu.header[f"TUNIT{number}"] = " "
    return _named(hdu, "ensemParmInfo")


def statistics_table(name: str, stack: Realisations, grid: CarringtonGrid) -> fits.BinTableHDU:
    """Table of the means of each realisation."""
    return _named(table(name, _STATISTICS, [polar_means(each, grid) for each in stack]), name)


def deviation_plane(sigma_gauss: Map, count: int) -> fits.ImageHDU:
    """Plane of the standard deviation from which the realisations were drawn."""
    hdu = fits.ImageHDU(sigma_gauss.astype(np.float32), name="STDDEV")
    hdu.header["NFRAMES"] = (count, "frames drawn with this Std Dev")
    return hdu


def polar_means(values: Map, grid: CarringtonGrid) -> tuple[float, ...]:
    """Means of the sphere, the northern and southern hemisphere and the polar bands, gauss."""
    north = [band_mean(values, grid, *band) for band in POLAR_BANDS_DEG]
    south = [band_mean(values, grid, -high, -low) for low, high in POLAR_BANDS_DEG]
    halves = band_mean(values, grid, 0, 90), band_mean(values, grid, -90, 0)
    return band_mean(values, grid, -90, 90), *halves, *north, *south


def band_mean(values: Map, grid: CarringtonGrid, low_deg: float, high_deg: float) -> float:
    """Area-weighted mean between two latitudes."""
    inside = (grid.latitude_deg > low_deg) & (grid.latitude_deg < high_deg)
    area = grid.area[inside, 0]
    return float((values[inside].mean(axis=1) * area).sum() / area.sum())


def _named(hdu: fits.BinTableHDU, name: str) -> fits.BinTableHDU:
    """Set the name in ADAPT's mixed case, which astropy would put in capitals."""
    hdu.header["EXTNAME"] = name
    return hdu
