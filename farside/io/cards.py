"""What all FITS products share when they are written: their cards, tables and texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import quote, unquote

import numpy as np
from astropy.io import fits

Value = str | int | float | bool
Card = tuple[str, Value, str]
"""Keyword, value, comment."""

Column = tuple[str, str | None, str | None]
"""Name, FITS form (None: as wide as its longest text) and unit."""

_HISTORY_WIDTH = 72


def add_cards(header: fits.Header, cards: Iterable[Card]) -> None:
    """Set cards in the order given."""
    for keyword, value, comment in cards:
        header[keyword] = (value, comment)


def add_input(header: fits.Header, title: str, name: str, sha256: str) -> None:
    """Say in HISTORY which file went in: what it is, its name and its hash."""
    name = quoted(name)
    header.add_history(title)
    header.add_history(name if len(name) <= _HISTORY_WIDTH else f"{name[:69]}...")
    header.add_history(f"sha256 {sha256}")


def table(
    name: str, columns: Sequence[Column], rows: Iterable[Sequence[Value]]
) -> fits.BinTableHDU:
    """Build a table of rows, which may be none."""
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    return fits.BinTableHDU.from_columns(
        [
            fits.Column(title, form or _text_form(column), unit, array=np.array(column))
            for (title, form, unit), column in zip(columns, values, strict=True)
        ],
        name=name,
    )


def quoted(name: str) -> str:
    """Percent-encode what FITS cannot hold, spaces among it since trailing ones are lost."""
    return quote(name, safe="!#$&'()*+,-./:;=?@[]^_{|}~", errors="surrogatepass")


def unquoted(name: str) -> str:
    """Undo :func:`quoted`."""
    return unquote(name, errors="surrogatepass")


def _text_form(values: Iterable[object]) -> str:
    return f"{max((len(str(value)) for value in values), default=1) or 1}A"
