"""Read untrusted files of Farside's products: cards, planes and table rows, each range-checked."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Any, TypeVar

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
"""Accepted years of products, the last one excluded: drawings begin in 1610."""

MAX_TEXT = 68
"""Longest text of a card, characters (FITS standard 4.0, section 4.2.1.1)."""

MAX_ROW_BYTES = 64 * 2**10
"""Widest table row: file names are percent-encoded, and notes are sentences."""

MAX_FIELD_GAUSS = 1e5
"""Largest accepted field; the strongest measured on the Sun is 8.2 kG."""

_ISOT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?")
_FORM = re.compile(r"(\d{0,5})([ADJ])")
_KNOWN_BITS = reduce(or_, Quality)

Word = TypeVar("Word", bound=str)

Row = Cards
"""Table row: values by column name."""


def open_product(source: Source) -> tuple[StoredHdu, ...]:
    """Read the HDUs of a product, plain or gzip.

    Raises
    ------
    NotFitsError, FileTooLargeError, UnsupportedImageError
        As for :func:`~farside.io.fits.unpack` and :func:`~farside.io.fits.open_hdus`.
    MissingMetadataError
        Another program wrote it, with groups or a heap.
    """
    data = unpack(bytes_of(source, "", MAX_BYTES)[0])
    try:
        return open_hdus(data)
    except UnsupportedImageError as error:
        origin = text(primary_cards(data), "ORIGIN")
        if origin.startswith("Farside"):
            raise
        raise MissingMetadataError(
            f"not a product of Farside: ORIGIN is {origin[:MAX_TEXT]!r}, expected 'Farside' first"
        ) from error


def check_unaltered(hdus: Iterable[StoredHdu]) -> None:
    """Check that a product is unchanged since it was written.

    Raises
    ------
    DamagedImageError
        CHECKSUM of an HDU does not match, or is missing.
    """
    altered = [name_of(hdu) for hdu in hdus if not _is_unaltered(hdu)]
    if altered:
        raise DamagedImageError(f"CHECKSUM does not match in HDU {', '.join(altered)}")


def name_of(hdu: StoredHdu) -> str:
    """EXTNAME of an HDU; ``"PRIMARY"`` if it has none."""
    return text(hdu.cards, "EXTNAME") or "PRIMARY"


def hdu_if_any(hdus: Sequence[StoredHdu], name: str) -> StoredHdu | None:
    """First HDU with a name; None if there is none."""
    return next((hdu for hdu in hdus if name_of(hdu) == name), None)


def hdu_of(hdus: Sequence[StoredHdu], name: str) -> StoredHdu:
    """First HDU with a name.

    Raises
    ------
    MissingMetadataError
        No HDU has this name.
    """
    found = hdu_if_any(hdus, name)
    if found is None:
        raise MissingMetadataError(f"not a product of Farside: no HDU {name}")
    return found


def text_of(cards: Cards, key: str, longest: int = MAX_TEXT) -> str:
    """Text of a card or table cell, at most `longest` characters.

    Raises
    ------
    MissingMetadataError
        The value is missing, not a text, or too long.
    """
    value = cards.get(key)
    if not isinstance(value, str) or len(value) > longest:
        raise MissingMetadataError(
            f"{key} is {_shown(value)}, expected a text of at most {longest} characters"
        )
    return value


def word_of(cards: Cards, key: str, allowed: tuple[Word, ...]) -> Word:
    """Text of a card or table cell that is one of the allowed words.

    Raises
    ------
    MissingMetadataError
        The value is none of them.
    """
    value = cards.get(key)
    for word in allowed:
        if value == word:
            return word
    raise MissingMetadataError(f"{key} is {_shown(value)}, expected one of {allowed}")


def number_of(cards: Cards, key: str, least: float = -math.inf, most: float = math.inf) -> float:
    """Finite number of a card or table cell, from `least` to `most`.

    Raises
    ------
    MissingMetadataError
        The value is missing, or not a finite number.
    ImplausibleGeometryError
        The number is out of range.
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
    """Finite number as by :func:`number_of`; None if the card is missing or the cell is NaN."""
    value = cards.get(key)
    absent = value is None or (isinstance(value, float) and math.isnan(value))
    return None if absent else number_of(cards, key, least, most)


