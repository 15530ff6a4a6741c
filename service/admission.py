"""Who may upload, and whose files are worked on: in order of arrival, the clients in turn."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(eq=False)
class Permit:
    """A part of a :class:`FairSemaphore` that a client holds or waits for."""

    client: str
    amount: int
    granted: asyncio.Future[None] = field(repr=False)


class FairSemaphore:
    """An amount (bytes of memory, or places) that is given out and comes back.

    Next is whose client holds least, and of those the one who came first. So a client with many
    requests cannot keep others out, nobody is overtaken for ever, and a large claim is not passed
    over for small ones.

    Parameters
    ----------
    capacity
        How much there is; no claim may be larger.
    """

    def __init__(self, capacity: int) -> None:
        self._free = capacity
        self._held: Counter[str] = Counter()
        self._queue: list[Permit] = []

    @asynccontextmanager
    async def permit(self, client: str, amount: int) -> AsyncIterator[Permit]:
        """Wait for `amount`, hold it until the end of the block."""
        permit = Permit(client, amount, asyncio.get_running_loop().create_future())
        self._queue.append(permit)
        self._grant()
        try:
            await permit.granted
            yield permit
        finally:
            if permit in self._queue:
                self._queue.remove(permit)
                self._grant()
            else:
                self.reduce(permit, 0)

    def reduce(self, permit: Permit, amount: int) -> None:
        """Give back all of a claim but `amount`."""
        back = permit.amount - amount
        permit.amount = amount
        self._free += back
        self._held[permit.client] -= back
        self._held += Counter()  # without those that hold nothing
        self._grant()

    def _grant(self) -> None:
        while self._queue:
            first = min(self._queue, key=lambda permit: self._held[permit.client])
            if first.amount > self._free:
                return
            self._queue.remove(first)
            self._free -= first.amount
            self._held[first.client] += first.amount
            if not first.granted.done():  # else it has just been given up
                first.granted.set_result(None)
