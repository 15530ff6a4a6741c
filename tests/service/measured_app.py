"""The service, with the longest turn of its event loop, in processor seconds, in a file."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from service.app import FarsideService

__all__ = ["FarsideService"]

_run = asyncio.Handle._run
_longest = [0.0]


def _measured(handle: asyncio.Handle) -> None:
    begin = time.thread_time()
    _run(handle)
    spent = time.thread_time() - begin
    if spent > _longest[0]:
        _longest[0] = spent
        (Path(tempfile.gettempdir()) / "longest-turn-s").write_text(f"{spent:.4f} {handle!r}")


asyncio.Handle._run = _measured  # type: ignore[method-assign, assignment]
