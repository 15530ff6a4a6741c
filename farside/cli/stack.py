"""``farside stack``: the mean of a series of magnetograms, turned to the middle one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from farside.cli.progress import shown


def stack(
    frames: Annotated[list[Path], typer.Argument(help="HMI magnetograms of 45 s, in any order.")],
    out: Annotated[Path, typer.Option(help="FITS file to write.")] = Path("mean.fits"),
    count: Annotated[int, typer.Option(min=1, help="How many there have to be, odd.")] = 21,
) -> None:
    """Average magnetograms, each turned to the middle one by differential rotation."""
    from farside.denoising.average import stack as averaged
    from farside.denoising.fits import write

    with shown("stack") as progress:
        mean = averaged(frames, count, progress)
    typer.echo(write(mean, out))
    typer.echo(
        f"weak core at disk centre {mean.noise_one_gauss:.2f} G in one frame, "
        f"{mean.noise_gauss:.2f} G in the mean",
        err=True,
    )
