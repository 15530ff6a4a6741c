"""Tile compression: every coding gives the pixels that went in, and no tile is believed."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from farside.errors import FileTooLargeError, InputError, NotFitsError, UnsupportedImageError
from farside.io.fits import open_images

CODINGS = ["RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1"]

Array = NDArray[Any]


def compressed(pixels: Array, coding: str, **options: Any) -> bytes:
    """A file with `pixels` in a compressed HDU 1."""
    buffer = io.BytesIO()
    hdu = fits.CompImageHDU(pixels, compression_type=coding, **options)
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(buffer)
    return buffer.getvalue()


def ramp(shape: tuple[int, ...], kind: str = "i4") -> Array:
    values = np.random.default_rng(0).integers(0, 900, shape).cumsum(axis=-1) % 20_000
    return np.asarray(values, kind)


def opened(data: bytes) -> Array:
    (image,) = open_images(data)
    return np.asarray(image.pixels)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("shape", [(70, 101), (3, 70, 101)])
def test_integers_of_every_coding_come_back_exactly(coding: str, shape: tuple[int, ...]) -> None:
    pixels = ramp(shape)
    np.testing.assert_array_equal(opened(compressed(pixels, coding)), pixels)


@pytest.mark.parametrize("coding", ["RICE_1", "GZIP_1", "HCOMPRESS_1", "PLIO_1"])
def test_tiles_that_do_not_divide_the_image_come_back(coding: str) -> None:
    pixels = ramp((70, 101))
    data = compressed(pixels, coding, tile_shape=(33, 27))
    np.testing.assert_array_equal(opened(data), pixels)


@pytest.mark.parametrize("coding", ["GZIP_1", "GZIP_2"])
@pytest.mark.parametrize("kind", [">f4", ">f8"])
def test_lossless_floats_come_back_exactly_with_their_nan(coding: str, kind: str) -> None:
    pixels = ramp((70, 101), kind) / 7
    pixels[:5] = np.nan
    data = compressed(pixels, coding, quantize_level=0)
    np.testing.assert_array_equal(opened(data), pixels.astype(np.float32))


@pytest.mark.parametrize("coding", ["RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1"])
@pytest.mark.parametrize("method", [-1, 1, 2])
def test_quantised_floats_come_back_within_their_step(coding: str, method: int) -> None:
    pixels = np.random.default_rng(1).normal(0, 50, (70, 101)).astype(np.float32)
    pixels[40:] = np.nan  # rows of one value are kept as gzip
    options = {"quantize_level": -0.5, "quantize_method": method, "dither_seed": 5}
    found = opened(compressed(pixels, coding, **options))
    np.testing.assert_array_equal(np.isnan(found), np.isnan(pixels))
    assert np.nanmax(np.abs(found - pixels)) <= 0.5


@pytest.mark.parametrize("coding", ["RICE_1", "GZIP_1"])
def test_unsigned_integers_keep_their_last_unit(coding: str) -> None:
    pixels = ramp((70, 101)).astype(np.uint32) + 66
    np.testing.assert_array_equal(opened(compressed(pixels, coding)), pixels)


def test_another_coding_is_refused_by_name() -> None:
    data = compressed(ramp((70, 101)), "RICE_1").replace(b"'RICE_1  '", b"'MAGIC   '")
    with pytest.raises(UnsupportedImageError, match="compressed by 'MAGIC', expected one of RICE"):
        open_images(data)


def with_card(data: bytes, key: str, value: int) -> bytes:
    start = data.index(f"{key:<8}=".encode(), data.index(b"XTENSION"))
    return data[:start] + f"{key:<8}= {value:>20}".ljust(80).encode() + data[start + 80 :]


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [
        ("NAXIS", 0, NotFitsError),
        ("GCOUNT", 0, NotFitsError),
        ("NAXIS1", 4, NotFitsError),
        ("NAXIS2", 3, NotFitsError),
        ("TFIELDS", 0, NotFitsError),
        ("ZTILE1", 0, NotFitsError),
        ("ZTILE1", 1000, NotFitsError),
        ("ZTILE2", 1000, NotFitsError),
        ("ZNAXIS", 4, UnsupportedImageError),
        ("ZNAXIS2", 4, UnsupportedImageError),
        ("ZNAXIS2", 10**7, FileTooLargeError),
        ("ZVAL1", 0, NotFitsError),
    ],
)
def test_a_table_that_lies_of_its_size_is_refused(
    key: str, value: int, error: type[InputError]
) -> None:
    with pytest.raises(error):
        open_images(with_card(compressed(ramp((70, 101)), "RICE_1"), key, value))


def test_more_tiles_than_an_archive_writes_are_refused() -> None:
    pixels = np.zeros((200, 200), np.int32)
    data = compressed(pixels, "GZIP_1", tile_shape=(1, 1))
    with pytest.raises(FileTooLargeError, match="40000 compressed tiles, at most 32768"):
        open_images(data)


def test_a_dithered_image_without_a_possible_seed_is_refused() -> None:
    pixels = np.random.default_rng(1).normal(0, 50, (70, 101)).astype(np.float32)
    data = compressed(pixels, "RICE_1", quantize_method=1, dither_seed=7)
    with pytest.raises(NotFitsError, match="ZDITHER0 is 0, expected 1 to 10000"):
        open_images(with_card(data, "ZDITHER0", 0))


def heap_of(data: bytes) -> int:
    """Where the first tile of a file of :func:`compressed` begins."""
    with fits.open(io.BytesIO(data), disable_image_compression=True) as hdus:
        hdu = hdus[1]
        return int(hdu.fileinfo()["datLoc"] + hdu.header["NAXIS1"] * hdu.header["NAXIS2"])


def bomb(coding: str) -> bytes:
    """One tile of 70 by 70 pixels of gzip that unpacks to 300 MB."""
    engine = zlib.compressobj(9, wbits=31)
    tile = b"".join(engine.compress(bytes(2**20)) for _ in range(300)) + engine.flush()
    column = fits.Column("COMPRESSED_DATA", "PB()", array=np.array([None]), ascii=False)
    column.array = np.empty(1, object)
    column.array[0] = np.frombuffer(tile, np.uint8)
    hdu = fits.BinTableHDU.from_columns([column])
    hdu.header.update(ZIMAGE=True, ZCMPTYPE=coding, ZBITPIX=32, ZNAXIS=2, ZNAXIS1=70, ZNAXIS2=70)
    hdu.header.update(ZTILE1=70, ZTILE2=70)
    buffer = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("coding", ["GZIP_1", "GZIP_2"])
def test_a_gzip_bomb_in_a_tile_is_refused_before_it_is_unpacked(coding: str) -> None:
    data = bomb(coding)
    assert len(data) < 2**20
    tracemalloc.start()
    try:
        with pytest.raises(NotFitsError, match="a tile of 4900 pixels unpacks to 39201 bytes"):
            open_images(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2**22


@pytest.mark.parametrize(
    ("place", "value", "found"),
    [
        (0, struct.pack(">H", 0x1234), "a tile of HCOMPRESS"),
        (2, struct.pack(">i", 2**30), r"a tile of HCOMPRESS of \(1073741824, 101\)"),
        (22, b"\xff", "255 bit planes"),
    ],
)
def test_an_hcompress_tile_that_lies_of_itself_is_refused(
    place: int, value: bytes, found: str
) -> None:
    data = bytearray(compressed(ramp((70, 101)), "HCOMPRESS_1"))
    start = heap_of(bytes(data)) + place
    data[start : start + len(value)] = value
    with pytest.raises(NotFitsError, match=found):
        open_images(bytes(data))


def test_a_plio_tile_that_lies_of_its_length_is_refused() -> None:
    data = bytearray(compressed(ramp((70, 101)), "PLIO_1"))
    start = heap_of(bytes(data)) + 4
    data[start : start + 6] = struct.pack(">3h", -100, 32767, 32767)
    with pytest.raises(NotFitsError, match="a tile of PLIO of 1073741823 words"):
        open_images(bytes(data))


WHOLE = {coding: compressed(ramp((66, 70)), coding) for coding in CODINGS}


@pytest.mark.parametrize("coding", CODINGS)
@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_changed_tiles_are_read_or_refused_as_input(coding: str, data: st.DataObject) -> None:
    changed = bytearray(WHOLE[coding])
    first = heap_of(WHOLE[coding]) - 66 * 8
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(first, len(changed) - 1))
        changed[place] = data.draw(st.integers(0, 255))
    try:
        pixels = opened(bytes(changed))
    except InputError:
        return
    assert pixels.shape == (66, 70)
