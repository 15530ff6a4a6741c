"""``farside stack``: derotated mean of a series of HMI magnetograms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from farside.cli.options import check_output, progress_bar


def stack(
    frames: Annotated[list[Path], typer.Argument(help="HMI 45 s magnetograms, in any order.")],
    out: Annotated[Path, typer.Option(help="FITS file to write.")] = Path("mean.fits"),
    count: Annotated[int, typer.Option(min=1, help="Number of magnetograms expected, odd.")] = 21,
) -> None:
    """Average magnetograms after derotation to the middle one (differential rotation)."""
    from farside.denoising.average import average_frames as averaged
    from farside.denoising.fits import write

    check_output(out, frames)
    with progress_bar("stack") as progress:
        mean = averaged(frames, count, progress)
    typer.echo(write(mean, out))
    typer.echo(
        f"noise at disk centre {mean.noise_one_gauss:.2f} G in one frame, "
        f"{mean.noise_gauss:.2f} G in the mean",
        err=True,
    )
