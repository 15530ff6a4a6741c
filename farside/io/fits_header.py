"""Parse the header of an untrusted FITS file; its length is bounded.

Cards are parsed here because real headers hold values that astropy refuses to read (a bare
``nan``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from farside.errors import FileTooLargeError, NotFitsError

Value = str | int | float | bool
Cards = Mapping[str, Value]
"""Header cards by upper-case keyword; the first of equal keywords counts."""

MAX_HEADER_BLOCKS = 128
"""Longest header: 4608 cards. The longest seen (Solar Orbiter PHI) has 750."""

BLOCK = 2880
"""A FITS file consists of blocks of so many bytes."""

DTYPES = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
"""Number format of each BITPIX."""

_CARD = 80
_QUOTED = re.compile(r"\s*'((?:[^']|'')*)'")


def number(cards: Cards, key: str) -> float | None:
    """Finite number of a card; None if there is no such card or it holds no number."""
    value = cards.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def text(cards: Cards, key: str) -> str:
    """Text of a card without its padding, empty if there is none."""
    value = cards.get(key, "")
    return value.strip() if isinstance(value, str) else ""


def whole(cards: Cards, key: str, default: int | None = None) -> int:
    """Whole number of a card, zero or more.

    Raises
    ------
    NotFitsError
        No such card and no default, or another value.
    """
    value = cards.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise NotFitsError(f"{key} is {value!r}, expected a whole number")
    return value


def bitpix(cards: Cards, key: str = "BITPIX") -> int:
    """Number format of the pixels as FITS codes it.

    Raises
    ------
    NotFitsError
        None of the six formats of FITS.
    """
    value = cards.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or value not in DTYPES:
        raise NotFitsError(f"{key} is {value!r}, expected one of {sorted(DTYPES)}")
    return value


def padded(size: int) -> int:
    """Bytes that `size` bytes take in whole blocks."""
    return -(-size // BLOCK) * BLOCK


def parse_header(data: bytes, start: int) -> tuple[dict[str, Value], str, int]:
    """Read cards, the text of HISTORY, and where the data begin, of the header at `start`.

    Raises
    ------
    FileTooLargeError
        More than `MAX_HEADER_BLOCKS`.
    NotFitsError
        No END card.
    """
    cards: dict[str, Value] = {}
    history: list[str] = []
    stop = start + MAX_HEADER_BLOCKS * BLOCK
    for offset in range(start, min(stop, len(data) - _CARD + 1), _CARD):
        card = data[offset : offset + _CARD].decode("latin-1")
        keyword = card[:8].rstrip()
        if keyword == "END":
            return cards, "".join(history), start + padded(offset + _CARD - start)
        if keyword == "HISTORY":
            history.append(card[8:])
        elif card[8:10] == "= ":
            cards.setdefault(keyword, _value(card[10:]))
    if stop < len(data):
        raise FileTooLargeError(f"a header of more than {MAX_HEADER_BLOCKS} blocks")
    raise NotFitsError("truncated: the header has no END card")


def _value(field: str) -> Value:
    quoted = _QUOTED.match(field)
    if quoted:
        return quoted[1].replace("''", "'").rstrip()
    word = field.split("/", 1)[0].strip()
    if word in ("T", "F"):
        return word == "T"
    for kind in (int, float):
        try:
            return kind(word.replace("D", "E").replace("d", "e"))
        except ValueError:
            continue
    return word
