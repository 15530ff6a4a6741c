from __future__ import annotations

from threading import Event

import pytest

from farside.archive.watch import MAX_WAIT_S, watch
from farside.errors import ArchiveError, ConnectionFailedError, EngineUnavailableError, RequestError
from tests.support.logs import own_records


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

    def run_round() -> int:
        error = left.pop(0)
        if error:
            raise error
        return 1

    watch(run_round, every_s, stop)
    assert left == []
    return stop.waited


def test_the_waits_double_while_the_service_is_away_and_are_short_again_after() -> None:
    away = ConnectionFailedError("nobody")
    assert waits_of(None, away, EngineUnavailableError("soon"), away, None, away) == [
        30, 30, 60, 120, 30, 30
    ]  # fmt: skip


def test_a_wait_has_an_end() -> None:
    assert max(waits_of(*[ConnectionFailedError("nobody")] * 12)) == MAX_WAIT_S


def test_a_damaged_index_ends_a_watch() -> None:
    with pytest.raises(ArchiveError, match="malformed"):
        waits_of(ArchiveError("malformed"))


def test_who_is_told_hears_of_each_round_that_was_not_done() -> None:
    told: list[str] = []
    left: list[Exception | None] = [OSError("full"), None]
    stop = Clock(2)

    def run_round() -> int:
        if error := left.pop(0):
            raise error
        return 0

    watch(run_round, 30.0, stop, lambda: told.append("away"))
    assert told == ["away"]


def test_a_folder_that_is_away_is_waited_for_too() -> None:
    assert waits_of(FileNotFoundError("/mnt"), None) == [30, 30]


def test_what_nobody_foresaw_is_logged_with_its_traceback_and_waited_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert waits_of(ZeroDivisionError("odd"), RequestError("malformed"), None) == [30, 60, 30]
    assert [bool(record.exc_info) for record in own_records(caplog)] == [True, True]


def test_nothing_is_begun_once_it_is_to_stop() -> None:
    stop = Event()
    stop.set()
    watch(lambda: pytest.fail("began"), 30.0, stop)
