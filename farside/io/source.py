"""What a file may be given as: a path, bytes or an open file; its bytes and its plain name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath
from typing import IO

from farside.errors import InputError

Source = str | Path | bytes | IO[bytes]
"""What :func:`read` takes: a path, the bytes of a file or an open binary file."""


@contextmanager
def about(subject: str) -> Iterator[None]:
    """Name the file in whatever is wrong with it."""
    try:
        yield
    except InputError as error:
        raise type(error)(f"{subject}: {error}", files=(subject,)) from error


def bytes_of(source: Source, name: str, max_bytes: int) -> tuple[bytes, str]:
    """Bytes and plain name; at most one byte more than is read, which is enough to refuse it."""
    if isinstance(source, bytes):
        return source, plain_name(name)
    if isinstance(source, str | Path):
        with Path(source).open("rb") as file:
            return file.read(max_bytes + 1), plain_name(name or str(source))
    own = getattr(source, "name", "")
    return source.read(max_bytes + 1), plain_name(name or (own if isinstance(own, str) else ""))


def plain_name(name: str) -> str:
    """Last component of a name that a stranger may have chosen, printable, 100 characters."""
    return "".join(letter for letter in PureWindowsPath(name).name if letter.isprintable())[:100]
