"""Writing and reading a synchronic map in Farside's own FITS format, with all its planes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.time import Time
from numpy.typing import NDArray

from farside import __version__
from farside.errors import (
    DamagedImageError,
    FormatError,
    ImplausibleGeometryError,
    MissingMetadataError,
)
from farside.io.atomic import NamedFile
from farside.io.cards import Card, add_cards
from farside.io.fits import Cards, StoredHdu
from farside.io.product_reader import (
    check_range,
    check_unaltered,
    hdu_if_any,
    hdu_of,
    indices_of,
    number_if_any,
    number_of,
    open_product,
    plane_of,
    quality_of,
    text_of,
    time_of,
)
from farside.io.source import Source
from farside.magnetogram.magnetogram import MAX_SEED
from farside.sun.carrington_grid import CarringtonGrid, Map
from farside.sun.carrington_rotation import rotation_number
from farside.synchronic.cards import (
    add_provenance,
    check_finite,
    earth_cards,
    flag_cards,
    with_checksums,
)
from farside.synchronic.map import FluxBalance, SynchronicMap
from farside.synchronic.source_table import read_sources, source_table

CONTENT = "SYNCHRONIC MAP"

MAX_FIELD_GAUSS = 1e6
"""Greatest absolute field: ten times that at the limb, where 10 kG over μ is the radial field."""

MAX_AGE_DAYS = 36525.0
"""Greatest age of a pixel: ages grow in a series of maps that are each the base of the next."""

_PROJECTION = {"sine": "CEA", "uniform": "CAR"}


def write(sun_map: SynchronicMap, path: Path) -> Path:
    """Write the map, its planes (SOURCE, AGE, SIGMA and others) and the table SOURCES."""
    return NamedFile(path.name, to_bytes(sun_map)).write_to(path.parent)


def pack(sun_map: SynchronicMap, *, flux_scale: float = 1.0) -> NamedFile:
    """Build the file ``farside_synchronic_YYYYMMDDThhmmss.fits`` in memory.

    Raises
    ------
    FormatError
        A pixel is not finite, or the flux scale is not 1: this format keeps the field as it is.
    """
    if flux_scale != 1.0:
        raise FormatError(f"the flux scale is {flux_scale}, expected 1 for the native format")
    name = f"farside_synchronic_{sun_map.time.utc.strftime('%Y%m%dT%H%M%S')}.fits"
    return NamedFile(name, to_bytes(sun_map))


def to_bytes(sun_map: SynchronicMap, created: Time | None = None) -> bytes:
    """Write the product into memory, as :func:`to_hdus` builds it."""
    file = BytesIO()
    to_hdus(sun_map, created).writeto(file)
    return file.getvalue()


def to_hdus(sun_map: SynchronicMap, created: Time | None = None) -> fits.HDUList:
    """Build the product: the field, its planes and the table SOURCES, with checksums.

    Parameters
    ----------
    created
        Time in the DATE card, by default now. Nothing else depends on the clock.

    Raises
    ------
    FormatError
        A pixel is not finite.
    """
    check_finite(sun_map)
    date = (created or Time.now()).utc.isot[:19]
    field = fits.PrimaryHDU(sun_map.field_gauss.astype(np.float32))
    add_cards(field.header, [("DATE", date, "time of creation, UTC"), *_cards(sun_map)])
    field.header.add_comment("PROVENANCE: 0 base map, 1 observed, 2 generated.")
    field.header.add_comment("SOURCE: row of the table SOURCES, from 0, that weighed most.")
    field.header.add_comment("AISHARE: share of generated disks in each pixel, 0 to 1.")
    field.header.add_comment("P_POSITIVE: probability of positive polarity, if there.")
    add_provenance(field.header, sun_map)
    planes = [
        _plane("PROVENANCE", sun_map.provenance(), "", sun_map),
        _plane("SOURCE", sun_map.source, "", sun_map),
        _plane("AGE", sun_map.age_days.astype(np.float32), "d", sun_map),
        _plane("SIGMA", sun_map.sigma_gauss.astype(np.float32), "Gauss", sun_map),
        _plane("AISHARE", sun_map.generated_share().astype(np.float32), "", sun_map),
    ]
    if sun_map.positive is not None:
        planes.append(_plane("P_POSITIVE", sun_map.positive.astype(np.float32), "", sun_map))
    return with_checksums([field, *planes, source_table(sun_map.sources)], date)


def read(source: Source) -> SynchronicMap:
    """Read a synchronic map, plain or gzipped; its planes are in single precision.

    Raises
    ------
    NotFitsError, FileTooLargeError, UnsupportedImageError
        The file is not FITS, is truncated, or has a structure that no product has.
    MissingMetadataError
        The file is not a synchronic map of Farside.
    DamagedImageError
        Header or pixels were altered after it was written, or a pixel is not finite or out of
        range.
    ImplausibleGeometryError
        Its parts do not fit each other, or a number in a header is out of range.
    """
    return _from_hdus(open_product(source))


def is_synchronic_map(cards: Cards) -> bool:
    """Whether a primary header is that of a synchronic map of Farside."""
    return cards.get("CONTENT") == CONTENT


def _cards(sun_map: SynchronicMap) -> Iterator[Card]:
    yield "CONTENT", CONTENT, "radial field of the whole Sun at one time"
    yield "BUNIT", "Gauss", "radial, positive outwards"
    yield "ORIGIN", f"Farside {__version__}", "software that wrote this file"
    yield from _geometry_cards(sun_map)
    yield from flag_cards(sun_map, 1.0)
    yield "CORRLEN", sun_map.correlation_length_deg, "[deg] of the errors in SIGMA, to 1/e"
    if sun_map.seed is not None:
        yield "AISEED", sun_map.seed, "seed of this realisation; not the map itself"


def _geometry_cards(sun_map: SynchronicMap) -> Iterator[Card]:
    """Yield world coordinates (Thompson 2006, A&A 449, 791, Sect. 5.5) and Earth as observer."""
    grid, time = sun_map.grid, sun_map.time
    yield "TIMESYS", "UTC", ""
    yield "DATE-OBS", time.utc.isot, "time of the map"
    yield "CAR_ROT", int(rotation_number(time)), "Carrington rotation at the central meridian"
    yield from earth_cards(time)
    yield "WCSNAME", "Carrington Heliographic", ""
    rows_deg = 360 / math.pi if grid.latitude == "sine" else 180.0
    for axis, name, count, centre, extent in (
        (1, "CRLN", grid.columns, 180.0, 360.0),
        (2, "CRLT", grid.rows, 0.0, rows_deg),
    ):
        yield f"CTYPE{axis}", f"{name}-{_PROJECTION[grid.latitude]}", ""
        yield f"CUNIT{axis}", "deg", ""
        yield f"CRPIX{axis}", (count + 1) / 2, ""
        yield f"CRVAL{axis}", centre, "[deg]"
        yield f"CDELT{axis}", extent / count, "[deg/pix]"
    if grid.latitude == "sine":
        yield "PV2_1", 1.0, ""


def _plane(
    name: str, values: NDArray[np.uint8] | NDArray[np.float32], unit: str, sun_map: SynchronicMap
) -> fits.ImageHDU:
    hdu = fits.ImageHDU(values, name=name)
    add_cards(hdu.header, _geometry_cards(sun_map))
    if unit:
        hdu.header["BUNIT"] = unit
    return hdu


def _from_hdus(hdus: Sequence[StoredHdu]) -> SynchronicMap:
    cards = hdus[0].cards
    if not is_synchronic_map(cards):
        raise MissingMetadataError(
            f"not a synchronic map of Farside: CONTENT is {cards.get('CONTENT')!r},"
            f" expected {CONTENT!r}"
        )
    check_unaltered(hdus)
    grid = _grid(cards)
    sources = read_sources(hdu_of(hdus, "SOURCES"))
    index = indices_of(hdu_of(hdus, "SOURCE"))
    _check_shape("SOURCE", index.shape, grid)
    if int(index.max()) >= len(sources):
        raise ImplausibleGeometryError(
            f"SOURCE points to row {index.max()}, the table SOURCES has {len(sources)}"
        )
    largest = MAX_FIELD_GAUSS
    seed = number_if_any(cards, "AISEED", 0, MAX_SEED)
    positive = hdu_if_any(hdus, "P_POSITIVE")
    before, after = (number_of(cards, f"NETFLX{n}", -largest, largest) for n in (0, 1))
    return SynchronicMap(
        field_gauss=_values(hdus[0], "PRIMARY", grid, -largest, largest),
        grid=grid,
        time=time_of(cards, "DATE-OBS"),
        source=index,
        age_days=_values(hdu_of(hdus, "AGE"), "AGE", grid, -MAX_AGE_DAYS, MAX_AGE_DAYS),
        sigma_gauss=_values(hdu_of(hdus, "SIGMA"), "SIGMA", grid, 0, largest),
        correlation_length_deg=number_of(cards, "CORRLEN", 0, 180),
        sources=sources,
        balance=FluxBalance(before, after),
        quality=quality_of(cards),
        generated=_values(hdu_of(hdus, "AISHARE"), "AISHARE", grid, 0, 1),
        positive=None if positive is None else _values(positive, "P_POSITIVE", grid, 0, 1),
        seed=None if seed is None else int(seed),
    )


def _grid(cards: Cards) -> CarringtonGrid:
    columns, rows = (int(number_of(cards, f"NAXIS{axis}", 4)) for axis in (1, 2))
    ctype = text_of(cards, "CTYPE2")
    if ctype == "CRLT-CEA":
        return CarringtonGrid(columns, rows, "sine")
    if ctype == "CRLT-CAR":
        return CarringtonGrid(columns, rows, "uniform")
    raise ImplausibleGeometryError(f"CTYPE2 is {ctype!r}, expected 'CRLT-CEA' or 'CRLT-CAR'")


def _values(hdu: StoredHdu, name: str, grid: CarringtonGrid, least: float, most: float) -> Map:
    values = plane_of(hdu).astype(np.float64)
    _check_shape(name, values.shape, grid)
    lost = int(np.count_nonzero(~np.isfinite(values)))
    if lost:
        raise DamagedImageError(f"{lost} pixels of {name} are not finite, expected none")
    check_range(name, values, least, most)
    return values


def _check_shape(name: str, shape: tuple[int, ...], grid: CarringtonGrid) -> None:
    if shape != grid.shape:
        raise ImplausibleGeometryError(f"{name} is {shape}, the grid is {grid.shape}")
