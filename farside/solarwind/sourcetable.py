"""The table of what a synchronic map was made from, written and read."""

from __future__ import annotations

import math
from typing import get_args

from astropy.io import fits

from farside.errors import ImplausibleGeometryError, MissingMetadataError
from farside.magnetogram import Generator, trained_on
from farside.observer import Observer
from farside.product import Column, Value, quoted, table, unquoted, utc
from farside.quality import Quality
from farside.synchronicmap import Kind, MapSource, Overlap

MAX_SOURCES = 256
"""What the index plane, of bytes, can point to."""

_COLUMNS: tuple[Column, ...] = (
    ("KIND", None, None),
    ("INSTRUMENT", None, None),
    ("NAME", None, None),
    ("SHA256", None, None),
    ("TIME", None, None),
    ("HGLN_OBS", "D", "deg"),
    ("HGLT_OBS", "D", "deg"),
    ("DSUN_OBS", "D", "m"),
    ("QUALITY", "J", None),
    ("WEIGHT", "D", None),
    ("SKILL", "D", None),
    ("OVL_CC", "D", None),
    ("OVL_SLOP", "D", None),
    ("OVL_SIGN", "D", None),
    ("OVL_AREA", "D", None),
    ("AIMODEL", None, None),
    ("AIMODVER", None, None),
    ("AIMODID", None, None),
    ("AITRAIN", None, None),
    ("AIENGINE", None, None),
    ("AIPREC", None, None),
    ("AICLIP", "D", "Gauss"),
    ("AISKILL", "D", None),
    ("AICORLEN", "D", "deg"),
)
_GIVEN = "OVL_AREA"
"""Not NaN where there is an overlap."""


def source_table(sources: tuple[MapSource, ...]) -> fits.BinTableHDU:
    """Table SOURCES: a row each."""
    return table("SOURCES", _COLUMNS, map(_row, sources))


def sources_in(hdu: fits.BinTableHDU) -> tuple[MapSource, ...]:
    """Read the table back.

    Raises
    ------
    MissingMetadataError, ImplausibleGeometryError
        A column says what it cannot, or there are too many rows.
    """
    rows = hdu.data
    if not 1 <= len(rows) <= MAX_SOURCES:
        raise ImplausibleGeometryError(f"{len(rows)} sources, 1 to {MAX_SOURCES} are wanted")
    return tuple(map(_source, rows))


def _row(source: MapSource) -> tuple[Value, ...]:
    """What is not known is NaN, or an empty text."""
    return (
        source.kind,
        source.instrument,
        quoted(source.name),
        source.sha256,
        source.time.utc.isot,
        *_place(source.observer),
        int(source.quality),
        source.weight,
        _or_nan(source.skill),
        *_overlap(source.overlap),
        *_generator(source.generator),
    )


def _place(observer: Observer | None) -> tuple[float, ...]:
    if observer is None:
        return (math.nan,) * 3
    return observer.longitude_deg, observer.latitude_deg, observer.distance_m


def _overlap(overlap: Overlap | None) -> tuple[float, ...]:
    if overlap is None:
        return (math.nan,) * 4
    return overlap.correlation, overlap.slope, overlap.sign_agreement, overlap.area


def _generator(generator: Generator | None) -> tuple[Value, ...]:
    if generator is None:
        return ("",) * 6 + (math.nan,) * 3
    return (
        generator.model,
        generator.version,
        generator.identity,
        generator.trained_on,
        generator.engine,
        generator.precision,
        _or_nan(generator.saturation_gauss),
        _or_nan(generator.skill),
        _or_nan(generator.correlation_length_deg),
    )


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _source(row: fits.FITS_record) -> MapSource:
    return MapSource(
        kind=_kind(str(row["KIND"])),
        instrument=str(row["INSTRUMENT"]),
        name=unquoted(str(row["NAME"])),
        sha256=str(row["SHA256"]),
        time=utc(str(row["TIME"])),
        observer=_observer_in(row),
        quality=Quality(int(row["QUALITY"])),
        weight=float(row["WEIGHT"]),
        generator=_generator_in(row),
        overlap=_overlap_in(row),
        skill=_or_none(row["SKILL"]),
    )


def _kind(text: str) -> Kind:
    known: Kind
    for known in get_args(Kind):
        if text == known:
            return known
    raise MissingMetadataError(f"KIND of a source is {text!r}, wanted one of {get_args(Kind)}")


def _observer_in(row: fits.FITS_record) -> Observer | None:
    longitude, latitude, distance = (float(row[k]) for k in ("HGLN_OBS", "HGLT_OBS", "DSUN_OBS"))
    return None if math.isnan(distance) else Observer(longitude, latitude, distance)


def _overlap_in(row: fits.FITS_record) -> Overlap | None:
    if math.isnan(row[_GIVEN]):
        return None
    return Overlap(*(float(row[key]) for key in ("OVL_CC", "OVL_SLOP", "OVL_SIGN", "OVL_AREA")))


def _generator_in(row: fits.FITS_record) -> Generator | None:
    if not str(row["AITRAIN"]):
        return None
    return Generator(
        model=str(row["AIMODEL"]),
        version=str(row["AIMODVER"]),
        identity=str(row["AIMODID"]),
        trained_on=trained_on(str(row["AITRAIN"])),
        engine=str(row["AIENGINE"]),
        precision=str(row["AIPREC"]),
        saturation_gauss=_or_none(row["AICLIP"]),
        skill=_or_none(row["AISKILL"]),
        correlation_length_deg=_or_none(row["AICORLEN"]),
    )
