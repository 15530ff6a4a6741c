"""Decompress untrusted tile-compressed FITS images, with time and memory bounded beforehand.

The layout of tiles is that of section 10 of the FITS standard 4.0. astropy decodes them; it is
given checked cards and tiles only, because its C code (cfitsio's) trusts the sizes in a tile. Rows
of integers in Rice's code, as the JSOC writes them, are given to that C code one by one: astropy's
own way around each tile takes twice as long as the decoding. No array of stored integers is made:
a few rows at a time are decoded and converted while the cache has them.
"""

from __future__ import annotations

import io
import itertools
import math
import os
import re
import struct
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.io.fits.hdu.compressed._compression import decompress_rice_1_c
from numpy.typing import NDArray

from farside.errors import FileTooLargeError, NotFitsError, UnsupportedImageError
from farside.io.fits_header import Cards, Value, bitpix, padded, text, whole_number
from farside.sun.grid import Image

MAX_TILES = 2**15
"""Most tiles of an image: 8 times the rows of SDO's. Each takes 20 to 70 µs, however small."""

_CODINGS = (
    "RICE_1",
    "RICE_ONE",
    "GZIP_1",
    "GZIP_2",
    "HCOMPRESS_1",
    "PLIO_1",
    "NOCOMPRESS",
)
_STRUCTURE = re.compile(
    r"(XTENSION|BITPIX|NAXIS\d?|[PG]COUNT|TFIELDS|THEAP|T(TYPE|FORM)\d|Z[A-Z]+\d?)"
)
# Binary-table formats (FITS standard 4.0, table 18) that a tile-compressed image has.
_COLUMNS = {"P": (">i4", 2), "Q": (">i8", 2), "D": (">f8",), "E": (">f4",), "J": (">i4",)}
_ELEMENT_BYTES = {"B": 1, "I": 2, "J": 4, "E": 4, "K": 8, "D": 8}
_DITHER_SEEDS = range(1, 10001)

_HCOMPRESS_MAGIC = 0xDD99
_HCOMPRESS_HEADER = struct.Struct(">HiiiqBBB")
_HCOMPRESS_PLANES = 63
_HCOMPRESS_SLACK = 16
"""Most bytes per pixel that the decoder reads of `_HCOMPRESS_PLANES` bit planes: a plane of a
quadrant takes at most 6 bits per 4 pixels, and the levels of the quadtree above a third more."""

_RICE_SLACK = 256
"""Bytes behind the last tile: a block of 32 pixels of ones ends within 160."""

_MAX_THREADS = 4
"""Most threads that decode one image, a choice."""

_ROWS = 32
"""Rows decoded and converted at a time: 32 of 4096 pixels are 0.5 MB."""

Shape = tuple[int, ...]

Convert = Callable[[NDArray[Any], NDArray[np.float32]], None]
"""Writes rows of stored values into rows of an image, as physical values."""


def decompress(cards: Cards, data: memoryview, shape: Shape, convert: Convert) -> Image:
    """Decompress the tiles of an image; `convert` makes physical values of the stored ones.

    Parameters
    ----------
    cards, data
        Header and bytes of the binary table.
    shape
        Shape of the image, slowest axis first: two or three axes, checked by the caller.

    Raises
    ------
    NotFitsError
        Corrupt data, or sizes that contradict each other.
    UnsupportedImageError
        A compression method that the FITS standard does not name.
    FileTooLargeError
        More than `MAX_TILES` tiles.
    """
    data = _checked(cards, data, shape)
    if _has_rice_rows(cards, data, shape):
        return _rice_rows(cards, data, shape, convert)
    kept = {key: value for key, value in cards.items() if _STRUCTURE.fullmatch(key)}
    kept["PCOUNT"] = len(data) - whole_number(cards, "NAXIS1") * whole_number(cards, "NAXIS2")
    if bitpix(cards, "ZBITPIX") > 0:
        kept.pop("ZBLANK", None)
    lone = {"SIMPLE": True, "BITPIX": 8, "NAXIS": 0, "EXTEND": True}
    try:
        blob = _written(lone) + _written(kept) + bytes(data)
        blob += bytes(padded(len(blob)) - len(blob))
        with fits.open(io.BytesIO(blob), memmap=False) as hdus:
            pixels: NDArray[Any] = hdus[1].data
    except Exception as error:  # corrupt tiles make astropy raise errors of any kind
        raise NotFitsError(f"corrupt tile compression: {error}") from error
    if pixels.shape != shape:
        raise NotFitsError(f"unpacks to {pixels.shape}, the header says {shape}")
    return converted(pixels, convert)


