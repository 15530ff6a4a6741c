"""Bytes that anyone may have sent → header cards and pixels; nothing in them is trusted.

Sizes are bounded before anything is unpacked or allocated, and a declared size must be there. The
cards are parsed here because real headers hold what astropy refuses to read (a bare ``nan``).
"""

from __future__ import annotations

import io
import math
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from farside.errors import FileTooLargeError, NotFitsError, UnsupportedImageError
from farside.grid import Image

MAX_BYTES = 256 * 2**20
"""Largest file, packed or unpacked: an uncompressed 4096² image of doubles has 128 MiB."""

MAX_HEADER_BLOCKS = 128
"""Longest header: 4608 cards. The longest seen (Solar Orbiter PHI) has 750."""

MAX_SIDE_PX = 4200
"""Longest image side: SDO's is 4096."""

MAX_IMAGES = 8
"""Most images of one file: an ADAPT map has 2, a synchronic map of ours 5."""

MIN_SIDE_PX = 64
"""Shortest image side: below it a disk holds nothing that a network could use."""

Value = str | int | float | bool
Cards = Mapping[str, Value]
"""Header cards by upper-case keyword; the first of equal keywords counts."""

BLOCK = 2880
"""Bytes of which a FITS file has a whole number."""

_CARD = 80
_QUOTED = re.compile(r"\s*'((?:[^']|'')*)'")
_STRUCTURE = re.compile(
    r"(XTENSION|BITPIX|NAXIS\d?|[PG]COUNT|TFIELDS|THEAP|T(TYPE|FORM)\d|Z[A-Z]+\d?)"
)
_DTYPES = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
# Binary-table formats (FITS standard 4.0, table 18) that a tile-compressed image has.
_COLUMNS = {"P": (">i4", 2), "Q": (">i8", 2), "D": (">f8",), "E": (">f4",), "J": (">i4",)}


