"""Parse the images of untrusted FITS files: header cards and physical values.

All sizes are validated before anything is decompressed or allocated, and the declared data must be
present. astropy alone cannot do this: it refuses some real headers and trusts declared sizes.
"""

from __future__ import annotations

import math
import re
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farside.errors import FileTooLargeError, NotFitsError, UnsupportedImageError
from farside.io.fits_header import (
    BLOCK,
    DTYPES,
    MAX_HEADER_BLOCKS,
    Cards,
    Value,
    bitpix,
    number,
    padded,
    parse_header,
    text,
    whole_number,
)
from farside.io.tile_compression import Convert, converted, decompress
from farside.sun.grid import MAX_SIDE_PX, Image

__all__ = [
    "BLOCK",
    "HEAD_BYTES",
    "MAX_BYTES",
    "MIN_SIDE_PX",
    "Cards",
    "FitsImage",
    "StoredHdu",
    "Value",
    "check_not_scaled_floats",
    "head_cards",
    "number",
    "open_cards",
    "open_hdus",
    "open_image",
    "open_images",
    "primary_cards",
    "quiet_nans",
    "text",
    "unpack",
]

MAX_BYTES = 256 * 2**20
"""Largest file, compressed or not: an uncompressed 4096² image of doubles has 128 MiB."""

MAX_PIXELS = MAX_SIDE_PX**2
"""Most pixels of all images of a file together, including the planes of a cube."""

MAX_IMAGES = 8
"""Most images in a file: an ADAPT map has 2, a synchronic map of Farside 5."""

MIN_SIDE_PX = 64
"""Shortest image side: a smaller disk has too little detail for any network."""

MAX_MEMBERS = 10_000
"""Most members of a gzip file: a block-gzipped one (bgzip) of `MAX_BYTES` has 4096."""

HEAD_BYTES = 2 * MAX_HEADER_BLOCKS * BLOCK
"""Bytes that hold the headers of the first two HDUs, if the first has no data."""

_PIECE_BYTES = 2**14
"""Bytes of gzip given to zlib at a time."""

_NOT_ZERO = re.compile(rb"[^\0]")


@dataclass(frozen=True, eq=False)
class FitsImage:
    """Image of a FITS file, with its header.

    Attributes
    ----------
    cards
        Header cards.
    history
        HISTORY cards as one text.
    pixels
        Physical values (y, x), or (plane, y, x) of a cube; NaN where an integer image has BLANK.
    """

    cards: Cards
    history: str
    pixels: Image


@dataclass(frozen=True, eq=False)
class _Hdu:
    cards: dict[str, Value]
    history: str
    data: memoryview
    end: int


def unpack(data: bytes, max_bytes: int = MAX_BYTES) -> bytes:
    """Decompress gzip data, never holding more than `max_bytes`; other data are returned as is.

    Raises
    ------
    FileTooLargeError
        Larger than `max_bytes`, compressed or decompressed.
    NotFitsError
        Truncated or corrupt gzip.
    """
    if len(data) > max_bytes:
        raise FileTooLargeError(f"{len(data)} bytes, at most {max_bytes} are read")
    return _gunzip(data, max_bytes) if data[:2] == b"\x1f\x8b" else data


def open_cards(data: bytes) -> Cards:
    """Read the header of the image in HDU 0 or 1, without its pixels.

    Raises
    ------
    NotFitsError, FileTooLargeError, UnsupportedImageError
        As for :func:`open_image`, where the headers show it.
    """
    return _image_hdu(data).cards


def head_cards(head: bytes) -> Cards:
    """Read the header of the image in HDU 0 or 1 from the first bytes of a file, gzipped or not.

    Parameters
    ----------
    head
        At least :data:`HEAD_BYTES` of the file, or all of it.

    Raises
    ------
    NotFitsError, FileTooLargeError
        Not a FITS file, or a header without END.
    """
    if head[:2] == b"\x1f\x8b":
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, HEAD_BYTES)
        except zlib.error as error:
            raise NotFitsError(f"corrupt gzip: {error}") from error
    _check_start(head)
    cards, _, begin = parse_header(head, 0)
    return cards if whole_number(cards, "NAXIS") else parse_header(head, begin)[0]


