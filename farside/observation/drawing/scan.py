"""Decode untrusted scans (PNG, JPEG) to brightness; the size is checked before decoding."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageOps

from farside.errors import FileTooLargeError, UnreadablePictureError
from farside.io.fits import MIN_SIDE_PX
from farside.sun.grid import Image

MAX_PIXELS = 40_000_000
"""Largest picture: a sheet of 43 cm with its margins, scanned at 300 dpi."""

MAX_SCANS = 64
"""Most scans of a progressive JPEG, each of which is decoded in full; encoders write about 10."""

_SIGNATURES = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG"}
_START_OF_SCAN = b"\xff\xda"
_DEEP = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")
"""Pillow modes of more than 8 bits, which conversion to 8 bits would clip."""


def is_picture(data: bytes) -> bool:
    """Whether bytes have the signature of a PNG or JPEG file."""
    return _format(data) is not None


def open_picture(data: bytes) -> Image:
    """Luminance of a PNG or JPEG, (y, x), row 0 at the bottom.

    Colours become luminance (ITU-R BT.601), transparency becomes white, and the orientation of
    EXIF is applied.

    Raises
    ------
    UnreadablePictureError
        Not a PNG or JPEG, or corrupt, truncated, or smaller than `MIN_SIDE_PX`.
    FileTooLargeError
        More pixels than `MAX_PIXELS`, or more scans than `MAX_SCANS`.
    """
    kind = _format(data)
    if kind is None:
        raise UnreadablePictureError(f"begins with {data[:9]!r}, expected a FITS, PNG or JPEG file")
    if kind == "JPEG" and data.count(_START_OF_SCAN) > MAX_SCANS:
        raise FileTooLargeError(f"a JPEG of more than {MAX_SCANS} scans, expected at most that")
    with _decoding(kind):
        picture = Pillow.open(io.BytesIO(data), formats=(kind,))
        _check_size(*picture.size)
        luminance = _luminance(ImageOps.exif_transpose(picture))
    return np.ascontiguousarray(luminance[::-1])


def _format(data: bytes) -> str | None:
    return next((kind for start, kind in _SIGNATURES.items() if data.startswith(start)), None)


@contextmanager
def _decoding(kind: str) -> Iterator[None]:
    try:
        yield
    except (FileTooLargeError, UnreadablePictureError):
        raise
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
        raise FileTooLargeError(f"at most {MAX_PIXELS} pixels are decoded: {error}") from error
    except Exception as error:  # corrupt pictures make Pillow raise errors of any kind
        raise UnreadablePictureError(f"corrupt {kind}: {error}") from error


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise FileTooLargeError(f"{width} by {height} pixels, at most {MAX_PIXELS} are decoded")
    if min(width, height) < MIN_SIDE_PX:
        raise UnreadablePictureError(
            f"{width} by {height} pixels, expected at least {MIN_SIDE_PX} a side"
        )


def _luminance(picture: Pillow.Image) -> NDArray[np.float32]:
    if picture.mode in _DEEP:
        return np.asarray(picture, dtype=np.float32)
    if picture.has_transparency_data:
        coloured = picture.convert("RGBA")
        white = Pillow.new("RGBA", coloured.size, "white")
        picture = Pillow.alpha_composite(white, coloured)
    return np.asarray(picture.convert("L"), dtype=np.float32)
