"""Progress callback of long operations."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Callback after each part: number of parts done, and of all parts."""


def no_progress(_done: int, _all: int) -> None:
    """Progress callback that does nothing."""
