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


def once(
    factory: pytest.TempPathFactory, name: str, make: Callable[..., Made], *arguments: object
) -> Made:
    """Give what ``make(folder, *arguments)`` gives, which may be where its files lie.

    It runs in a process of its own: a simulated Sun takes a gigabyte, which no worker then keeps.
    """
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    folder.mkdir(exist_ok=True)
    kept = folder / "made.pickle"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_bytes(pickle.dumps(_elsewhere(make, folder / "files", *arguments)))
        return cast("Made", pickle.loads(kept.read_bytes()))  # noqa: S301  our own


def _elsewhere(make: Callable[..., Made], folder: Path, *arguments: object) -> Made:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(make, folder, *arguments).result()
