"""PNG and JPEG from anybody: what is read, and what is refused before it is decoded."""

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from farside.errors import FileTooLargeError, InputError, UnreadablePictureError
from farside.observation.drawing.scan import MAX_SCANS, is_picture, open_picture
from tests.support.drawn_suns import Plain, encoded

PICTURE = Plain().picture((0.3, 0.2))


def png_header(width: int, height: int, compressed: bytes = b"") -> bytes:
    """A PNG that says how large it is and holds next to nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", compressed or zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )


def test_row_0_is_at_the_bottom() -> None:
    np.testing.assert_array_equal(open_picture(encoded(PICTURE)), PICTURE[::-1])


def test_colour_becomes_luminance() -> None:
    coloured = np.zeros((80, 90, 3), np.uint8)
    coloured[..., 0] = 200
    assert np.unique(open_picture(encoded(coloured))) == pytest.approx([60])


def test_what_is_transparent_is_white() -> None:
    clear = np.zeros((80, 90, 4), np.uint8)
    assert open_picture(encoded(clear)).min() == 255


def test_sixteen_bits_are_not_cut_to_eight() -> None:
    deep = np.linspace(0, 60000, 6400).astype(np.uint16).reshape(80, 80)
    np.testing.assert_array_equal(open_picture(encoded(deep)), deep[::-1])


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA"])
def test_every_mode_gives_the_same_brightness(mode: str) -> None:
    black_and_white = np.where(np.indices((70, 70)).sum(axis=0) % 3 == 0, 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(black_and_white).convert(mode).save(file, format="PNG")
    np.testing.assert_allclose(open_picture(file.getvalue()), black_and_white[::-1], atol=1)


def test_a_picture_held_upright_is_turned() -> None:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn clockwise shows it upright
    Image.fromarray(PICTURE).save(file, format="PNG", exif=exif)
    upright = np.rot90(PICTURE, -1)
    np.testing.assert_array_equal(open_picture(file.getvalue()), upright[::-1])


@pytest.mark.parametrize("side", [6400, 9400, 20_000, 2**31 - 1])
def test_a_bomb_is_refused_by_its_header(side: int) -> None:
    with pytest.raises(FileTooLargeError, match="pixels"):
        open_picture(png_header(side, side))


def test_a_jpeg_of_many_scans_is_refused() -> None:
    data = encoded(PICTURE, "JPEG")
    with pytest.raises(FileTooLargeError, match="scans"):
        open_picture(data + b"\xff\xda" * MAX_SCANS)


@pytest.mark.parametrize("size", [(1, 5000), (40, 40)])
def test_few_pixels_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(UnreadablePictureError, match="at least 64 a side"):
        open_picture(encoded(np.zeros(size, np.uint8)))


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"%PDF-1.7", b"SIMPLE  ="])
def test_other_files_are_refused_with_what_is_expected(data: bytes) -> None:
    assert not is_picture(data)
    with pytest.raises(UnreadablePictureError, match="FITS, PNG or JPEG"):
        open_picture(data)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_truncated_picture_is_refused(form: str) -> None:
    data = encoded(PICTURE, form)
    with pytest.raises(UnreadablePictureError, match="corrupt"):
        open_picture(data[: len(data) // 2])


@given(st.sampled_from(["PNG", "JPEG"]), st.binary(max_size=60), st.integers(3, 400))
def test_damaged_bytes_give_a_picture_or_an_input_error(form: str, junk: bytes, at: int) -> None:
    data = bytearray(encoded(PICTURE[::4, ::4], form))
    data[at : at + len(junk)] = junk
    with contextlib.suppress(InputError):
        assert np.isfinite(open_picture(bytes(data))).all()
