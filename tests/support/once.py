"""What is made once for all runs of the tests, by whichever needs it first."""

from __future__ import annotations

import ctypes
import fcntl
import multiprocessing
import os
import pickle
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TypeVar, cast

import pytest

Made = TypeVar("Made")

HISTORIES = "histories"
"""Name of the folder with the transport states of simulated suns."""

SHARED = "TESTS_SHARED"
"""Environment variable with the folder of what several runs of pytest share."""


def once(
    factory: pytest.TempPathFactory, name: str, make: Callable[..., Made], *arguments: object
) -> Made:
    """Give what ``make(folder, *arguments)`` gives, which may be where its files lie.

    It runs in a process of its own: a simulated Sun takes a gigabyte, which no test then keeps.
    """
    folder = shared_folder(factory) / name
    folder.mkdir(exist_ok=True)
    kept = folder / "made.pickle"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            histories = shared_folder(factory) / HISTORIES
            made = _elsewhere(_with_histories, histories, make, folder / "files", *arguments)
            kept.write_bytes(pickle.dumps(made))
        return cast("Made", pickle.loads(kept.read_bytes()))  # noqa: S301  our own


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """Folder of all runs of ``python -m tests``, or of this one run of pytest."""
    return Path(os.environ[SHARED]) if SHARED in os.environ else factory.getbasetemp()


def end_with_parent() -> None:
    """Let this process get SIGTERM when its parent ends, even by ``kill -9``: see prctl(2)."""
    set_death_signal = 1
    ctypes.CDLL(None).prctl(set_death_signal, signal.SIGTERM)


def _elsewhere(make: Callable[..., Made], *arguments: object) -> Made:
    """Run in a fork of a process that has imported the simulated Sun, which takes seconds."""
    context = multiprocessing.get_context("forkserver")
    preloaded = "tests.support.fork_server", "farside.simulation.instruments.files"
    context.set_forkserver_preload(list(preloaded))
    with ProcessPoolExecutor(1, context, end_with_parent) as process:
        return process.submit(make, *arguments).result()


def _with_histories(folder: Path, make: Callable[..., Made], *arguments: object) -> Made:
    from tests.support.histories import share_histories

    with pytest.MonkeyPatch.context() as patch:
        share_histories(patch, folder)
        return make(*arguments)