def open_image(data: bytes) -> FitsImage:
    """Read the image in HDU 0 or 1, tile-compressed or not.

    Raises
    ------
    NotFitsError
        Empty, not FITS, truncated or corrupt.
    FileTooLargeError
        Header or image larger than any instrument's.
    UnsupportedImageError
        No two-dimensional image in the first two HDUs, or an unknown compression method.
    """
    hdu = _image_hdu(data)
    return FitsImage(hdu.cards, hdu.history, _pixels(hdu))


def open_images(data: bytes) -> tuple[FitsImage, ...]:
    """Read every image (2-D) and cube (3-D) of a file; tables are skipped.

    Raises
    ------
    NotFitsError
        Empty, not FITS, truncated or corrupt.
    FileTooLargeError
        Headers, images or their number larger than any map's.
    UnsupportedImageError
        No image, an array of another dimension, or an unknown compression method.
    """
    _check_start(data)
    images: list[FitsImage] = []
    start, left = 0, MAX_PIXELS
    while data[start : start + 8] in (b"SIMPLE  ", b"XTENSION"):
        if len(images) == MAX_IMAGES:
            raise FileTooLargeError(f"more than {MAX_IMAGES} images, expected at most {MAX_IMAGES}")
        hdu = _hdu(data, start)
        start = hdu.end
        if _holds_image(hdu.cards):
            images.append(FitsImage(hdu.cards, hdu.history, _pixels(hdu, (2, 3), left)))
            left -= images[-1].pixels.size
    if not images:
        raise UnsupportedImageError("no image in the file")
    return tuple(images)


def _image_hdu(data: bytes) -> _Hdu:
    _check_start(data)
    hdu = _hdu(data, 0)
    return _hdu(data, hdu.end) if whole_number(hdu.cards, "NAXIS") == 0 else hdu


def _check_start(data: bytes) -> None:
    if not data:
        raise NotFitsError("the file is empty")
    if not data.startswith(b"SIMPLE  ="):
        raise NotFitsError(f"not a FITS file: begins with {data[:9]!r}, not with b'SIMPLE  ='")


def _holds_image(cards: Cards) -> bool:
    return cards.get("ZIMAGE") is True or (
        whole_number(cards, "NAXIS") > 0 and "TFIELDS" not in cards
    )


def _gunzip(data: bytes, max_bytes: int) -> bytes:
    unpacked = bytearray()
    packed, start, members = memoryview(data), 0, 0
    while start < len(data):
        members += 1
        if members > MAX_MEMBERS:
            raise FileTooLargeError(f"more than {MAX_MEMBERS} gzip members")
        stream = zlib.decompressobj(wbits=31)
        # In pieces: each member leaves a copy of what comes after it in its piece.
        while not stream.eof:
            piece = packed[start : start + _PIECE_BYTES]
            if not piece:
                raise NotFitsError(f"truncated gzip: ends after {len(unpacked)} unpacked bytes")
            try:
                unpacked += stream.decompress(piece, max_bytes - len(unpacked) + 1)
            except zlib.error as error:
                raise NotFitsError(f"corrupt gzip: {error}") from error
            if len(unpacked) > max_bytes:
                raise FileTooLargeError(f"unpacks to more than {max_bytes} bytes")
            start += len(piece) - len(stream.unused_data)
        start = _after_zeros(data, start)  # gzip files may be padded with zeros
    return bytes(unpacked)


def _after_zeros(data: bytes, start: int) -> int:
    found = _NOT_ZERO.search(data, start)
    return found.start() if found else len(data)


def _hdu(data: bytes, start: int) -> _Hdu:
    if start >= len(data):
        raise UnsupportedImageError("no image in the first two HDUs")
    cards, history, begin = parse_header(data, start)
    size = _data_size(cards)
    if len(data) < begin + size:
        raise NotFitsError(f"truncated: {len(data) - begin} bytes of data, the header says {size}")
    return _Hdu(cards, history, memoryview(data)[begin : begin + size], begin + padded(size))


def _data_size(cards: Cards) -> int:
    axes = whole_number(cards, "NAXIS")
    if axes == 0:
        return 0
    bits = abs(bitpix(cards))
    lengths = [whole_number(cards, f"NAXIS{axis + 1}") for axis in range(min(axes, 999))]
    groups, extra = whole_number(cards, "GCOUNT", 1), whole_number(cards, "PCOUNT", 0)
    return bits // 8 * groups * (extra + math.prod(lengths))


