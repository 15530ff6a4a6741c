"""The round of a watch: look, make, wait; and longer where the service is away."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event

from farside.errors import DeadlineError, EngineUnavailableError, RequestError, ServiceError

_log = logging.getLogger(__name__)

LONGEST_WAIT_S = 600.0
"""Between two tries while the service is away."""

AWAY = (ServiceError, EngineUnavailableError, DeadlineError)
"""Nobody makes products now, and later somebody may."""


def watch(work: Callable[[], int], every_s: float, stop: Event) -> None:
    """Work, and again after some seconds, until `stop` is set.

    While the service, a folder or the disk is away, the waits double, up to
    :data:`LONGEST_WAIT_S`.

    Parameters
    ----------
    work
        One round; says how many products it made.
    """
    wait_s = every_s
    while not stop.is_set():
        try:
            work()
            wait_s = every_s
        except (*AWAY, OSError) as error:
            if isinstance(error, RequestError):
                raise
            _log.warning("away, next try in %.0f s: %s: %s", wait_s, type(error).__name__, error)
            stop.wait(wait_s)
            wait_s = min(2 * wait_s, max(LONGEST_WAIT_S, every_s))
        else:
            stop.wait(every_s)
