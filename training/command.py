"""Error handling and options shared by the training commands."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from farside.errors import FarsideError


@contextmanager
def exit_on_error(*others: type[Exception]) -> Iterator[None]:
    """Turn the expected errors into a one-line message and exit status 1.

    Parameters
    ----------
    others
        Expected errors besides `FarsideError`, `OSError` and `ValueError`.
    """
    expected: tuple[type[Exception], ...] = (FarsideError, OSError, ValueError, *others)
    try:
        yield
    except expected as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from error


def count(text: str) -> int:
    """Parse a positive number, for argparse."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"got {text}, expected 1 or more")
    return number