def _pixels(hdu: _Hdu, axes: tuple[int, ...] = (2,), most: int = MAX_PIXELS) -> Image:
    if hdu.cards.get("ZIMAGE") is True:
        shape = _shape(hdu.cards, "Z", axes, most)
        return decompress(hdu.cards, hdu.data, shape, _conversion(hdu.cards, "ZBITPIX"))
    if "TFIELDS" in hdu.cards:
        raise UnsupportedImageError("the first HDU with data is a table, expected an image")
    shape = _shape(hdu.cards, "", axes, most)
    dtype = np.dtype(DTYPES[bitpix(hdu.cards)])
    size = math.prod(shape)
    if len(hdu.data) < size * dtype.itemsize:  # GCOUNT is 0
        raise NotFitsError(f"{len(hdu.data)} bytes of data for {size} pixels")
    raw = np.frombuffer(hdu.data, dtype, size).reshape(shape)
    return converted(raw, _conversion(hdu.cards, "BITPIX"))


def _shape(cards: Cards, prefix: str, axes: tuple[int, ...], most: int) -> tuple[int, ...]:
    """Shape of an image, slowest axis first, checked."""
    count = whole_number(cards, f"{prefix}NAXIS")
    if count not in axes:
        few = " or ".join(map(str, axes))
        raise UnsupportedImageError(f"an array of {count} axes, expected an image of {few}")
    shape = tuple(whole_number(cards, f"{prefix}NAXIS{axis}") for axis in range(count, 0, -1))
    height, width = shape[-2:]
    if max(height, width) > MAX_SIDE_PX:
        raise FileTooLargeError(f"{width} by {height} pixels, at most {MAX_SIDE_PX} a side")
    if min(height, width) < MIN_SIDE_PX:
        raise UnsupportedImageError(
            f"{width} by {height} pixels, expected at least {MIN_SIDE_PX} a side"
        )
    if math.prod(shape) > most:
        raise FileTooLargeError(f"{math.prod(shape)} pixels, at most {most} are read")
    return shape


def _conversion(cards: Cards, format_key: str) -> Convert:
    """Conversion of stored values: BLANK, BSCALE and BZERO in double precision, rounded once."""
    # BLANK applies to integers only (FITS standard 4.0, section 4.4.2.4).
    check_not_scaled_floats(cards)
    blank = _blank(cards) if bitpix(cards, format_key) > 0 else None
    scale, zero = _scaling(cards, "BSCALE", 1.0), _scaling(cards, "BZERO", 0.0)

    def convert(stored: NDArray[Any], into: Image) -> None:
        with np.errstate(over="ignore"):  # doubles beyond float32 become infinite: missing
            into[:] = _scaled(stored, scale, zero)
        if blank is not None:
            np.putmask(into, stored == blank, np.float32(np.nan))
        if stored.dtype.kind == "f":
            quiet_nans(into)

    return convert


def _blank(cards: Cards) -> int | None:
    """Stored value of missing pixels; some tools write it as -32768.0."""
    value = cards.get("BLANK", cards.get("ZBLANK"))
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _scaling(cards: Cards, key: str, default: float) -> float:
    """BSCALE or BZERO; a value that is no number is not passed over: the pixels depend on it."""
    if key not in cards:
        return default
    value = number(cards, key)
    if value is None or (key == "BSCALE" and value == 0):
        raise NotFitsError(f"{key} is {cards[key]!r}, expected a number")
    return value


def check_not_scaled_floats(cards: Cards) -> None:
    """Check that BSCALE and BZERO of a floating-point image are 1 and 0.

    No archive scales floats: a tool that unpacked integers has left the scale in the header.

    Raises
    ------
    UnsupportedImageError
        They are other numbers.
    """
    kind = number(cards, "ZBITPIX" if cards.get("ZIMAGE") is True else "BITPIX") or 0
    scale, zero = number(cards, "BSCALE"), number(cards, "BZERO")
    if kind < 0 and (scale not in (None, 1.0) or zero not in (None, 0.0)):
        raise UnsupportedImageError(
            f"floating-point pixels with BSCALE {scale} and BZERO {zero}, left over from integers"
            " that were scaled already: expected 1 and 0"
        )


