"""Progress callback of long operations, and timer of the stages of the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Literal

Progress = Callable[[int, int], None]
"""Callback after each part: number of parts done, and of all parts."""

Stage = Literal["read", "register", "encode", "infer", "decode"]

Timer = Callable[[Stage], AbstractContextManager[None]]
"""Factory of a context manager for a stage: entered at its start, left at its end or on error."""


def no_progress(_done: int, _all: int) -> None:
    """Progress callback that does nothing."""


def no_timer(_stage: Stage) -> AbstractContextManager[None]:
    """Timer that measures nothing."""
    return nullcontext()
