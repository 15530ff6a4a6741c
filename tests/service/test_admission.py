"""Who is next: in order of arrival, the clients in turn."""

from __future__ import annotations

import asyncio

import pytest

from service.admission import FairSemaphore


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


class Line:
    """Claims that note when they are granted, and end when told."""

    def __init__(self, capacity: int) -> None:
        self.share = FairSemaphore(capacity)
        self.granted: list[str] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ends: dict[str, asyncio.Event] = {}

    def join(self, name: str, client: str, amount: int = 1) -> None:
        self._ends[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._hold(name, client, amount))

    async def _hold(self, name: str, client: str, amount: int) -> None:
        async with self.share.permit(client, amount):
            self.granted.append(name)
            await self._ends[name].wait()

    async def leave(self, name: str) -> None:
        self._ends[name].set()
        await self._tasks[name]
        await settle()

    async def give_up(self, name: str) -> None:
        self._tasks[name].cancel()
        with pytest.raises(asyncio.CancelledError):
            await self._tasks[name]
        await settle()


def test_claims_are_granted_in_order_of_arrival() -> None:
    async def story() -> list[str]:
        line = Line(1)
        for name in "abc":
            line.join(name, "one address")
        for name in "abc":
            await settle()
            await line.leave(name)
        return line.granted

    assert asyncio.run(story()) == ["a", "b", "c"]


def test_a_client_with_many_requests_does_not_go_before_one_with_few() -> None:
    async def story() -> list[str]:
        line = Line(2)
        for number in range(5):
            line.join(f"greedy {number}", "greedy")
        line.join("modest", "modest")
        await settle()
        await line.leave("greedy 0")
        return line.granted

    assert asyncio.run(story()) == ["greedy 0", "greedy 1", "modest"]


def test_a_large_claim_is_not_passed_over_for_small_ones() -> None:
    async def story() -> list[str]:
        line = Line(10)
        line.join("first", "a", 5)
        line.join("large", "b", 8)
        line.join("small", "c", 1)
        await settle()
        before = list(line.granted)
        await line.leave("first")
        return [*before, "|", *line.granted]

    assert asyncio.run(story()) == ["first", "|", "first", "large", "small"]


def test_who_gives_up_in_line_or_with_a_claim_leaves_all_to_the_next() -> None:
    async def story() -> list[str]:
        line = Line(1)
        for name in "abc":
            line.join(name, "one")
        await settle()
        await line.give_up("b")
        await line.give_up("a")
        return line.granted

    assert asyncio.run(story()) == ["a", "c"]


def test_what_a_claim_gives_back_early_is_there_for_the_next() -> None:
    async def story() -> list[str]:
        line = Line(10)
        async with line.share.permit("a", 10) as permit:
            line.join("next", "b", 6)
            await settle()
            assert line.granted == []
            line.share.reduce(permit, 4)
            await settle()
            assert line.granted == ["next"]
        line.join("last", "c", 4)
        await settle()
        return line.granted

    assert asyncio.run(story()) == ["next", "last"]
