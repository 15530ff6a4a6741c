"""``farside backfill``: the products of a period, made again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from farside.cli.moment import moment, moment_if_any
from farside.cli.options import ModelName, Repository, Server
from farside.cli.watch import Base, Cadence, checked, log_start, making, retrying, stopping

if TYPE_CHECKING:
    from datetime import datetime

STOPPED = 143
"""128 + SIGTERM: what was asked for is not all done."""


def backfill(
    archive: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="The archive.")],
    first: Annotated[str, typer.Option("--from", help="First time, UTC, as in 2026-11-01.")],
    end: Annotated[str, typer.Option("--to", help="Time before which it ends, UTC.")],
    inputs: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True, file_okay=False, help="Folder of files; else those the archive knows of."
        ),
    ] = None,
    made_before: Annotated[
        str | None,
        typer.Option(help="Also what this model itself made before this time, UTC."),
    ] = None,
    server: Server = None,
    model: ModelName = None,
    repository: Repository = Path("model_repository"),
    cadence: Cadence = 60,
    base: Base = None,
) -> None:
    """Make what this model has not yet made of a period; begun again, go on from where it stopped.

    It runs beside `farside watch`. What was refused before is tried again. Exit code 0: all done;
    1: an error; 75: the service or the disk is away, or another backfill is at work on the archive,
    so try later; 78: there is no such model; 143: stopped by a signal.
    """
    from farside.archive.inbox import remembered, scan
    from farside.archive.schedule import Orders, Work
    from farside.archive.store import opened

    orders = Orders(
        cadence=checked(cadence),
        period=(_instant(first), _instant(end)),
        remake=True,
        made_before=None if moment_if_any(made_before) is None else _instant(str(made_before)),
        base=base,
    )
    with (
        stopping() as stop,
        retrying(),
        opened(archive, "backfill") as writable,
        making(server, model, repository) as maker,
    ):
        where = f"of {archive} from {first} to {end}"
        log_start("backfill", where, server, model, repository, cadence)
        index = writable.index
        arrivals = scan(inputs, index, 0.0, archive, stop) if inputs else remembered(index)
        made = Work(writable, maker, maker.model(), orders, stop).run(arrivals)
        typer.echo(f"{made} products made", err=True)
        if stop.is_set():
            raise typer.Exit(STOPPED)


def _instant(text: str) -> datetime:
    from farside.archive.times import instant

    return instant(moment(text))
