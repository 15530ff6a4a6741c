"""Parallel map over single-threaded worker processes that end with their parent."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from threading import Thread
from typing import TypeVar

import cv2

from farside.cluster import connected

Given = TypeVar("Given")
Made = TypeVar("Made")

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@contextmanager
def process_map(
    work: Callable[[Given], Made], todo: Sequence[Given], processes: int, dask: str | None = None
) -> Iterator[Iterable[Made]]:
    """Map `work` over `todo` in order, in worker processes; with 0 in the calling process.

    Parameters
    ----------
    dask
        Address of the scheduler of a Dask cluster, or ``"local"``, in place of worker processes.
    """
    if dask is not None:
        with connected(dask) as client:
            futures = client.map(work, todo, pure=False)
            yield (future.result() for future in futures)
        return
    if processes == 0:
        yield map(work, todo)
        return
    # Spawned, not forked: zarr and the progress bar have threads.
    context = multiprocessing.get_context("spawn")
    with _one_thread_each():
        pool = ProcessPoolExecutor(processes, context, initializer=_start)
        try:
            yield pool.map(work, todo)
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Limit BLAS and OpenMP of new processes to one thread; they read this when loaded."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _start() -> None:
    cv2.setNumThreads(1)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Exit with the parent: if that is killed, pool processes would otherwise wait for ever."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)
