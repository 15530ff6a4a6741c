"""The start of a worker: what prevents it is one line of the log, and ends the service.

BentoML logs a traceback and starts the worker again, for ever. That is right for a worker that was
killed, not for a mistyped path.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from farside.errors import FarsideError
from service.metrics import SHARED

_MARK = "started"
"""File in the folder of the metrics, made once a worker has started."""

log = logging.getLogger("farside.service")


@contextmanager
def starting() -> Iterator[None]:
    """Start a worker in the block; an error there is logged in one line and ends this process.

    The line has a traceback only where the error is a fault of ours.
    """
    try:
        yield
        if SHARED in os.environ:
            (Path(os.environ[SHARED]) / _MARK).touch()
    except Exception as error:
        expected = isinstance(error, FarsideError | OSError)
        log.critical("cannot start: %s", error, exc_info=None if expected else error)
        logging.shutdown()
        os._exit(1)  # the framework would log an exception as well


def has_started(folder: str) -> bool:
    """Whether any worker has started whose metrics are in this folder."""
    return (Path(folder) / _MARK).exists()
