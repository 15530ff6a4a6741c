"""The round of a watch: look, make, wait; and longer where the service is away."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event

from farside.errors import (
    ArchiveAwayError,
    ArchiveError,
    DeadlineError,
    EngineUnavailableError,
    RequestError,
    ServiceError,
    UnknownModelError,
)

_log = logging.getLogger(__name__)

LONGEST_WAIT_S = 600.0
"""Between two tries while the service is away."""

AWAY = (ServiceError, EngineUnavailableError, DeadlineError, ArchiveAwayError, OSError)
"""Nobody makes or keeps products now, and later somebody may."""


def no_word() -> None:
    """Tell nobody."""


def watch(
    work: Callable[[], int], every_s: float, stop: Event, tell_away: Callable[[], None] = no_word
) -> None:
    """Work, and again after some seconds, until `stop` is set.

    While the service, its model, a folder or the disk is away, or a round fails in a way that
    nobody foresaw, the waits double, up to :data:`LONGEST_WAIT_S`.

    Raises
    ------
    ArchiveError
        The index is damaged.

    Parameters
    ----------
    work
        One round; says how many products it made.
    tell_away
        Called when a round was not done.
    """
    wait_s = every_s
    while not stop.is_set():
        try:
            work()
            wait_s = every_s
        except Exception as error:
            if isinstance(error, ArchiveError) and not isinstance(error, ArchiveAwayError):
                raise  # a damaged index stays so until somebody moves it away
            foreseen = isinstance(error, (*AWAY, UnknownModelError))
            unforeseen = not foreseen or isinstance(error, RequestError)
            _log.warning(
                "away, next try in %.0f s: %s: %s", wait_s, type(error).__name__, error,
                exc_info=unforeseen,
            )  # fmt: skip
            tell_away()
            stop.wait(wait_s)
            wait_s = min(2 * wait_s, max(LONGEST_WAIT_S, every_s))
        else:
            stop.wait(every_s)
