"""``farside watch``: make an archive of products from the files that arrive in drop folders."""

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
from farside.cli.options import ModelName, Repository, Server, embedded_models
from farside.errors import (
    ArchiveBusyError,
    ArchiveSettingsError,
    EngineUnavailableError,
    ModelError,
    SettingsError,
    UnknownModelError,
)
from farside.model.defaults import default_folder

if TYPE_CHECKING:
    from farside.archive.producer import Producer

EX_TEMPFAIL = 75
"""EX_TEMPFAIL of sysexits.h: passing failure, try again later."""

EX_CONFIG = 78
"""EX_CONFIG of sysexits.h: no such model or invalid configuration; a restart does not help."""

_log = logging.getLogger("farside.archive")

Cadence = Annotated[
    int, typer.Option(min=1, max=1440, help="Minutes between products; must divide a day.")
]
Base = Annotated[
    Path | None,
    typer.Option(exists=True, help="Base map of the first synchronic map: of GONG, ADAPT or HMI."),
]
Metrics = Annotated[
    Path | None,
    typer.Option(help="File of metrics for node_exporter's textfile collector, e.g. watch.prom."),
]
Patience = Annotated[
    float,
    typer.Option(
        min=0, help="Minutes to wait for images of optional channels before a set is used without."
    ),
]
Settle = Annotated[
    float, typer.Option(min=0, help="Seconds a file must be unchanged before it is read.")
]


def watch(
    folder: Annotated[
        list[Path],
        typer.Argument(exists=True, file_okay=False, help="Drop folders, one or more."),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the archive; created if missing.")],
    server: Server = None,
    model: ModelName = None,
    repository: Repository = None,
    once: Annotated[bool, typer.Option("--once", help="Run one round, and end.")] = False,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between rounds.")] = 30.0,
    settle: Settle = 10.0,
    patience: Patience = 60.0,
    cadence: Cadence = 60,
    base: Base = None,
    metrics: Metrics = None,
) -> None:
    """Make products from arriving files, archive them, and remake them when better files arrive.

    Nothing in the drop folders is changed. Exit code 0: done, or stopped by a signal; 1: error; 75:
    the service or the disk is unreachable, or another process is writing to the archive: try
    later; 78: no such model.
    """
    from farside.archive.inbox import scan
    from farside.archive.schedule import Plan, Round
    from farside.archive.status import WatchMetrics
    from farside.archive.store import open_archive
    from farside.archive.watch import watch as keep_watching

    if out.resolve() in {each.resolve() for each in folder}:
        raise typer.BadParameter(f"--out is {out}, expected a folder that is not a drop folder")
    plan = Plan(cadence=to_cadence(cadence), base=base, patience_s=60 * patience)
    status = WatchMetrics(metrics)
    with (
        stop_on_signal() as stop,
        exit_on_error(),
        open_archive(out) as archive,
        open_producer(server, model, repository) as producer,
    ):

        def run_round() -> int:
            arrivals = scan(folder, archive.index, settle, out, stop)
            made = Round(archive, producer, producer.model(), plan, stop).run(arrivals)
            status.write(archive.index, made)
            return made

        folders = ", ".join(map(str, folder))
        log_start("watch", f"of {folders} into {out}", server, model, repository, cadence)
        if once:
            run_round()
        else:
            keep_watching(run_round, every, stop, status.write_unreachable)
        _log.info("end of watch%s", ": stopped by a signal" if stop.is_set() else "")


def to_cadence(cadence_minutes: int) -> timedelta:
    """Check the cadence: it must divide a day, so that slots repeat daily."""
    if 1440 % cadence_minutes:
        raise typer.BadParameter(
            f"--cadence is {cadence_minutes}, expected a divisor of 1440 minutes"
        )
    return timedelta(minutes=cadence_minutes)


@contextmanager
def open_producer(
    server: str | None, model: str | None, repository: Path | None
) -> Iterator[Producer]:
    """Open the product backend: a service if `server` is given, else an engine in this process."""
    from farside.archive.producer import LocalProducer, ServiceProducer

    if server:
        from farside.client import Client

        with Client(server) as client:
            yield ServiceProducer(client, model)
    else:
        try:
            models = embedded_models(repository)
            name = model or models.default()
            engine = models.engine(name)
        except EngineUnavailableError as error:
            raise UnknownModelError(str(error)) from error
        try:
            yield LocalProducer(engine, name)
        finally:
            engine.close()


@contextmanager
def stop_on_signal() -> Iterator[Event]:
    """Event that SIGTERM and SIGINT set; the log goes to standard error meanwhile."""
    log_to_standard_error("farside.archive", "farside.fetch", "farside.live")
    stop = Event()
    signals: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(each, lambda *_: stop.set()) for each in signals]
    try:
        yield stop
    finally:
        for each, handler in zip(signals, before, strict=True):
            signal.signal(each, handler)


@contextmanager
def exit_on_error() -> Iterator[None]:
    """Exit with :data:`EX_TEMPFAIL` after a passing error, :data:`EX_CONFIG` without a model."""
    from farside.archive.watch import UNREACHABLE
    from farside.errors import RequestError

    try:
        yield
    except RequestError:
        raise
    except (ModelError, SettingsError, ArchiveSettingsError) as error:
        _log.error("end: %s: %s", type(error).__name__, error)
        raise typer.Exit(EX_CONFIG) from error
    except (*UNREACHABLE, ArchiveBusyError) as error:
        _log.error("end, try again later: %s: %s", type(error).__name__, error)
        raise typer.Exit(EX_TEMPFAIL) from error


def log_start(
    what: str,
    where: str,
    server: str | None,
    model: str | None,
    repository: Path | None,
    cadence: int,
) -> None:
    """Log the start of a command: folders, model, cadence and version."""
    source = server or repository or default_folder()
    _log.info(
        "start of %s %s: model %s of %s, a product every %d min, Farside %s",
        what, where, model or "(the only one)", source, cadence, __version__,
    )  # fmt: skip


class OneLineFormatter(logging.Formatter):
    """Log lines that no file name can forge: control characters escaped, tracebacks indented."""

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


def log_to_standard_error(*names: str) -> None:
    """Write the lines of some loggers to standard error."""
    lines = logging.StreamHandler()
    lines.setFormatter(OneLineFormatter())
    for log in map(logging.getLogger, names):
        log.handlers[:] = [lines]
        log.setLevel(logging.INFO)
        log.propagate = False
