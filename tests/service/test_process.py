"""Work in a process of its own: its result, its errors, and its end."""

from __future__ import annotations

import json
import os
import signal
import time
import warnings
from collections.abc import Iterator

import astropy
import numpy as np
import pytest
from astropy.utils.exceptions import AstropyUserWarning

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


def warn() -> None:
    warnings.warn("two\nlines", AstropyUserWarning, stacklevel=1)
    astropy.log.warning("a third")


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


def test_its_warnings_are_lines_of_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    warning = Process(log_format="json")
    warning.call(PATIENT_S, warn)
    warning.close()
    written = capfd.readouterr()
    first, second = (json.loads(line)["message"] for line in written.out.splitlines())
    assert "two\nlines" in first
    assert second == "a third"
    assert written.err == ""


def test_to_close_waits_for_nobody() -> None:
    endless = Process()
    with pytest.raises(DeadlineError):
        endless.call(0.01, time.sleep, 1000)
    endless.close()
    with pytest.raises(FarsideError, match="closed"):
        endless.call(1, time.sleep, 0)
