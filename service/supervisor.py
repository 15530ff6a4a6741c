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
from service.starting import has_started

RESPAWN_S = 1.0
"""How often it looks whether a worker has ended: for so long, and its start, nobody answers."""

log = logging.getLogger("bentoml.serve")


class Supervisor(circus.Arbiter):
    """BentoML's supervisor, closed to other processes, with a folder for the numbers of its own.

    BentoML opens two TCP ports of the loopback through which any user of the machine may run
    commands as the service; none but the reloading of ``--reload`` needs them. It keeps the
    numbers of all services of a user in one folder, which each start empties. It starts workers
    that cannot start again and again, for ever, and looks for one that was killed every 10 s alone.
    """

    def __init__(self, watchers: list[Any], **options: Any) -> None:
        if not options.get("plugins"):
            options |= {"endpoint": "inproc://control", "pubsub_endpoint": "inproc://events"}
        self._numbers = tempfile.mkdtemp(prefix="farside-metrics-")
        for watcher in watchers:
            watcher.env[SHARED] = self._numbers
        self._respawn = all(watcher.respawn for watcher in watchers)
        super().__init__(watchers, **options | {"check_delay": RESPAWN_S})

    def start(self, cb: Callable[[Any], Any] | None = None) -> None:  # noqa: ARG002  its address is not always true
        """Start the workers and wait for their end; one line says where they listen, or why not."""
        where = ", ".join(f"http://{one.host}:{one.port}" for one in self.sockets.values())
        try:
            super().start(lambda _: log.info("farside listens on %s", where))
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES):
                raise
            raise SystemExit(f"farside: cannot listen on {where}: {error.strerror}") from error
        except RuntimeError as error:
            if self.numprocesses():
                raise
            raise SystemExit("farside: no worker is left; the log says why") from error
        finally:
            # Not in `exit_stack`: BentoML empties that at the signal, before the workers end.
            shutil.rmtree(self._numbers, ignore_errors=True)

    def manage_watchers(self) -> Any:
        """Start workers that ended anew, but none before one has been able to start."""
        if self._exclusive_running_command is not None:
            return None  # as while they are started or stopped: circus would raise an error
        for watcher in self.watchers:
            watcher.respawn = self._respawn and has_started(self._numbers)
        return super().manage_watchers()

    def stop(self) -> Any:
        """Stop the workers; one that is being started is waited for.

        circus refuses every command meanwhile, and so would forget the signal to stop.
        """
        if self._exclusive_running_command == "manage_watchers":
            self._stopping = True  # no more of them after those
            self.loop.call_later(0.1, self.stop)
            return None
        return super().stop()


def install() -> None:
    """Make ``bentoml serve`` start :class:`Supervisor`; it has no option for its own."""
    circus.Arbiter = Supervisor  # type: ignore[misc]  # a class of its own in its place
