"""How far something is that takes long, for whoever wants to know."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Told after each part: how many are done, and of how many."""


def silent(_done: int, _all: int) -> None:
    """Say nothing."""
