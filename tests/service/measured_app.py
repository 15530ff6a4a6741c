"""The service, with the long turns of its event loop, in processor seconds, in a file."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from service.app import FarsideService

__all__ = ["FarsideService"]

LONG_S = 0.02

_run = asyncio.Handle._run


def _measured(handle: asyncio.Handle) -> None:
    begin = time.thread_time()
    _run(handle)
    spent = time.thread_time() - begin
    if spent > LONG_S:
        with (Path(tempfile.gettempdir()) / "long-turns").open("a") as file:
            file.write(f"{spent:.4f} {handle!r}\n")


asyncio.Handle._run = _measured  # type: ignore[method-assign, assignment]