def converted(stored: NDArray[Any], convert: Convert) -> Image:
    """Image of stored values, converted a few rows at a time."""
    image = np.empty(stored.shape, np.float32)
    rows, into = stored.reshape(-1, stored.shape[-1]), image.reshape(-1, stored.shape[-1])
    for start in range(0, len(rows), _ROWS):
        convert(rows[start : start + _ROWS], into[start : start + _ROWS])
    return image


def _has_rice_rows(cards: Cards, data: memoryview, shape: Shape) -> bool:
    """Whether every tile is a row of integers in Rice's code, none of them stored otherwise."""
    settings = _rice_settings(cards)
    return (
        text(cards, "ZCMPTYPE").startswith("RICE_")
        and _variable(cards) == {"COMPRESSED_DATA": 1}
        and whole_number(cards, "TFIELDS") == 1
        and settings["BYTEPIX"] in (2, 4)
        and cards.get("ZBITPIX") == 8 * settings["BYTEPIX"]
        and _tile_shape(cards, shape) == (*(1,) * (len(shape) - 1), shape[-1])
        and bool((_table(cards, data, math.prod(shape[:-1]))["COMPRESSED_DATA"][:, 0] > 0).all())
    )


def _rice_settings(cards: Cards) -> dict[str, int]:
    """BLOCKSIZE and BYTEPIX, by default 32 and 4 (section 10.4.1)."""
    found = {"BLOCKSIZE": 32, "BYTEPIX": 4}
    for index in range(1, 10):
        name = text(cards, f"ZNAME{index}").upper()
        if name in found:
            found[name] = whole_number(cards, f"ZVAL{index}")
    return found


def _rice_rows(cards: Cards, data: memoryview, shape: Shape, convert: Convert) -> Image:
    """Decode an image with one Rice tile a row, the rows shared between threads."""
    count, width, settings = math.prod(shape[:-1]), shape[-1], _rice_settings(cards)
    table = _table(cards, data, count)
    length, offset = table["COMPRESSED_DATA"].astype(np.int64).T
    starts = offset + whole_number(cards, "THEAP", table.nbytes)
    tiles = list(zip(starts.tolist(), (starts + length).tolist(), strict=True))
    # The decoder looks for the end of a corrupt tile only after a block: let it find ones there.
    room = np.frombuffer(bytes(data) + b"\xff" * _RICE_SLACK, np.uint8)
    stored, how = f"i{settings['BYTEPIX']}", (settings["BLOCKSIZE"], settings["BYTEPIX"], width)
    image = np.empty((count, width), np.float32)

    def decode(first: int) -> None:
        rows = slice(first, first + _ROWS)
        values = b"".join(
            decompress_rice_1_c(room[start:stop], *how) for start, stop in tiles[rows]
        )
        convert(np.frombuffer(values, stored).reshape(-1, width), image[rows])

    try:
        with ThreadPoolExecutor(min(_MAX_THREADS, os.cpu_count() or 1)) as pool:
            list(pool.map(decode, range(0, count, _ROWS)))
    except Exception as error:  # of any kind, on corrupt tiles
        raise NotFitsError(f"corrupt tile compression: {error}") from error
    return image.reshape(shape)


