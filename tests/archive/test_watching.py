from __future__ import annotations

from threading import Event

import pytest

from farside.archive.watching import LONGEST_WAIT_S, watch
from farside.errors import ConnectionFailedError, EngineUnavailableError, RequestError


class Clock(Event):
    """A stop that nobody waits for: it is set after some waits, which it writes down."""

    def __init__(self, waits: int) -> None:
        super().__init__()
        self.waited: list[float] = []
        self._waits = waits

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waited.append(timeout)
        if len(self.waited) == self._waits:
            self.set()
        return self.is_set()


def waits_of(*rounds: Exception | None, every_s: float = 30.0) -> list[float]:
    left, stop = list(rounds), Clock(len(rounds))

    def work() -> int:
        error = left.pop(0)
        if error:
            raise error
        return 1

    watch(work, every_s, stop)
    assert left == []
    return stop.waited


def test_the_waits_double_while_the_service_is_away_and_are_short_again_after() -> None:
    away = ConnectionFailedError("nobody")
    assert waits_of(None, away, EngineUnavailableError("soon"), away, None, away) == [
        30, 30, 60, 120, 30, 30
    ]  # fmt: skip


def test_a_wait_has_an_end() -> None:
    assert max(waits_of(*[ConnectionFailedError("nobody")] * 12)) == LONGEST_WAIT_S


def test_a_folder_that_is_away_is_waited_for_too() -> None:
    assert waits_of(FileNotFoundError("/mnt"), None) == [30, 30]


def test_an_error_of_ours_is_not_waited_for() -> None:
    with pytest.raises(RequestError):
        waits_of(RequestError("malformed"))


def test_nothing_is_begun_once_it_is_to_stop() -> None:
    stop = Event()
    stop.set()
    watch(lambda: pytest.fail("began"), 30.0, stop)
