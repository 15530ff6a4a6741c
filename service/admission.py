"""Who may upload, and whose files are worked on: in order of arrival, the clients in turn."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(eq=False)
class Claim:
    """A part of a :class:`Share` that a client holds or waits for."""

    client: str
    amount: int
    granted: asyncio.Future[None] = field(repr=False)


class Share:
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
        self._line: list[Claim] = []

    @asynccontextmanager
    async def claim(self, client: str, amount: int) -> AsyncIterator[Claim]:
        """Wait for `amount`, hold it until the end of the block."""
        claim = Claim(client, amount, asyncio.get_running_loop().create_future())
        self._line.append(claim)
        self._grant()
        try:
            await claim.granted
            yield claim
        finally:
            if claim in self._line:
                self._line.remove(claim)
                self._grant()
            else:
                self.reduce(claim, 0)

    def reduce(self, claim: Claim, amount: int) -> None:
        """Give back all of a claim but `amount`."""
        back = claim.amount - amount
        claim.amount = amount
        self._free += back
        self._held[claim.client] -= back
        self._held += Counter()  # without those that hold nothing
        self._grant()

    def _grant(self) -> None:
        while self._line:
            first = min(self._line, key=lambda claim: self._held[claim.client])
            if first.amount > self._free:
                return
            self._line.remove(first)
            self._free -= first.amount
            self._held[first.client] += first.amount
            if not first.granted.done():  # else it has just been given up
                first.granted.set_result(None)
