"""``farside backfill``: make or remake the products of a period."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from farside.cli.options import ModelName, Repository, Server, embedded_models, parse_time
from farside.cli.watch import (
    Base,
    Cadence,
    exit_on_error,
    log_start,
    open_producer,
    stop_on_signal,
    to_cadence,
)
from farside.model.defaults import default_folder

if TYPE_CHECKING:
    from datetime import datetime

    from farside.archive.producer import Producer

EXIT_STOPPED = 143
"""Exit code 128 + SIGTERM: stopped before the end."""


def backfill(
    archive: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="The archive.")],
    first: Annotated[str, typer.Option("--from", help="First time, UTC, e.g. 2026-11-01.")],
    end: Annotated[str, typer.Option("--to", help="End of the period, UTC, exclusive.")],
    inputs: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Folder of input files. Default: the files that `farside watch` has read.",
        ),
    ] = None,
    made_before: Annotated[
        str | None,
        typer.Option(help="Also remake what this model made before this time, UTC."),
    ] = None,
    server: Server = None,
    model: ModelName = None,
    repository: Repository = None,
    cadence: Cadence = 60,
    base: Base = None,
    dask: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Scheduler of a Dask cluster that generates the magnetograms, e.g. "
            "tcp://head:8786, or 'local' for processes on this machine.",
        ),
    ] = None,
) -> None:
    """Make the missing products of a period with this model. Can be interrupted and resumed.

    It can run beside `farside watch`. Sets that were refused before are tried again. Exit code 0:
    all done; 1: error; 75: the service or the disk is unreachable, or another backfill is running
    on the archive: try later; 78: no such model; 143: stopped by a signal.
    """
    from farside.archive.cluster import ClusterProducer
    from farside.archive.inbox import known_arrivals, scan
    from farside.archive.schedule import Plan, Round
    from farside.archive.store import open_archive

    plan = Plan(
        cadence=to_cadence(cadence),
        period=(_utc(first), _utc(end)),
        remake=True,
        made_before=None if made_before is None else _utc(made_before),
        base=base,
    )
    with (
        stop_on_signal() as stop,
        exit_on_error(),
        open_archive(archive, "backfill") as writable,
        _open_producer(server, model, repository, dask) as producer,
    ):
        where = f"of {archive} from {first} to {end}"
        log_start("backfill", where, server, model, repository, cadence)
        index = writable.index
        arrivals = scan(inputs, index, 0.0, archive, stop) if inputs else known_arrivals(index)
        announce = producer.announce if isinstance(producer, ClusterProducer) else None
        made = Round(writable, producer, producer.model(), plan, stop, announce).run(arrivals)
        typer.echo(f"{made} product{'' if made == 1 else 's'} made", err=True)
        if stop.is_set():
            raise typer.Exit(EXIT_STOPPED)


@contextmanager
def _open_producer(
    server: str | None, model: str | None, repository: Path | None, dask: str | None
) -> Iterator[Producer]:
    """Open the backend: a cluster if there is one, else as for `farside watch`."""
    if dask is None:
        with open_producer(server, model, repository) as producer:
            yield producer
        return
    if server:
        raise typer.BadParameter("got --server and --dask, expected one of them")
    from farside.archive.cluster import ClusterProducer
    from farside.cluster import connected

    name = model or embedded_models(repository).default()
    with connected(dask) as client:
        yield ClusterProducer(client, (repository or default_folder()).resolve(), name)


def _utc(text: str) -> datetime:
    from farside.archive.times import to_datetime

    return to_datetime(parse_time(text))