def _checked(cards: Cards, data: memoryview, shape: Shape) -> memoryview:
    """Table and heap as given to the decoder, after validation of all sizes in them."""
    coding = text(cards, "ZCMPTYPE")
    if coding not in _CODINGS:
        raise UnsupportedImageError(
            f"compressed by {coding!r}, expected one of {', '.join(_CODINGS)}"
        )
    _check_settings(cards)
    tiles = _tiles(cards, shape)
    table = _table(cards, data, len(tiles))
    heap = whole_number(cards, "THEAP", table.nbytes)
    _check_places(cards, data, table, heap)

    def content(column: str, row: int) -> memoryview:
        length, offset = (int(value) for value in table[column][row])
        start = heap + offset
        return data[start : start + length * _variable(cards)[column]]

    packed = table["COMPRESSED_DATA"][:, 0] > 0
    check = _CHECKS.get(coding)
    if check is not None:
        for row in np.flatnonzero(packed).tolist():
            check(content("COMPRESSED_DATA", row), tiles[row])
    if "GZIP_COMPRESSED_DATA" in _variable(cards):
        for row in np.flatnonzero(~packed).tolist():
            _check_gzip(content("GZIP_COMPRESSED_DATA", row), tiles[row])
    return _with_room(data, table, tiles) if coding == "HCOMPRESS_1" else data


def _tile_shape(cards: Cards, shape: Shape) -> Shape:
    """Shape of a tile that is not at an edge, by default a row."""
    axes = len(shape)
    return tuple(
        whole_number(cards, f"ZTILE{axes - axis}", shape[axis] if axis == axes - 1 else 1)
        for axis in range(axes)
    )


def _tiles(cards: Cards, shape: Shape) -> list[Shape]:
    """Shape of each tile, in the order of the table's rows; tiles at an edge are smaller."""
    part = _tile_shape(cards, shape)
    if not all(0 < side <= full for side, full in zip(part, shape, strict=True)):
        raise NotFitsError(f"tiles of {part} in an image of {shape}")
    sides = [
        [min(side, full - start) for start in range(0, full, side)]
        for side, full in zip(part, shape, strict=True)
    ]
    count = math.prod(map(len, sides))
    if count > MAX_TILES:
        raise FileTooLargeError(f"{count} compressed tiles, at most {MAX_TILES} are read")
    return list(itertools.product(*sides))


def _check_settings(cards: Cards) -> None:
    allowed = {"BLOCKSIZE": (16, 32), "BYTEPIX": (1, 2, 4)}
    for index in range(1, 10):
        name, value = text(cards, f"ZNAME{index}").upper(), cards.get(f"ZVAL{index}")
        if name in allowed and value not in allowed[name]:
            raise NotFitsError(f"Rice {name} is {value!r}, expected one of {allowed[name]}")
    quantised = "ZSCALE" in (text(cards, f"TTYPE{index}") for index in range(1, 10))
    if quantised and text(cards, "ZQUANTIZ") not in ("", "NO_DITHER"):
        seed = whole_number(cards, "ZDITHER0")
        if seed not in _DITHER_SEEDS:
            raise NotFitsError(f"ZDITHER0 is {seed}, expected 1 to {_DITHER_SEEDS[-1]}")


def _table(cards: Cards, data: memoryview, tiles: int) -> NDArray[Any]:
    fields = []
    for index in range(1, 1 + min(whole_number(cards, "TFIELDS"), 9)):
        letter = text(cards, f"TFORM{index}").lstrip("01")[:1]
        if letter not in _COLUMNS:
            raise NotFitsError(f"TFORM{index} is {cards.get(f'TFORM{index}')!r}")
        fields.append((text(cards, f"TTYPE{index}") or f"column{index}", *_COLUMNS[letter]))
    try:
        dtype = np.dtype(fields)
    except ValueError as error:
        raise NotFitsError(f"columns of the compressed image: {error}") from error
    if "COMPRESSED_DATA" not in _variable(cards):
        raise NotFitsError("a compressed image without a column COMPRESSED_DATA")
    if dtype.itemsize != whole_number(cards, "NAXIS1"):
        raise NotFitsError(f"rows of {cards['NAXIS1']} bytes, expected {dtype.itemsize}")
    if whole_number(cards, "NAXIS2") != tiles:
        raise NotFitsError(f"{cards['NAXIS2']} compressed tiles, expected {tiles}")
    if len(data) < tiles * dtype.itemsize:
        raise NotFitsError(f"a table of {len(data)} bytes, expected {tiles * dtype.itemsize}")
    return np.frombuffer(data, dtype, tiles)


