"""``farside noise``: noise level of HMI magnetograms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def noise(
    files: Annotated[list[Path], typer.Argument(help="HMI line-of-sight magnetograms.")],
) -> None:
    """Estimate the noise of magnetograms (G) at disk centre and limb from the weak field."""
    from farside.denoising.noise import noise_of
    from farside.observation.image import read

    for path in files:
        found = noise_of(read(path))
        typer.echo(f"{path}  centre {found.centre_gauss:.2f} G  limb {found.limb_gauss:.2f} G")