@dataclass(frozen=True, eq=False)
class FitsImage:
    """An image of a file.

    Attributes
    ----------
    cards
        Its header.
    history
        Its HISTORY cards as one text.
    pixels
        Physical values (y, x), or (plane, y, x) of a stack; NaN where an integer image has BLANK.
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


def unpack(data: bytes, max_bytes: int = MAX_BYTES) -> bytes:
    """Undo gzip, if it is gzip, without ever holding more than `max_bytes`.

    Raises
    ------
    FileTooLargeError
        Larger than `max_bytes`, packed or unpacked.
    NotFitsError
        Truncated or corrupt gzip.
    """
    if len(data) > max_bytes:
        raise FileTooLargeError(f"{len(data)} bytes, at most {max_bytes} are read")
    return _gunzip(data, max_bytes) if data[:2] == b"\x1f\x8b" else data


def open_cards(data: bytes) -> Cards:
    """Read the header of the image in HDU 0 or 1; its pixels stay packed.

    Raises
    ------
    NotFitsError, FileTooLargeError, UnsupportedImageError
        As by :func:`open_image`, as far as the headers tell.
    """
    return _image_hdu(data).cards


def open_image(data: bytes) -> FitsImage:
    """Read the image in HDU 0 or 1, Rice-compressed or not.

    Raises
    ------
    NotFitsError
        Empty, no FITS, truncated or corrupt.
    FileTooLargeError
        Header or image larger than any instrument's.
    UnsupportedImageError
        No two-dimensional image in the first two HDUs, or a compression other than Rice.
    """
    hdu = _image_hdu(data)
    return FitsImage(hdu.cards, hdu.history, _pixels(hdu))


def open_images(data: bytes) -> tuple[FitsImage, ...]:
    """Read every image of a file, or stack of images of three axes; tables are passed over.

    Raises
    ------
    NotFitsError
        Empty, no FITS, truncated or corrupt.
    FileTooLargeError
        Headers, images or their number larger than any map's.
    UnsupportedImageError
        No image at all, or one of other than two or three axes, or not compressed by Rice.
    """
    _check_start(data)
    images: list[FitsImage] = []
    start = 0
    while data[start : start + 8] in (b"SIMPLE  ", b"XTENSION"):
        if len(images) == MAX_IMAGES:
            raise FileTooLargeError(f"more than {MAX_IMAGES} images")
        hdu = _hdu(data, start)
        start = hdu.end
        if _holds_image(hdu.cards):
            images.append(FitsImage(hdu.cards, hdu.history, _pixels(hdu, axes=(2, 3))))
    if not images:
        raise UnsupportedImageError("no image in the file")
    return tuple(images)


def _image_hdu(data: bytes) -> _Hdu:
    _check_start(data)
    hdu = _hdu(data, 0)
    return _hdu(data, hdu.end) if _whole(hdu.cards, "NAXIS") == 0 else hdu


def _check_start(data: bytes) -> None:
    if not data:
        raise NotFitsError("the file is empty")
    if not data.startswith(b"SIMPLE  ="):
        raise NotFitsError(f"not a FITS file: begins with {data[:9]!r}, not with b'SIMPLE  ='")


def _holds_image(cards: Cards) -> bool:
    return cards.get("ZIMAGE") is True or (_whole(cards, "NAXIS") > 0 and "TFIELDS" not in cards)


def _gunzip(data: bytes, max_bytes: int) -> bytes:
    unpacked = bytearray()
    while data:
        stream = zlib.decompressobj(wbits=31)
        try:
            unpacked += stream.decompress(data, max_bytes - len(unpacked) + 1)
        except zlib.error as error:
            raise NotFitsError(f"corrupt gzip: {error}") from error
        if len(unpacked) > max_bytes:
            raise FileTooLargeError(f"unpacks to more than {max_bytes} bytes")
        if not stream.eof:
            raise NotFitsError(f"truncated gzip: ends after {len(unpacked)} unpacked bytes")
        data = stream.unused_data.lstrip(b"\0")  # gzip files may be padded with zeros
    return bytes(unpacked)


def _hdu(data: bytes, start: int) -> _Hdu:
    if start >= len(data):
        raise UnsupportedImageError("no image in the first two HDUs")
    cards, history, begin = _header(data, start)
    size = _data_size(cards)
    if len(data) < begin + size:
        raise NotFitsError(f"truncated: {len(data) - begin} bytes of data, the header says {size}")
    return _Hdu(cards, history, memoryview(data)[begin : begin + size], begin + _padded(size))


def _header(data: bytes, start: int) -> tuple[dict[str, Value], str, int]:
    cards: dict[str, Value] = {}
    history: list[str] = []
    stop = start + MAX_HEADER_BLOCKS * BLOCK
    for offset in range(start, min(stop, len(data) - _CARD + 1), _CARD):
        card = data[offset : offset + _CARD].decode("latin-1")
        keyword = card[:8].rstrip()
        if keyword == "END":
            return cards, "".join(history), start + _padded(offset + _CARD - start)
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
            return kind(word.replace("D", "E"))
        except ValueError:
            continue
    return word


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _whole(cards: Cards, key: str, default: int | None = None) -> int:
    value = cards.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise NotFitsError(f"{key} is {value!r}, a whole number is wanted")
    return value


def _data_size(cards: Cards) -> int:
    axes = _whole(cards, "NAXIS")
    if axes == 0:
        return 0
    bits = abs(_bitpix(cards, "BITPIX"))
    lengths = [_whole(cards, f"NAXIS{axis + 1}") for axis in range(min(axes, 999))]
    groups, extra = _whole(cards, "GCOUNT", 1), _whole(cards, "PCOUNT", 0)
    return bits // 8 * groups * (extra + math.prod(lengths))


def _bitpix(cards: Cards, key: str) -> int:
    value = cards.get(key)
    if not isinstance(value, int) or value not in _DTYPES:
        raise NotFitsError(f"{key} is {value!r}, one of {sorted(_DTYPES)} is wanted")
    return value


def _pixels(hdu: _Hdu, axes: tuple[int, ...] = (2,)) -> Image:
    if hdu.cards.get("ZIMAGE") is True:
        return _physical(_unrice(hdu, _shape(hdu.cards, "Z")), hdu.cards, "ZBITPIX")
    if "TFIELDS" in hdu.cards:
        raise UnsupportedImageError("the first HDU with data is a table, an image is wanted")
    shape: tuple[int, ...] = _shape(hdu.cards, "", axes)
    if _whole(hdu.cards, "NAXIS") == 3:
        shape = (_whole(hdu.cards, "NAXIS3"), *shape)
    dtype = np.dtype(_DTYPES[_bitpix(hdu.cards, "BITPIX")])
    raw = np.frombuffer(hdu.data, dtype, math.prod(shape)).reshape(shape)
    return _physical(raw, hdu.cards, "BITPIX")


def _shape(cards: Cards, prefix: str, wanted: tuple[int, ...] = (2,)) -> tuple[int, int]:
    axes = _whole(cards, f"{prefix}NAXIS")
    if axes not in wanted:
        few = " or ".join(map(str, wanted))
        raise UnsupportedImageError(f"an array of {axes} axes, an image of {few} is wanted")
    shape = _whole(cards, f"{prefix}NAXIS2"), _whole(cards, f"{prefix}NAXIS1")
    if max(shape) > MAX_SIDE_PX:
        raise FileTooLargeError(f"{shape[1]} by {shape[0]} pixels, at most {MAX_SIDE_PX} a side")
    if min(shape) < MIN_SIDE_PX:
        raise UnsupportedImageError(
            f"{shape[1]} by {shape[0]} pixels, at least {MIN_SIDE_PX} a side are wanted"
        )
    return shape


def _physical(raw: NDArray[Any], cards: Cards, bitpix: str) -> Image:
    with np.errstate(over="ignore"):  # doubles beyond float32 become infinite, that is missing
        pixels = raw.astype(np.float32)
    # BLANK means something for integers only (FITS standard 4.0, section 4.4.2.4).
    blank = cards.get("BLANK", cards.get("ZBLANK"))
    missing = raw == blank if isinstance(blank, int) and _bitpix(cards, bitpix) > 0 else None
    scale, zero = number(cards, "BSCALE"), number(cards, "BZERO")
    if scale not in (None, 1.0):
        pixels *= np.float32(scale)
    if zero not in (None, 0.0):
        pixels += np.float32(zero)
    if missing is not None:
        np.putmask(pixels, missing, np.float32(np.nan))
    return pixels


def _unrice(hdu: _Hdu, shape: tuple[int, int]) -> NDArray[Any]:
    """Decompress tiles through astropy, which is given the checked cards only."""
    _check_tiles(hdu, shape)
    cards = {key: value for key, value in hdu.cards.items() if _STRUCTURE.fullmatch(key)}
    if _bitpix(cards, "ZBITPIX") > 0:
        cards.pop("ZBLANK", None)
    lone = {"SIMPLE": True, "BITPIX": 8, "NAXIS": 0, "EXTEND": True}
    try:
        blob = _written(lone) + _written(cards) + bytes(hdu.data)
        blob += bytes(_padded(len(blob)) - len(blob))
        with fits.open(io.BytesIO(blob), memmap=False) as hdus:
            pixels: NDArray[Any] = hdus[1].data
    except Exception as error:  # corrupt tiles make astropy raise errors of any kind
        raise NotFitsError(f"corrupt Rice compression: {error}") from error
    if pixels.shape != shape:
        raise NotFitsError(f"unpacks to {pixels.shape}, the header says {shape}")
    return pixels


def _check_tiles(hdu: _Hdu, shape: tuple[int, int]) -> None:
    cards = hdu.cards
    kind = text(cards, "ZCMPTYPE")
    if kind not in ("RICE_1", "RICE_ONE"):
        raise UnsupportedImageError(f"compressed as {kind!r}, 'RICE_1' is wanted")
    tile = _whole(cards, "ZTILE2", 1), _whole(cards, "ZTILE1", shape[1])
    if not all(0 < part <= whole for part, whole in zip(tile, shape, strict=True)):
        raise NotFitsError(f"tiles of {tile} in an image of {shape}")
    tiles = math.prod(-(-whole // part) for part, whole in zip(tile, shape, strict=True))
    if _whole(cards, "NAXIS2") != tiles:
        raise NotFitsError(f"{cards['NAXIS2']} tiles, {tiles} are wanted")
    _check_settings(cards)
    _check_heap(hdu, tiles)


def _check_settings(cards: Cards) -> None:
    allowed = {"BLOCKSIZE": (16, 32), "BYTEPIX": (1, 2, 4)}
    for index in range(1, 10):
        name, value = text(cards, f"ZNAME{index}"), cards.get(f"ZVAL{index}")
        if name in allowed and value not in allowed[name]:
            raise NotFitsError(f"Rice {name} is {value!r}, one of {allowed[name]} is wanted")


def _check_heap(hdu: _Hdu, tiles: int) -> None:
    """Every tile lies inside the file, and none is gzip, whose size cannot be bounded."""
    columns = _table_dtype(hdu.cards)
    table = np.frombuffer(hdu.data, columns, tiles)
    heap = len(hdu.data) - _whole(hdu.cards, "THEAP", columns.itemsize * tiles)
    for name in columns.names or ():
        if table[name].ndim == 1:
            continue
        length, offset = table[name].astype(np.int64).T
        # An element of a tile has at most 8 bytes.
        if (length < 0).any() or (offset < 0).any() or (offset + length > heap).any():
            raise NotFitsError("a compressed tile lies outside the file")
        if name == "GZIP_COMPRESSED_DATA" and length.any():
            raise UnsupportedImageError("tiles compressed by gzip, Rice is wanted")


def _table_dtype(cards: Cards) -> np.dtype[Any]:
    fields = []
    for index in range(1, 1 + min(_whole(cards, "TFIELDS"), 9)):
        letter = text(cards, f"TFORM{index}").lstrip("01")[:1]
        if letter not in _COLUMNS:
            raise NotFitsError(f"TFORM{index} is {cards.get(f'TFORM{index}')!r}")
        fields.append((text(cards, f"TTYPE{index}") or f"column{index}", *_COLUMNS[letter]))
    try:
        dtype = np.dtype(fields)
    except ValueError as error:
        raise NotFitsError(f"columns of the compressed image: {error}") from error
    if dtype.itemsize != _whole(cards, "NAXIS1"):
        raise NotFitsError(f"rows of {cards['NAXIS1']} bytes, {dtype.itemsize} are wanted")
    return dtype


def _written(cards: Cards) -> bytes:
    header = fits.Header()
    for key, value in cards.items():
        header[key] = value
    return str(header.tostring()).encode("ascii")


MAX_HDUS = 16
"""Most HDUs of a product: the field, its sigma, a table, and some images in other bands."""

MAX_COLUMNS = 64
"""Most columns of a table; the table of sources of a synchronic map has 24."""

MAX_AXES = 3
"""Most axes of an array: a stack of maps."""


@dataclass(frozen=True, eq=False)
class StoredHdu:
    """A header and its data unit as they lie in a file; the structure is checked, no value read.

    Attributes
    ----------
    cards
        The header.
    data
        The data unit without its padding.
    blocks
        Header and data unit with their padding: what CHECKSUM is the sum of.
    """

    cards: Cards
    data: memoryview
    blocks: memoryview


def primary_cards(data: bytes) -> Cards:
    """Read the first header of a file, and nothing else.

    Raises
    ------
    NotFitsError, FileTooLargeError
        No FITS file, or a header without an end.
    """
    _check_start(data)
    return _header(data, 0)[0]


def open_hdus(data: bytes) -> tuple[StoredHdu, ...]:
    """Walk through all HDUs of an unpacked file of uncompressed images and plain tables.

    Each keyword that says a size or a number (FITS standard 4.0, sections 4.4.1 and 7) is bounded
    before anything is made of it, and the data it announces must be there.

    Raises
    ------
    NotFitsError
        Empty, no FITS, truncated, or with a structure that the standard forbids.
    FileTooLargeError
        Headers, HDUs, axes, sides or columns beyond those of any product.
    UnsupportedImageError
        Groups or a heap, which no product has.
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
    axes = _whole(cards, "NAXIS")
    if axes > MAX_AXES:
        raise FileTooLargeError(f"an array of {axes} axes, expected at most {MAX_AXES}")
    if _whole(cards, "TFIELDS", 0) > MAX_COLUMNS:
        raise FileTooLargeError(f"{cards['TFIELDS']} columns, expected at most {MAX_COLUMNS}")
    if _whole(cards, "GCOUNT", 1) != 1 or _whole(cards, "PCOUNT", 0) != 0:
        raise UnsupportedImageError("groups or a heap, expected GCOUNT 1 and PCOUNT 0")
    sides = [_whole(cards, f"NAXIS{axis + 1}") for axis in range(axes)]
    if "TFIELDS" not in cards and any(side > MAX_SIDE_PX for side in sides):
        raise FileTooLargeError(f"sides of {sides}, expected at most {MAX_SIDE_PX} each")
