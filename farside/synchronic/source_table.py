"""Writing and reading the table of the sources of a synchronic map."""

from __future__ import annotations

import math
from typing import get_args

from astropy.io import fits

from farside.errors import ImplausibleGeometryError, MissingMetadataError
from farside.io.cards import Column, Value, quote_name, table, unquote_name
from farside.io.fits import StoredHdu
from farside.io.product_reader import (
    MAX_ROW_BYTES,
    Row,
    number_if_any,
    number_of,
    observer_of,
    quality_of,
    rows_of,
    text_of,
    time_of,
)
from farside.magnetogram.magnetogram import ModelProvenance, read_model_provenance
from farside.sun.observer import Observer
from farside.synchronic.map import MapSource, Overlap, SourceKind

MAX_SOURCES = 256
"""Greatest number of sources that the index plane, of bytes, can point to."""

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
    ("AIDOF", "D", None),
)


def source_table(sources: tuple[MapSource, ...]) -> fits.BinTableHDU:
    """Table SOURCES with a row for each source."""
    return table("SOURCES", _COLUMNS, map(_row, sources))


def read_sources(hdu: StoredHdu) -> tuple[MapSource, ...]:
    """Read the sources in the table SOURCES.

    Raises
    ------
    NotFitsError, FileTooLargeError, UnsupportedImageError
        The HDU is not such a table, or has too many rows.
    MissingMetadataError, ImplausibleGeometryError
        A value is missing or out of range, or there is no row.
    """
    rows = rows_of(hdu, MAX_SOURCES)
    if not rows:
        raise ImplausibleGeometryError(f"no source, expected 1 to {MAX_SOURCES}")
    return tuple(map(_source, rows))


def _row(source: MapSource) -> tuple[Value, ...]:
    """Row of a source; what is not known is NaN or an empty text."""
    return (
        source.kind,
        source.instrument,
        quote_name(source.name),
        source.sha256,
        source.time.utc.isot,
        *_place(source.observer),
        int(source.quality),
        source.weight,
        _or_nan(source.skill),
        *_overlap(source.overlap),
        *_model_provenance(source.generator),
    )


def _place(observer: Observer | None) -> tuple[float, ...]:
    if observer is None:
        return (math.nan,) * 3
    return observer.longitude_deg, observer.latitude_deg, observer.distance_m


def _overlap(overlap: Overlap | None) -> tuple[float, ...]:
    if overlap is None:
        return (math.nan,) * 4
    return overlap.correlation, overlap.slope, overlap.sign_agreement, overlap.area


def _model_provenance(generator: ModelProvenance | None) -> tuple[Value, ...]:
    if generator is None:
        return ("",) * 6 + (math.nan,) * 4
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
        _or_nan(generator.degrees_of_freedom),
    )


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _source(row: Row) -> MapSource:
    return MapSource(
        kind=_kind(text_of(row, "KIND")),
        instrument=text_of(row, "INSTRUMENT"),
        name=unquote_name(text_of(row, "NAME", MAX_ROW_BYTES)),
        sha256=text_of(row, "SHA256"),
        time=time_of(row, "TIME"),
        observer=_observer_in(row),
        quality=quality_of(row),
        weight=number_of(row, "WEIGHT", 0, 1),
        generator=read_model_provenance(row) if row.get("AITRAIN") else None,
        overlap=_overlap_in(row),
        skill=number_if_any(row, "SKILL", -1, 1),
    )


def _kind(word: str) -> SourceKind:
    known: SourceKind
    for known in get_args(SourceKind):
        if word == known:
            return known
    raise MissingMetadataError(
        f"KIND of a source is {word!r}, expected one of {get_args(SourceKind)}"
    )


def _observer_in(row: Row) -> Observer | None:
    return None if number_if_any(row, "DSUN_OBS") is None else observer_of(row)


def _overlap_in(row: Row) -> Overlap | None:
    """Overlap of a row; correlation, slope and signs are NaN if the table has none."""
    area = number_if_any(row, "OVL_AREA", 0, 1)
    if area is None:
        return None
    return Overlap(
        correlation=_or_nan(number_if_any(row, "OVL_CC", -1.001, 1.001)),
        slope=_or_nan(number_if_any(row, "OVL_SLOP")),
        sign_agreement=_or_nan(number_if_any(row, "OVL_SIGN", 0, 1)),
        area=area,
    )
