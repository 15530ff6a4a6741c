"""Stages of the pipeline, and the timer that a caller may pass to measure them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Literal

Stage = Literal["read", "register", "encode", "infer", "decode"]

Timer = Callable[[Stage], AbstractContextManager[None]]
"""Factory of a context manager for a stage: entered at its start, left at its end or on error."""


def no_timer(stage: Stage) -> AbstractContextManager[None]:  # noqa: ARG001  a Timer's signature
    """Timer that measures nothing."""
    return nullcontext()