def _variable(cards: Cards) -> dict[str, int]:
    """Bytes per element of each variable-length column (values in the heap)."""
    found = {}
    for index in range(1, 10):
        form = re.fullmatch(r"[01]?[PQ]([A-Z])(\(\d*\))?", text(cards, f"TFORM{index}"))
        if form:
            element = _ELEMENT_BYTES.get(form[1])
            if element is None:
                raise NotFitsError(f"TFORM{index} is {cards[f'TFORM{index}']!r}")
            found[text(cards, f"TTYPE{index}")] = element
    return found


def _check_places(cards: Cards, data: memoryview, table: NDArray[Any], heap: int) -> None:
    size = len(data)
    for name, element in _variable(cards).items():
        length, offset = table[name].astype(np.int64).T
        within = (length >= 0) & (offset >= 0) & (length <= size) & (offset <= size)
        used = length > 0
        if not (within & (~used | (heap + offset + length * element <= size))).all():
            raise NotFitsError("a compressed tile lies outside the file")


def _check_gzip(tile: memoryview, shape: Shape) -> None:
    """Check that a gzip tile decompresses to 1, 2, 4 or 8 bytes per pixel."""
    pixels = math.prod(shape)
    stream = zlib.decompressobj(wbits=31)
    try:
        found = len(stream.decompress(tile, 8 * pixels + 1))
    except zlib.error as error:
        raise NotFitsError(f"corrupt gzip in a compressed tile: {error}") from error
    if (
        not stream.eof
        or stream.unused_data
        or found not in (pixels * size for size in (1, 2, 4, 8))
    ):
        raise NotFitsError(f"a tile of {pixels} pixels unpacks to {found} bytes or more")


def _check_hcompress(tile: memoryview, shape: Shape) -> None:
    """Check the sides and bit planes in an HCOMPRESS tile, which the decoder trusts."""
    if len(tile) < _HCOMPRESS_HEADER.size:
        raise NotFitsError("truncated HCOMPRESS tile")
    magic, rows, columns, _, _, *planes = _HCOMPRESS_HEADER.unpack_from(tile)
    flat = tuple(side for side in shape if side != 1)
    if magic != _HCOMPRESS_MAGIC or (rows, columns) != flat:
        raise NotFitsError(f"a tile of HCOMPRESS of {(rows, columns)}, expected {flat}")
    if max(planes) > _HCOMPRESS_PLANES:
        raise NotFitsError(
            f"{max(planes)} bit planes of HCOMPRESS, expected at most {_HCOMPRESS_PLANES}"
        )


def _check_plio(tile: memoryview, _: Shape) -> None:
    """Check the length in words 3 to 5 of a PLIO tile, which the decoder trusts."""
    words = np.frombuffer(tile[: len(tile) // 2 * 2], ">i2").astype(int)
    if len(words) < 5:
        raise NotFitsError("truncated PLIO tile")
    length = words[2] if words[2] > 0 else words[3] + (words[4] << 15)
    if not 0 <= length <= len(words) or words[1] < 0:
        raise NotFitsError(f"a tile of PLIO of {length} words, expected {len(words)}")


def _with_room(data: memoryview, table: NDArray[Any], tiles: list[Shape]) -> memoryview:
    """Pad each tile by as much as its decoder can read beyond the end of a corrupt one."""
    room = _HCOMPRESS_SLACK * max(map(math.prod, tiles))
    longer = table.copy()
    longer["COMPRESSED_DATA"][:, 0] += np.where(table["COMPRESSED_DATA"][:, 0] > 0, room, 0)
    return memoryview(longer.tobytes() + bytes(data[table.nbytes :]) + b"\xff" * room)


_CHECKS: Mapping[str, Callable[[memoryview, Shape], None]] = {
    "GZIP_1": _check_gzip,
    "GZIP_2": _check_gzip,
    "HCOMPRESS_1": _check_hcompress,
    "PLIO_1": _check_plio,
}


def _written(cards: Mapping[str, Value]) -> bytes:
    header = fits.Header()
    for key, value in cards.items():
        header[key] = value
    return str(header.tostring()).encode("ascii")
