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
from typing import TYPE_CHECKING, Annotated, Any

import typer

from farside import __version__
from farside.cli.options import ModelName, Repository, Server, embedded_engine, only_model
from farside.errors import (
    ArchiveBusyError,
    EngineUnavailableError,
    ModelError,
    UnknownModelError,
)

if TYPE_CHECKING:
    from farside.archive.producer import Maker

TRY_AGAIN = 75
"""EX_TEMPFAIL of sysexits.h: nothing is wrong but the time."""

MISCONFIGURED = 78
"""EX_CONFIG of sysexits.h: no model, or none of the name: to start again does not help."""

_log = logging.getLogger("farside.archive")

Cadence = Annotated[
    int, typer.Option(min=1, max=1440, help="Minutes from one product to the next; divides a day.")
]
Base = Annotated[
    Path | None,
    typer.Option(exists=True, help="Map of GONG, ADAPT or HMI under the first synchronic map."),
]
Metrics = Annotated[
    Path | None,
    typer.Option(help="File of metrics for node_exporter's textfile collector, as in watch.prom."),
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
    metrics: Metrics = None,
) -> None:
    """Make products of what arrives, file them, and make them again when better files come.

    Nothing in the folders is changed. Exit code 0: done, or stopped by a signal; 1: an error; 75:
    the service or the disk is away, or another process is at work on the archive, so try later;
    78: there is no such model.
    """
    from farside.archive.inbox import scan
    from farside.archive.schedule import Orders, Work
    from farside.archive.status import Status
    from farside.archive.store import opened
    from farside.archive.watch import watch as keep_watching

    if out.resolve() in {each.resolve() for each in folder}:
        raise typer.BadParameter(
            f"--out is {out}, another folder than where files arrive is expected"
        )
    orders = Orders(cadence=checked(cadence), base=base)
    status = Status(metrics)
    with (
        stopping() as stop,
        retrying(),
        opened(out) as archive,
        making(server, model, repository) as maker,
    ):

        def work() -> int:
            arrivals = scan(folder, archive.index, settle, out, stop)
            made = Work(archive, maker, maker.model(), orders, stop).run(arrivals)
            status.write(archive.index, made)
            return made

        folders = ", ".join(map(str, folder))
        log_start("watch", f"of {folders} into {out}", server, model, repository, cadence)
        if once:
            work()
        else:
            keep_watching(work, every, stop, status.write_away)
        _log.info("end of watch%s", ": stopped by a signal" if stop.is_set() else "")


def checked(cadence_minutes: int) -> timedelta:
    """A cadence whose slots are the same every day."""
    if 1440 % cadence_minutes:
        raise typer.BadParameter(
            f"--cadence is {cadence_minutes}, a part of 1440 minutes is expected"
        )
    return timedelta(minutes=cadence_minutes)


@contextmanager
def making(server: str | None, model: str | None, repository: Path) -> Iterator[Maker]:
    """Who makes the products: a service if one is named."""
    from farside.archive.producer import Here, There

    if server:
        from farside.client import Client

        with Client(server) as client:
            yield There(client, model)
    else:
        try:
            engine = embedded_engine(repository)
        except EngineUnavailableError as error:
            raise UnknownModelError(str(error)) from error
        try:
            yield Here(engine, model or only_model(engine.models()))
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
    """End with :data:`TRY_AGAIN` where it is but a matter of time, else with an error's code."""
    from farside.archive.watch import AWAY
    from farside.errors import RequestError

    try:
        yield
    except RequestError:
        raise
    except ModelError as error:
        _log.error("end: %s: %s", type(error).__name__, error)
        raise typer.Exit(MISCONFIGURED) from error
    except (*AWAY, ArchiveBusyError) as error:
        _log.error("end, try again later: %s: %s", type(error).__name__, error)
        raise typer.Exit(TRY_AGAIN) from error


def log_start(
    what: str, where: str, server: str | None, model: str | None, repository: Path, cadence: int
) -> None:
    """One line that says what a command is about to do, and by what."""
    _log.info(
        "start of %s %s: model %s of %s, a product every %d min, Farside %s",
        what, where, model or "(the only one)", server or repository, cadence, __version__,
    )  # fmt: skip


class OneLine(logging.Formatter):
    """Lines that no file name can forge: control characters are escaped, tracebacks indented."""

    def __init__(self) -> None:
        super().__init__("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
        self.converter = time.gmtime

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  name of the base class
        """Escape the message."""
        record.message = _printable(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802  name of the base class
        """Indent each line: one at the margin is a message."""
        lines = super().formatException(ei).split("\n")
        return "\n".join(f"    {_printable(line)}" for line in lines)


def _printable(text: str) -> str:
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape", "replace").decode()
        for letter in text
    )


def _log_to_standard_error() -> None:
    lines = logging.StreamHandler()
    lines.setFormatter(OneLine())
    _log.handlers[:] = [lines]
    _log.setLevel(logging.INFO)
    _log.propagate = False
