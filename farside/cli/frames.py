"""``farside simulate-frames``: what HMI sees every 45 s of the simulated Sun."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from farside.cli.moment import moment


def simulate_frames(
    time: Annotated[str, typer.Option(help="Of the middle, UTC, as in 2026-11-01T00:00:00.")],
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    seed: Annotated[int, typer.Option(min=0, help="Names the simulated Sun.")] = 0,
    count: Annotated[int, typer.Option(min=1, help="How many frames, odd.")] = 21,
    native: Annotated[
        bool, typer.Option("--native/--small", help="4096 pixels a side, or 1024.")
    ] = True,
) -> None:
    """Write a series of HMI's 45 s magnetograms, and the middle one without noise."""
    from farside.simulation.instruments.files import SIZES
    from farside.simulation.instruments.hmi_series import write_frames

    if count % 2 == 0:
        raise typer.BadParameter(f"--count is {count}; expected an odd number: a middle frame")
    files = write_frames(out, moment(time), seed, count, SIZES["native" if native else "small"])
    for path in (*files.frames, files.truth):
        typer.echo(path)
