"""What all FITS products share: their cards, their tables, and how they are read back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np
from astropy.io import fits
from astropy.time import Time

from farside.errors import DamagedImageError, MissingMetadataError, NotFitsError
from farside.fitsfile import BLOCK, unpack
from farside.observation import Source

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


def bytes_of_product(source: Source) -> bytes:
    """Read the whole of what was given."""
    if isinstance(source, bytes):
        return source
    return Path(source).read_bytes() if isinstance(source, str | Path) else source.read()


@contextmanager
def opened(data: bytes) -> Iterator[fits.HDUList]:
    """Open the bytes of a product, plain or gzip.

    Raises
    ------
    FileTooLargeError
        Larger than any product.
    NotFitsError
        Not a FITS file, or a truncated one.
    MissingMetadataError
        The block asked for a card or an HDU that is not there.
    """
    data = unpack(data)
    if not data.startswith(b"SIMPLE  ="):
        raise NotFitsError(f"not a FITS file: begins with {data[:9]!r}, wanted 'SIMPLE  ='")
    if len(data) % BLOCK:
        raise NotFitsError(f"truncated: got {len(data)} bytes, wanted whole blocks of {BLOCK}")
    try:
        with fits.open(BytesIO(data), memmap=False, disable_image_compression=True) as hdus:
            yield hdus
    except (OSError, OverflowError, TypeError, ValueError, fits.VerifyError) as error:
        raise NotFitsError(f"product does not read: {error}") from error
    except KeyError as error:
        raise MissingMetadataError(f"not a product of Farside: {error}") from error


def check_unaltered(hdus: fits.HDUList) -> None:
    """Refuse a product that is not as it was written.

    Raises
    ------
    DamagedImageError
        CHECKSUM or DATASUM of an HDU does not match, or is not there.
    """
    altered = [hdu.name or "PRIMARY" for hdu in hdus if not _is_unaltered(hdu)]
    if altered:
        raise DamagedImageError(f"CHECKSUM does not match in HDU {', '.join(altered)}")


def text_of(header: fits.Header, key: str) -> str:
    """Text of a card that a product has."""
    value = header.get(key)
    if not isinstance(value, str):
        raise MissingMetadataError(f"{key} is {value!r}, wanted a text")
    return value


def number_of(header: fits.Header, key: str) -> float:
    """Number of a card that a product has."""
    value = header.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MissingMetadataError(f"{key} is {value!r}, wanted a number")
    return float(value)


def number_if_any(header: fits.Header, key: str) -> float | None:
    """Number of a card that a product may have."""
    return number_of(header, key) if key in header else None


def utc(text: str) -> Time:
    """Time as products write it."""
    return Time(text, format="isot", scale="utc")


def _text_form(values: Iterable[object]) -> str:
    return f"{max((len(str(value)) for value in values), default=1) or 1}A"


def _is_unaltered(hdu: fits.PrimaryHDU) -> bool:
    """Astropy gives an HDU that it cannot parse a class without this method."""
    return hasattr(hdu, "verify_checksum") and hdu.verify_checksum() == 1