def quality_of(cards: Cards) -> Quality:
    """Quality flags of the QUALITY card.

    Raises
    ------
    MissingMetadataError, ImplausibleGeometryError
        Not an integer, or an undefined bit is set.
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
    """Time (UTC) of a card or table cell.

    Raises
    ------
    MissingMetadataError
        Not a time such as ``2022-11-14T00:05:30.123``.
    ImplausibleGeometryError
        A year outside :data:`YEARS`.
    """
    value = text_of(cards, key)
    if not _ISOT.fullmatch(value):
        raise MissingMetadataError(
            f"{key} is {value!r}, expected a time such as 2022-11-14T00:05:30.123"
        )
    if not YEARS[0] <= int(value[:4]) < YEARS[1]:
        raise ImplausibleGeometryError(
            f"{key} is {value}, expected a year from {YEARS[0]} to {YEARS[1] - 1}"
        )
    try:
        return Time(value, format="isot", scale="utc")
    except ValueError as error:
        raise MissingMetadataError(f"{key} is {value!r}, expected an existing time") from error


def observer_of(cards: Cards) -> Observer:
    """Observer from HGLN_OBS, HGLT_OBS and DSUN_OBS of a header or table row.

    Raises
    ------
    MissingMetadataError, ImplausibleGeometryError
        A number is missing or out of range.
    """
    nearest, farthest = (au * ASTRONOMICAL_UNIT_M for au in DISTANCE_AU)
    return Observer(
        number_of(cards, "HGLN_OBS", -360, 360),
        number_of(cards, "HGLT_OBS", -90, 90),
        number_of(cards, "DSUN_OBS", nearest, farthest),
    )


def plane_of(hdu: StoredHdu) -> Image:
    """Image (y, x) of an HDU of single-precision numbers.

    Raises
    ------
    UnsupportedImageError
        The HDU holds another kind of data.
    """
    return quiet_nans(_array(hdu, -32, ">f4").astype(np.float32))


def indices_of(hdu: StoredHdu) -> NDArray[np.uint8]:
    """Image (y, x) of an HDU of bytes.

    Raises
    ------
    UnsupportedImageError
        The HDU holds another kind of data.
    """
    return _array(hdu, 8, "u1")


def check_range(name: str, values: NDArray[Any], least: float, most: float) -> None:
    """Check that all values of an image are in range; NaN is allowed.

    Raises
    ------
    DamagedImageError
        Values are out of range; the message has their number.
    """
    wrong = int(np.count_nonzero((values < least) | (values > most)))
    if wrong:
        raise DamagedImageError(
            f"{wrong} pixels of {name} are out of range, expected {least:g} to {most:g}"
        )


def rows_of(hdu: StoredHdu, most: int) -> tuple[Row, ...]:
    """Rows of a binary table of texts, doubles and 32-bit integers.

    Raises
    ------
    UnsupportedImageError, NotFitsError
        The HDU holds another kind of data.
    FileTooLargeError
        More rows than `most`, or rows wider than :data:`MAX_ROW_BYTES`.
    """
    if text(hdu.cards, "XTENSION") != "BINTABLE" or hdu.cards.get("NAXIS") != 2:
        raise UnsupportedImageError(f"{name_of(hdu)} is not a table, expected a binary table")
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
    """Whether CHECKSUM holds: the sum of all words is -0 (FITS standard 4.0, appendix J)."""
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
    if not isinstance(value, bytes):
        return value
    # A text ends at its first NUL and has no trailing blanks (FITS standard 4.0, 7.3.3.1).
    word = value.split(b"\0", 1)[0].decode("latin-1").rstrip()
    if not (word.isascii() and word.isprintable()):
        raise NotFitsError(f"a text of a table is {_shown(word)}, expected printable ASCII")
    return word


def _shown(value: object) -> str:
    return repr(value)[:MAX_TEXT]
