"""Writing of FITS header cards, HISTORY entries and binary tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import quote, unquote

import numpy as np
from astropy.io import fits

Value = str | int | float | bool
Card = tuple[str, Value, str]
"""Header card: keyword, value, comment."""

Column = tuple[str, str | None, str | None]
"""Table column: name, FITS form (None: text as wide as the longest value), unit."""

_HISTORY_WIDTH = 72


def add_cards(header: fits.Header, cards: Iterable[Card]) -> None:
    """Set cards of a header, in the given order."""
    for keyword, value, comment in cards:
        header[keyword] = (value, comment)


def add_input(header: fits.Header, title: str, name: str, sha256: str) -> None:
    """Record an input file in HISTORY: title, name and SHA-256."""
    name = quote_name(name)
    header.add_history(title)
    header.add_history(name if len(name) <= _HISTORY_WIDTH else f"{name[:69]}...")
    header.add_history(f"sha256 {sha256}")


def table(
    name: str, columns: Sequence[Column], rows: Iterable[Sequence[Value]]
) -> fits.BinTableHDU:
    """Binary table HDU of rows; there may be none."""
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    return fits.BinTableHDU.from_columns(
        [
            fits.Column(title, form or _text_form(column), unit, array=np.array(column))
            for (title, form, unit), column in zip(columns, values, strict=True)
        ],
        name=name,
    )


def quote_name(name: str) -> str:
    """Percent-encode a name for a FITS card.

    Spaces too, since FITS drops trailing ones, and quotes, which a card doubles.
    """
    return quote(name, safe="!#$&()*+,-./:;=?@[]^_{|}~", errors="surrogatepass")


def unquote_name(name: str) -> str:
    """Decode a name encoded by :func:`quote_name`."""
    return unquote(name, errors="surrogatepass")


def _text_form(values: Iterable[object]) -> str:
    return f"{max((len(str(value)) for value in values), default=1) or 1}A"
