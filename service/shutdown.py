"""The end of a worker: new work is refused, what runs is finished, and only then nobody listens.

uvicorn alone would close its copy of the listening socket at once, while the program that starts
the workers keeps one until the last of them has gone: clients that come meanwhile would be let in,
wait for as long as the longest request lasts, and be cut off.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from types import FrameType

from service.worker import Worker

SIGNALS = (signal.SIGTERM, signal.SIGINT)

log = logging.getLogger("farside.service")


class GracefulShutdown:
    """Graceful shutdown, begun by the first signal to stop.

    Ctrl-C reaches a worker twice, as SIGINT from the terminal and as SIGTERM from the program that
    started it: only a second SIGINT is the framework's, which then stops listening at once.

    Parameters
    ----------
    worker
        Whose requests are finished.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._loop = asyncio.get_running_loop()
        # Those of uvicorn, which stand before the worker is made.
        self._handlers = {number: signal.signal(number, self._begin) for number in SIGNALS}

    def _begin(self, number: int, _: FrameType | None) -> None:
        signal.signal(signal.SIGINT, self._handlers[signal.SIGINT])
        if self._worker.stopping:
            return
        self._worker.stopping = True
        ending = self._finish(signal.Signals(number))
        self._loop.call_soon_threadsafe(self._loop.create_task, ending)

    async def _finish(self, number: signal.Signals) -> None:
        log.info("stopping: %s, %d requests to finish", number.name, self._worker.in_flight)
        await self._worker.idle()
        signal.signal(number, self._handlers[number])
        signal.raise_signal(number)
