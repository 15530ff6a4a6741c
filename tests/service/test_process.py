"""Work in a process of its own: its result, its errors, and its end."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import numpy as np
import pytest

from farside.errors import DeadlineError, FarsideError, NotFitsError
from service.process import Process

PATIENT_S = 120.0


@pytest.fixture(scope="module")
def process() -> Iterator[Process]:
    running = Process()
    yield running
    running.close()


def doubled(values: np.ndarray) -> tuple[np.ndarray, int]:
    return 2 * values, os.getpid()


def refuse() -> None:
    raise NotFitsError("empty", ("a.fits",))


def loop() -> None:
    while True:
        pass


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_arrays_go_there_and_back(process: Process) -> None:
    values = np.arange(10**6, dtype=np.float32)
    found, pid = process.call(PATIENT_S, doubled, values)
    assert np.array_equal(found, 2 * values)
    assert pid != os.getpid()


def test_an_error_comes_back_with_its_files_and_where_it_was_raised(process: Process) -> None:
    with pytest.raises(NotFitsError, match="empty") as caught:
        process.call(PATIENT_S, refuse)
    assert caught.value.files == ("a.fits",)
    assert "in refuse" in caught.value.__notes__[0]


def test_what_takes_too_long_is_ended_and_the_next_is_done(process: Process) -> None:
    with pytest.raises(DeadlineError, match="the work was ended"):
        process.call(0.5, loop)
    assert process.call(PATIENT_S, doubled, np.ones(1))[0] == 2


def test_a_process_that_is_killed_ends_its_own_work_alone(process: Process) -> None:
    with pytest.raises(FarsideError, match="ended in the middle"):
        process.call(PATIENT_S, die)
    assert process.call(PATIENT_S, doubled, np.ones(1))[0] == 2


def test_to_close_waits_for_nobody() -> None:
    endless = Process()
    with pytest.raises(DeadlineError):
        endless.call(0.01, time.sleep, 1000)
    endless.close()
    with pytest.raises(FarsideError, match="closed"):
        endless.call(1, time.sleep, 0)
