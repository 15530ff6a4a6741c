"""Dask cluster: one that runs elsewhere, by its address, or one of processes on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from farside.errors import SettingsError

if TYPE_CHECKING:
    from distributed import Client

LOCAL = "local"
"""Address that stands for a cluster of processes on this machine."""


@contextmanager
def connected(address: str) -> Iterator[Client]:
    """Connect to the scheduler at an address such as ``tcp://head:8786``, or start a cluster here.

    Tasks that are under way when the block ends are cancelled.

    Raises
    ------
    SettingsError
        The package `distributed` is not installed.
    OSError
        No scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise SettingsError(
            "got --dask without the package distributed, expected: pip install distributed"
        ) from error
    if address == LOCAL:
        with local_cluster() as here, connected(here) as client:
            yield client
        return
    with Client(address) as client:  # type: ignore[no-untyped-call]
        yield client


@contextmanager
def local_cluster(workers: int | None = None) -> Iterator[str]:
    """Start processes of one thread each on this machine, and give the address of their scheduler.

    Parameters
    ----------
    workers
        How many; by default one for each processor.
    """
    from distributed import LocalCluster

    with LocalCluster(  # type: ignore[no-untyped-call]  # distributed has no types
        n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0"
    ) as cluster:
        yield str(cluster.scheduler_address)
