"""What the commands of training share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from farside.errors import FarsideError


@contextmanager
def one_sentence(*others: type[Exception]) -> Iterator[None]:
    """End the program with what goes wrong as one sentence.

    Parameters
    ----------
    others
        Errors besides those of farside, of files and of values.
    """
    expected: tuple[type[Exception], ...] = (FarsideError, OSError, ValueError, *others)
    try:
        yield
    except expected as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from error
