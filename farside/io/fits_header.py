"""Parse headers of untrusted FITS files, of bounded length.

Cards are parsed here because real headers hold values that astropy refuses (a bare ``nan``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from farside.errors import FileTooLargeError, NotFitsError

Value = str | int | float | bool
Cards = Mapping[str, Value]
"""Header cards by upper-case keyword; of repeated keywords the first counts."""

MAX_HEADER_BLOCKS = 128
"""Longest header: 4608 cards. The longest seen (Solar Orbiter PHI) has 750."""

BLOCK = 2880
"""Size of a FITS block, bytes."""

DTYPES = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
"""NumPy data type of each BITPIX."""

_CARD = 80
_QUOTED = re.compile(r"\s*'((?:[^']|'')*)'")


def number(cards: Cards, key: str) -> float | None:
    """Finite number of a card; None if the card is missing or holds no finite number."""
    value = cards.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def text(cards: Cards, key: str) -> str:
    """Text of a card without padding; empty if the card is missing or holds no text."""
    value = cards.get(key, "")
    return value.strip() if isinstance(value, str) else ""


def whole_number(cards: Cards, key: str, default: int | None = None) -> int:
    """Non-negative integer of a card.

    Raises
    ------
    NotFitsError
        The card is missing and there is no default, or it holds another value.
    """
    value = cards.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise NotFitsError(f"{key} is {value!r}, expected a whole number")
    return value


def bitpix(cards: Cards, key: str = "BITPIX") -> int:
    """Data type of the pixels, as coded by BITPIX.

    Raises
    ------
    NotFitsError
        Not one of the six values that FITS allows.
    """
    value = cards.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or value not in DTYPES:
        raise NotFitsError(f"{key} is {value!r}, expected one of {sorted(DTYPES)}")
    return value


def padded(size: int) -> int:
    """Size in bytes after padding to whole FITS blocks."""
    return -(-size // BLOCK) * BLOCK


def parse_header(data: bytes, start: int) -> tuple[dict[str, Value], str, int]:
    """Parse the header at byte `start`.

    Returns
    -------
    tuple
        Cards, text of HISTORY, and byte offset of the data unit.

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
        card = str(data[offset : offset + _CARD], "latin-1")
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
    if "'" in field and (quoted := _QUOTED.match(field)):
        return quoted[1].replace("''", "'").rstrip()
    word = field.partition("/")[0].strip()
    if word in ("T", "F"):
        return word == "T"
    digits = word.replace("D", "E").replace("d", "e")
    for kind in (float,) if "." in word else (int, float):
        try:
            return kind(digits)
        except ValueError:
            continue
    return word
