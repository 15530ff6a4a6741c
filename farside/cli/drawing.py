"""``farside simulate-drawing``: sunspot drawings of the simulated Sun."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from farside.cli.options import parse_time, working
from farside.io.formats import ScanFormat


def simulate_drawing(
    time: Annotated[str, typer.Option(help="Time, UTC, e.g. 2014-04-01T15:00:00.")],
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    seed: Annotated[int, typer.Option(min=0, help="Number of the simulated Sun.")] = 0,
    hand: Annotated[
        str, typer.Option(help="Drawing style, or 'all'; see docs/drawings.md.")
    ] = "tower",
    form: Annotated[ScanFormat, typer.Option("--format", help="File format of the scan.")] = "png",
    radius: Annotated[
        float, typer.Option(min=100, max=1500, help="Radius of the disk in the scan, pixels.")
    ] = 480,
) -> None:
    """Simulate a sunspot drawing with its side-car, and HMI's magnetogram of that time as truth."""
    from farside.simulation.drawings.files import write_drawing
    from farside.simulation.drawings.styles import DRAWING_STYLES

    if hand != "all" and hand not in DRAWING_STYLES:
        raise typer.BadParameter(
            f"--hand is {hand!r}, expected one of {', '.join(DRAWING_STYLES)}, all"
        )
    moment = parse_time(time)
    for each in DRAWING_STYLES if hand == "all" else (hand,):
        with working(f"drawing the simulated Sun: {each}"):
            files = write_drawing(out, moment, seed, each, form, radius)
        for path in (files.drawing, files.side_car, files.truth):
            typer.echo(path)
