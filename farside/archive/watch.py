"""Polling loop of `farside watch`, with exponential back-off while the service is unreachable."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event

from farside.errors import (
    ArchiveAwayError,
    ArchiveError,
    DeadlineError,
    DiskFullError,
    EngineUnavailableError,
    RequestError,
    ServiceError,
    UnknownModelError,
)

_log = logging.getLogger(__name__)

MAX_WAIT_S = 600.0
"""Longest wait between two tries while the service is unreachable."""

UNREACHABLE = (
    ServiceError,
    EngineUnavailableError,
    DeadlineError,
    ArchiveAwayError,
    DiskFullError,
    OSError,
)
"""Passing errors of service, engine, folders or disk."""


def do_nothing() -> None:
    """Ignore an unreachable service."""


def watch(
    run_round: Callable[[], int],
    every_s: float,
    stop: Event,
    on_unreachable: Callable[[], None] = do_nothing,
) -> None:
    """Run rounds at an interval until `stop` is set.

    While the service, its model, a folder or the disk is unreachable, or a round fails
    unexpectedly, the waits double, up to :data:`MAX_WAIT_S`.

    Parameters
    ----------
    work
        One round; returns the number of products it made.
    every_s
        Interval between rounds, seconds.
    stop
        Event that ends the loop.
    tell_away
        Called after a round that failed.

    Raises
    ------
    ArchiveError
        If the index is damaged.
    """
    wait_s = every_s
    while not stop.is_set():
        try:
            run_round()
            wait_s = every_s
        except Exception as error:
            if isinstance(error, ArchiveError) and not isinstance(error, ArchiveAwayError):
                raise  # a damaged index does not mend by waiting
            foreseen = isinstance(error, (*UNREACHABLE, UnknownModelError))
            unforeseen = not foreseen or isinstance(error, RequestError)
            _log.warning(
                "unreachable, next try in %.0f s: %s: %s", wait_s, type(error).__name__, error,
                exc_info=unforeseen,
            )  # fmt: skip
            on_unreachable()
            stop.wait(wait_s)
            wait_s = min(2 * wait_s, max(MAX_WAIT_S, every_s))
        else:
            stop.wait(every_s)
