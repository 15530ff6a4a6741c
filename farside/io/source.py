"""File sources: a path, bytes, an open file, an HDUList or a sunpy Map; their bytes and name."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path, PureWindowsPath
from typing import IO, TYPE_CHECKING, TypeAlias, TypeGuard, TypeVar

from astropy.io import fits

from farside.errors import InputError
from farside.io.objects import is_address, read_object

if TYPE_CHECKING:
    from sunpy.map import GenericMap

T = TypeVar("T")

Source: TypeAlias = "str | Path | bytes | IO[bytes] | fits.HDUList | GenericMap"
"""One file: its path, its bytes, open, as astropy opened it, as a sunpy Map; or its address: text
such as ``s3://bucket/key`` or ``file:///folder/name``."""


@contextmanager
def naming_errors(subject: str) -> Iterator[None]:
    """Prefix `subject` (a file or an image) to any InputError raised in the block."""
    try:
        yield
    except InputError as error:
        raise type(error)(f"{subject}: {error}", files=(subject,)) from error


def bytes_of(source: Source, name: str, max_bytes: int) -> tuple[bytes, str]:
    """Bytes and plain name of a source.

    At most ``max_bytes + 1`` bytes are read, enough for the caller to refuse a larger file.

    Raises
    ------
    OSError
        The file cannot be opened or read.
    TypeError
        It is no source.
    """
    name = plain_name(name) or name_of(source)
    if isinstance(source, bytes):
        return source, name
    if is_address(source):
        return read_object(source, max_bytes), name
    if isinstance(source, str | Path):
        with Path(source).open("rb") as file:
            return file.read(max_bytes + 1), name
    if isinstance(source, fits.HDUList):
        return _written(source), name
    if _is_map(source):
        hdu = fits.PrimaryHDU(source.data, source.fits_header)
        return _written(fits.HDUList([hdu])), name
    if not (hasattr(source, "read") and hasattr(source, "close")):
        raise TypeError(
            f"got an object of type {type(source).__name__}, expected a path, an address, bytes, "
            "an open binary file, an HDUList or a sunpy Map"
        )
    return source.read(max_bytes + 1), name


def name_of(source: Source) -> str:
    """Plain name of the file, empty if it has none; nothing is read."""
    if isinstance(source, str | Path):
        return plain_name(str(source))
    if isinstance(source, fits.HDUList):
        return plain_name(source.filename() or "")
    name = "" if isinstance(source, bytes) or _is_map(source) else getattr(source, "name", "")
    return plain_name(name) if isinstance(name, str) else ""


def listed(given: T | Iterable[T]) -> list[T]:
    """List of what is given; one file, HDUList or Map is a list of one."""
    is_one = isinstance(given, str | bytes | fits.HDUList) or hasattr(given, "read")
    return list(given) if isinstance(given, Iterable) and not is_one else [given]  # type: ignore[list-item]


def _is_map(source: object) -> TypeGuard[GenericMap]:
    """Whether an object is a sunpy Map; does not import sunpy.map, which takes seconds."""
    module = sys.modules.get("sunpy.map")
    return module is not None and isinstance(source, module.GenericMap)


def _written(hdus: fits.HDUList) -> bytes:
    file = BytesIO()
    with warnings.catch_warnings():
        # Real headers hold cards that FITS forbids; our own reader of bytes judges them.
        warnings.simplefilter("ignore", fits.verify.VerifyWarning)
        hdus.writeto(file, output_verify="ignore")
    return file.getvalue()


def plain_name(name: str) -> str:
    """Last component of an untrusted file name, printable, at most 100 characters."""
    return "".join(letter for letter in PureWindowsPath(name).name if letter.isprintable())[:100]
