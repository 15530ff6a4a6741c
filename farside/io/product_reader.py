"""Untrusted bytes of our own products → cards, planes and rows, each number within its range."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Any

import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

from farside.errors import (
    DamagedImageError,
    FileTooLargeError,
    ImplausibleGeometryError,
    MissingMetadataError,
    NotFitsError,
    UnsupportedImageError,
)
from farside.io.fits import (
    MAX_BYTES,
    Cards,
    StoredHdu,
    number,
    open_hdus,
    primary_cards,
    quiet_nans,
    text,
    unpack,
)
from farside.io.source import Source, bytes_of
from farside.quality import Quality
from farside.sun.grid import Image
from farside.sun.observer import ASTRONOMICAL_UNIT_M, DISTANCE_AU, Observer

YEARS = (1600, 2100)
"""First year, and the one after the last, of which products are: drawings begin in 1610."""

MAX_TEXT = 68
"""Longest text of one card (FITS standard 4.0, section 4.2.1.1)."""

MAX_ROW_BYTES = 64 * 2**10
"""Widest row of a table: file names are percent-encoded, and notes are sentences."""

MAX_FIELD_GAUSS = 1e5
"""No field is stronger: the strongest ever measured on the Sun has 8.2 kG."""

_ISOT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?")
_FORM = re.compile(r"(\d{0,5})([ADJ])")
_KNOWN_BITS = reduce(or_, Quality)

Row = Cards
"""A row of a table: values by the name of their column."""


def open_product(source: Source) -> tuple[StoredHdu, ...]:
    """Read the HDUs of a product, plain or gzip.

    Raises
    ------
    NotFitsError, FileTooLargeError, UnsupportedImageError
        As by :func:`~farside.io.fits.unpack` and :func:`~farside.io.fits.open_hdus`.
    MissingMetadataError
        Another program wrote it.
    """
    data = unpack(bytes_of(source, "", MAX_BYTES)[0])
    origin = text(primary_cards(data), "ORIGIN")
    if not origin.startswith("Farside"):
        raise MissingMetadataError(
            f"not a product of Farside: ORIGIN is {origin[:MAX_TEXT]!r}, expected 'Farside' first"
        )
    return open_hdus(data)


def check_unaltered(hdus: Iterable[StoredHdu]) -> None:
    """Refuse a product that is not as it was written.

    Raises
    ------
    DamagedImageError
        CHECKSUM of an HDU does not match, or is not there.
    """
    altered = [name_of(hdu) for hdu in hdus if not _is_unaltered(hdu)]
    if altered:
        raise DamagedImageError(f"CHECKSUM does not match in HDU {', '.join(altered)}")


def name_of(hdu: StoredHdu) -> str:
    """EXTNAME, or ``"PRIMARY"`` of an HDU without one."""
    return text(hdu.cards, "EXTNAME") or "PRIMARY"


def hdu_if_any(hdus: Sequence[StoredHdu], name: str) -> StoredHdu | None:
    """First HDU of a name; None if there is none."""
    return next((hdu for hdu in hdus if name_of(hdu) == name), None)


def hdu_of(hdus: Sequence[StoredHdu], name: str) -> StoredHdu:
    """First HDU of a name.

    Raises
    ------
    MissingMetadataError
        There is none.
    """
    found = hdu_if_any(hdus, name)
    if found is None:
        raise MissingMetadataError(f"not a product of Farside: no HDU {name}")
    return found


def text_of(cards: Cards, key: str, longest: int = MAX_TEXT) -> str:
    """Text of a card or of a row's column.

    Raises
    ------
    MissingMetadataError
        It is not there, no text, or longer than that.
    """
    value = cards.get(key)
    if not isinstance(value, str) or len(value) > longest:
        raise MissingMetadataError(
            f"{key} is {_shown(value)}, expected a text of at most {longest} characters"
        )
    return value


def number_of(cards: Cards, key: str, least: float = -math.inf, most: float = math.inf) -> float:
    """Finite number of a card or of a row's column.

    Raises
    ------
    MissingMetadataError
        It is not there, or no finite number.
    ImplausibleGeometryError
        It is out of its range.
    """
    value = number(cards, key)
    if value is None:
        raise MissingMetadataError(f"{key} is {_shown(cards.get(key))}, expected a finite number")
    if not least <= value <= most:
        raise ImplausibleGeometryError(f"{key} is {value:g}, expected {least:g} to {most:g}")
    return value


def number_if_any(
    cards: Cards, key: str, least: float = -math.inf, most: float = math.inf
) -> float | None:
    """As :func:`number_of`; None if there is no such card, or NaN in a row."""
    value = cards.get(key)
    absent = value is None or (isinstance(value, float) and math.isnan(value))
    return None if absent else number_of(cards, key, least, most)


def quality_of(cards: Cards) -> Quality:
    """Bits of QUALITY.

    Raises
    ------
    MissingMetadataError, ImplausibleGeometryError
        No whole number, or a bit without a meaning is set.
    """
    value = cards.get("QUALITY")
    if isinstance(value, bool) or not isinstance(value, int):
        raise MissingMetadataError(f"QUALITY is {_shown(value)}, expected a whole number")
    if value & ~int(_KNOWN_BITS):
        raise ImplausibleGeometryError(
            f"QUALITY is {value}, expected a sum of the bits of {int(_KNOWN_BITS)}"
        )
    return Quality(value)


def time_of(cards: Cards, key: str) -> Time:
    """Time, UTC, of a card or of a row's column.

    Raises
    ------
    MissingMetadataError
        No such time as ``2022-11-14T00:05:30.123``.
    ImplausibleGeometryError
        A year of which there is no product.
    """
    value = text_of(cards, key)
    if not _ISOT.fullmatch(value):
        raise MissingMetadataError(f"{key} is {value!r}, expected as 2022-11-14T00:05:30.123")
    if not YEARS[0] <= int(value[:4]) < YEARS[1]:
        raise ImplausibleGeometryError(
            f"{key} is {value}, expected a year from {YEARS[0]} to {YEARS[1] - 1}"
        )
    try:
        return Time(value, format="isot", scale="utc")
    except ValueError as error:
        raise MissingMetadataError(f"{key} is {value!r}, no such day or hour") from error


def observer_of(cards: Cards) -> Observer:
    """Observer by HGLN_OBS, HGLT_OBS and DSUN_OBS of a header or of a row.

    Raises
    ------
    MissingMetadataError, ImplausibleGeometryError
        A number is not there, or is no place of an observer.
    """
    nearest, farthest = (au * ASTRONOMICAL_UNIT_M for au in DISTANCE_AU)
    return Observer(
        number_of(cards, "HGLN_OBS", -360, 360),
        number_of(cards, "HGLT_OBS", -90, 90),
        number_of(cards, "DSUN_OBS", nearest, farthest),
    )


def plane_of(hdu: StoredHdu) -> Image:
    """Plane (y, x) of single-precision numbers.

    Raises
    ------
    UnsupportedImageError
        The HDU holds anything else.
    """
    return quiet_nans(_array(hdu, -32, ">f4").astype(np.float32))


def indices_of(hdu: StoredHdu) -> NDArray[np.uint8]:
    """Plane (y, x) of bytes.

    Raises
    ------
    UnsupportedImageError
        The HDU holds anything else.
    """
    return _array(hdu, 8, "u1")


def check_range(name: str, values: NDArray[Any], least: float, most: float) -> None:
    """Refuse a plane with a value that is out of range; NaN is no value.

    Raises
    ------
    DamagedImageError
        Says how many there are.
    """
    wrong = int(np.count_nonzero((values < least) | (values > most)))
    if wrong:
        raise DamagedImageError(
            f"{wrong} pixels of {name} are out of range, expected {least:g} to {most:g}"
        )


def rows_of(hdu: StoredHdu, most: int) -> tuple[Row, ...]:
    """Rows of a table of texts, doubles and 32-bit integers.

    Raises
    ------
    UnsupportedImageError, NotFitsError
        The HDU holds anything else.
    FileTooLargeError
        More rows than `most`, or wider ones than any product has.
    """
    if text(hdu.cards, "XTENSION") != "BINTABLE" or hdu.cards.get("NAXIS") != 2:
        raise UnsupportedImageError(f"{name_of(hdu)} is no table of two axes")
    rows = int(number_of(hdu.cards, "NAXIS2", 0))
    if rows > most:
        raise FileTooLargeError(f"{rows} rows of {name_of(hdu)}, expected at most {most}")
    table = np.frombuffer(hdu.data, _row_dtype(hdu.cards), rows)
    names = table.dtype.names or ()
    return tuple(
        {name: _cell(value) for name, value in zip(names, row, strict=True)}
        for row in table.tolist()
    )


def _is_unaltered(hdu: StoredHdu) -> bool:
    """Whether the sum of all words, with end-around carry, is -0 (FITS standard 4.0, J)."""
    total = int(np.frombuffer(hdu.blocks, ">u4").sum(dtype=np.uint64))
    while total >> 32:
        total = (total & 0xFFFFFFFF) + (total >> 32)
    return total == 0xFFFFFFFF and len(text(hdu.cards, "CHECKSUM")) == 16


def _array(hdu: StoredHdu, bitpix: int, dtype: str) -> NDArray[Any]:
    cards = hdu.cards
    scaled = {"TFIELDS", "BSCALE", "BZERO", "ZIMAGE"} & cards.keys()
    found = cards.get("BITPIX"), cards.get("NAXIS")
    if scaled or found != (bitpix, 2):
        raise UnsupportedImageError(
            f"{name_of(hdu)} has BITPIX {found[0]}, NAXIS {found[1]}"
            f"{' and ' + ', '.join(sorted(scaled)) if scaled else ''},"
            f" expected {bitpix}, 2 and nothing else"
        )
    rows, columns = (int(number_of(cards, f"NAXIS{axis}", 1)) for axis in (2, 1))
    return np.frombuffer(hdu.data, dtype, rows * columns).reshape(rows, columns)


def _row_dtype(cards: Cards) -> np.dtype[Any]:
    fields = []
    for index in range(1, 1 + int(number_of(cards, "TFIELDS", 1))):
        form = _FORM.fullmatch(text(cards, f"TFORM{index}"))
        name = text(cards, f"TTYPE{index}")
        if form is None or not name:
            raise NotFitsError(f"column {index} is {name!r} of {cards.get(f'TFORM{index}')!r}")
        width, letter = int(form[1] or 1), form[2]
        if width == 0 or (letter != "A" and width != 1):
            raise NotFitsError(f"column {name} has the form {form[0]}, expected A, D or J")
        fields.append((name, {"A": f"S{width}", "D": ">f8", "J": ">i4"}[letter]))
    if len({name for name, _ in fields}) < len(fields):
        raise NotFitsError("two columns of one name")
    dtype = np.dtype(fields)
    if dtype.itemsize > MAX_ROW_BYTES:
        raise FileTooLargeError(f"rows of {dtype.itemsize} bytes, expected {MAX_ROW_BYTES} at most")
    if dtype.itemsize != cards.get("NAXIS1"):
        raise NotFitsError(f"rows of {cards.get('NAXIS1')} bytes, expected {dtype.itemsize}")
    return dtype


def _cell(value: bytes | float | int) -> str | float | int:
    """A text ends at its first NUL and has no trailing blanks (FITS standard 4.0, 7.3.3.1)."""
    if not isinstance(value, bytes):
        return value
    word = value.split(b"\0", 1)[0].decode("latin-1").rstrip()
    if not (word.isascii() and word.isprintable()):
        raise NotFitsError(f"a text of a table is {_shown(word)}, expected printable ASCII")
    return word


def _shown(value: object) -> str:
    return repr(value)[:MAX_TEXT]
