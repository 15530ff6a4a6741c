"""What is made once in a run of the tests, by whichever worker needs it first."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import pickle
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

    It runs in a process of its own: a simulated Sun takes a gigabyte, which no worker then keeps.
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
    """Folder of all workers of a run, and of all runs of ``python -m tests``."""
    if SHARED in os.environ:
        return Path(os.environ[SHARED])
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def _elsewhere(make: Callable[..., Made], *arguments: object) -> Made:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(make, *arguments).result()


def _with_histories(folder: Path, make: Callable[..., Made], *arguments: object) -> Made:
    from tests.support.histories import share_histories

    with pytest.MonkeyPatch.context() as patch:
        share_histories(patch, folder)
        return make(*arguments)
