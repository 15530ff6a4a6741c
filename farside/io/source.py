"""File sources: a path, bytes or an open file; reading their bytes and plain name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath
from typing import IO

from farside.errors import InputError

Source = str | Path | bytes | IO[bytes]
"""Path, bytes of a file, or open binary file."""


@contextmanager
def about(subject: str) -> Iterator[None]:
    """Prefix `subject` (a file or an image) to any InputError raised in the block."""
    try:
        yield
    except InputError as error:
        raise type(error)(f"{subject}: {error}", files=(subject,)) from error


def bytes_of(source: Source, name: str, max_bytes: int) -> tuple[bytes, str]:
    """Bytes and plain name of a source.

    At most ``max_bytes + 1`` bytes are read, enough for the caller to refuse a larger file.
    """
    if isinstance(source, bytes):
        return source, plain_name(name)
    if isinstance(source, str | Path):
        with Path(source).open("rb") as file:
            return file.read(max_bytes + 1), plain_name(name or str(source))
    own = getattr(source, "name", "")
    return source.read(max_bytes + 1), plain_name(name or (own if isinstance(own, str) else ""))


def plain_name(name: str) -> str:
    """Last component of an untrusted file name, printable, at most 100 characters."""
    return "".join(letter for letter in PureWindowsPath(name).name if letter.isprintable())[:100]