def quiet_nans(pixels: Image) -> Image:
    """Replace, in place, signalling NaNs of a file, at which every later conversion would warn."""
    np.putmask(pixels, np.isnan(pixels), np.float32(np.nan))
    return pixels


def _scaled(stored: NDArray[Any], scale: float, zero: float) -> NDArray[Any]:
    if (scale, zero) == (1.0, 0.0):
        return stored
    if stored.dtype.kind == "i" and stored.dtype.itemsize == 8 and (scale, zero) == (1.0, 2.0**63):
        # Unsigned 64-bit integers (section 4.4.2.5): a double would lose the last 11 bits.
        return (stored.astype(np.int64) ^ np.int64(-(2**63))).view(np.uint64)
    values = stored.astype(np.float64)
    values *= scale
    if zero:
        values += zero
    return values


MAX_HDUS = 16
"""Most HDUs of a product: the field, its sigma, tables, and images in other bands."""

MAX_COLUMNS = 64
"""Most columns of a table; the source table of a synchronic map has 24."""

MAX_AXES = 3
"""Most axes of an array: a cube of maps."""


@dataclass(frozen=True, eq=False)
class StoredHdu:
    """HDU as stored in a file: structure checked, values not read.

    Attributes
    ----------
    cards
        Header cards.
    data
        Data unit without padding.
    blocks
        Header and data unit with padding, over which CHECKSUM is computed.
    """

    cards: Cards
    data: memoryview
    blocks: memoryview


def primary_cards(data: bytes) -> Cards:
    """Read the first header of a file only.

    Raises
    ------
    NotFitsError, FileTooLargeError
        Not a FITS file, or a header without END.
    """
    _check_start(data)
    return parse_header(data, 0)[0]


def open_hdus(data: bytes) -> tuple[StoredHdu, ...]:
    """Read all HDUs of a decompressed file of uncompressed images and plain tables.

    Each size in a header (FITS standard 4.0, sections 4.4.1 and 7) is bounded before use, and the
    declared data must be present.

    Raises
    ------
    NotFitsError
        Empty, not FITS, truncated, or of a structure that the standard forbids.
    FileTooLargeError
        More headers, HDUs, axes, pixels or columns than any product has.
    UnsupportedImageError
        Random groups or a heap, which no product has.
    """
    _check_start(data)
    if len(data) % BLOCK:
        raise NotFitsError(f"truncated: got {len(data)} bytes, expected whole blocks of {BLOCK}")
    hdus: list[StoredHdu] = []
    start = 0
    while start < len(data):
        if len(hdus) == MAX_HDUS:
            raise FileTooLargeError(f"more than {MAX_HDUS} HDUs")
        if hdus and data[start : start + 9] != b"XTENSION=":
            raise NotFitsError(f"HDU {len(hdus)} begins with {data[start : start + 9]!r}")
        hdu = _hdu(data, start)
        _check_structure(hdu.cards)
        if hdu.end > len(data):
            raise NotFitsError(f"truncated: the data unit of HDU {len(hdus)} is not padded")
        hdus.append(StoredHdu(hdu.cards, hdu.data, memoryview(data)[start : hdu.end]))
        start = hdu.end
    return tuple(hdus)


def _check_structure(cards: Cards) -> None:
    axes = whole_number(cards, "NAXIS")
    if axes > MAX_AXES:
        raise FileTooLargeError(f"an array of {axes} axes, expected at most {MAX_AXES}")
    if whole_number(cards, "TFIELDS", 0) > MAX_COLUMNS:
        raise FileTooLargeError(f"{cards['TFIELDS']} columns, expected at most {MAX_COLUMNS}")
    if whole_number(cards, "GCOUNT", 1) != 1 or whole_number(cards, "PCOUNT", 0) != 0:
        raise UnsupportedImageError("groups or a heap, expected GCOUNT 1 and PCOUNT 0")
    sides = [whole_number(cards, f"NAXIS{axis + 1}") for axis in range(axes)]
    if "TFIELDS" not in cards and any(side > MAX_SIDE_PX for side in sides):
        raise FileTooLargeError(f"sides of {sides}, expected at most {MAX_SIDE_PX} each")
