"""The program that starts the workers (BentoML's, a fork of circus), without its open doors."""

from __future__ import annotations

import errno
import logging
import shutil
import tempfile
from collections.abc import Callable
from typing import Any

from bentoml._internal.utils import circus

from service.metrics import SHARED

log = logging.getLogger("bentoml.serve")


class Supervisor(circus.Arbiter):
    """BentoML's supervisor, closed to other processes, with a folder for the numbers of its own.

    BentoML opens two TCP ports of the loopback through which any user of the machine may run
    commands as the service; none but the reloading of ``--reload`` needs them. And it keeps the
    numbers of all services of a user in one folder, which each start empties.
    """

    def __init__(self, watchers: list[Any], **options: Any) -> None:
        if not options.get("plugins"):
            options |= {"endpoint": "inproc://control", "pubsub_endpoint": "inproc://events"}
        self._numbers = tempfile.mkdtemp(prefix="farside-metrics-")
        for watcher in watchers:
            watcher.env[SHARED] = self._numbers
        super().__init__(watchers, **options)

    def start(self, cb: Callable[[Any], Any] | None = None) -> None:  # noqa: ARG002  its address is not always true
        """Start the workers and wait for their end; one line says where they listen, or why not."""
        where = ", ".join(f"http://{one.host}:{one.port}" for one in self.sockets.values())
        try:
            super().start(lambda _: log.info("farside listens on %s", where))
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES):
                raise
            raise SystemExit(f"farside: cannot listen on {where}: {error.strerror}") from error
        finally:
            # Not in `exit_stack`: BentoML empties that at the signal, before the workers end.
            shutil.rmtree(self._numbers, ignore_errors=True)


def install() -> None:
    """Make ``bentoml serve`` start :class:`Supervisor`; it has no option for its own."""
    circus.Arbiter = Supervisor  # type: ignore[misc]  # a class of its own in its place
