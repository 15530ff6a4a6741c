"""``farside watch``: a drop folder of arriving files becomes an archive of products."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from farside.cli.options import ModelName, Repository, Server, embedded_engine, only_model
from farside.errors import ArchiveBusyError

if TYPE_CHECKING:
    from farside.archive.maker import Maker

TRY_AGAIN = 75
"""EX_TEMPFAIL of sysexits.h: nothing is wrong but the time."""

Cadence = Annotated[
    int, typer.Option(min=1, max=1440, help="Minutes from one product to the next; divides a day.")
]
Base = Annotated[
    Path | None,
    typer.Option(exists=True, help="Map of GONG, ADAPT or HMI under the first synchronic map."),
]
Settle = Annotated[
    float, typer.Option(min=0, help="Seconds that a file must have been left alone.")
]


def watch(
    folder: Annotated[
        list[Path],
        typer.Argument(exists=True, file_okay=False, help="Where files arrive; one or more."),
    ],
    out: Annotated[Path, typer.Option(help="The archive; made if it is not there.")],
    server: Server = None,
    model: ModelName = None,
    repository: Repository = Path("model_repository"),
    once: Annotated[bool, typer.Option("--once", help="Do what is due, and end.")] = False,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")] = 30.0,
    settle: Settle = 10.0,
    cadence: Cadence = 60,
    base: Base = None,
) -> None:
    """Make products of what arrives, file them, and make them again when better files come.

    Nothing in the folders is changed. Exit code 0: done, or stopped by a signal; 1: an error; 75:
    the service is away, or another process is at work on the archive, so try later.
    """
    from farside.archive.arrivals import scan
    from farside.archive.filing import opened
    from farside.archive.watching import watch as keep_watching
    from farside.archive.work import Orders, Work

    if out.resolve() in {each.resolve() for each in folder}:
        raise typer.BadParameter(f"--out is {out}, wanted another folder than where files arrive")
    orders = Orders(cadence=checked(cadence), base=base)
    with (
        stopping() as stop,
        retrying(),
        opened(out) as archive,
        making(server, model, repository) as maker,
    ):

        def work() -> int:
            arrivals = scan(folder, archive.index, settle, out, stop)
            return Work(archive, maker, maker.model(), orders, stop).run(arrivals)

        if once:
            work()
        else:
            keep_watching(work, every, stop)


def checked(cadence_minutes: int) -> timedelta:
    """A cadence whose slots are the same every day."""
    if 1440 % cadence_minutes:
        raise typer.BadParameter(f"--cadence is {cadence_minutes}, wanted a part of 1440 minutes")
    return timedelta(minutes=cadence_minutes)


@contextmanager
def making(server: str | None, model: str | None, repository: Path) -> Iterator[Maker]:
    """Who makes the products: a service if one is named."""
    from farside.archive.maker import Here, There

    if server:
        from farside.client import Client

        with Client(server) as client:
            yield There(client, model)
    else:
        engine = embedded_engine(repository)
        try:
            yield Here(engine, model or only_model(engine))
        finally:
            engine.close()


@contextmanager
def stopping() -> Iterator[Event]:
    """An event that SIGTERM and SIGINT set, and a line of log for each thing done."""
    _log_to_standard_error()
    stop = Event()
    signals: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(each, lambda *_: stop.set()) for each in signals]
    try:
        yield stop
    finally:
        for each, handler in zip(signals, before, strict=True):
            signal.signal(each, handler)


@contextmanager
def retrying() -> Iterator[None]:
    """End with :data:`TRY_AGAIN` where it is but a matter of time."""
    from farside.archive.watching import AWAY
    from farside.errors import RequestError

    try:
        yield
    except RequestError:
        raise
    except (*AWAY, ArchiveBusyError) as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        raise typer.Exit(TRY_AGAIN) from error


def _log_to_standard_error() -> None:
    lines = logging.StreamHandler()
    form = logging.Formatter("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    form.converter = time.gmtime
    lines.setFormatter(form)
    log = logging.getLogger("farside.archive")
    log.handlers[:] = [lines]
    log.setLevel(logging.INFO)
    log.propagate = False
