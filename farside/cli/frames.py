"""``farside simulate-frames``: HMI 45 s magnetograms of the simulated Sun."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from farside.cli.options import parse_time, working


def simulate_frames(
    time: Annotated[
        str, typer.Option(help="Time of the middle frame, UTC, e.g. 2026-11-01T00:00:00.")
    ],
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    seed: Annotated[int, typer.Option(min=0, help="Number of the simulated Sun.")] = 0,
    count: Annotated[int, typer.Option(min=1, help="Number of frames, odd.")] = 21,
    native: Annotated[
        bool, typer.Option("--native/--small", help="4096² pixels, or 1024².")
    ] = True,
) -> None:
    """Simulate a series of HMI 45 s magnetograms, and the middle one without noise."""
    from farside.simulation.instruments.files import SIZES
    from farside.simulation.instruments.hmi_series import write_frames

    if count % 2 == 0:
        raise typer.BadParameter(f"--count is {count}; expected an odd number: a middle frame")
    moment, size = parse_time(time), SIZES["native" if native else "small"]
    with working(f"simulating {count} magnetograms"):
        files = write_frames(out, moment, seed, count, size)
    for path in (*files.frames, files.truth):
        typer.echo(path)
