"""``farside coronal``: the corona above a map, and the wind that leaves it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from farside.synchronicmap import BaseMap, SynchronicMap


class Law(StrEnum):
    """Which law gives the speed of the wind."""

    wsa = "wsa"
    euhforia = "euhforia"


def coronal(
    chart: Annotated[
        Path,
        typer.Argument(metavar="MAP", help="Our own map, or one of GONG, ADAPT or HMI."),
    ],
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    law: Annotated[Law, typer.Option(help="Coefficients of the speed.")] = Law.euhforia,
    source_surface: Annotated[
        float, typer.Option(min=1.2, max=10, help="Where field lines turn radial, solar radii.")
    ] = 2.5,
    current_sheet: Annotated[
        float | None,
        typer.Option(help="Where the current sheet begins, solar radii; there, if left out."),
    ] = None,
) -> None:
    """Write pictures of corona and wind, and the 0.1 au boundary file of EUHFORIA's heliosphere."""
    from farside.basemap import read_base
    from farside.coronal import EUHFORIA, WSA, Heights, corona, inner_boundary
    from farside.coronal.pictures import draw_wind, overlay
    from farside.mappicture import draw_corona
    from farside.solarwind import boundary

    interface = source_surface if current_sheet is None else current_sheet
    if not 1 < interface <= source_surface:
        raise typer.BadParameter(
            f"--current-sheet is {interface:g}, wanted more than 1 and at most {source_surface:g}"
        )
    made = _as_map(read_base(chart))
    laws = {Law.wsa: WSA, Law.euhforia: EUHFORIA}
    found = corona(made, laws[law], Heights(source_surface, interface))
    out.mkdir(parents=True, exist_ok=True)
    pictures = {
        "corona.png": draw_corona(made, overlay(found)),
        "wind.png": draw_wind(found.wind),
    }
    for name, picture in pictures.items():
        (out / name).write_bytes(picture)
        typer.echo(out / name)
    typer.echo(boundary.write(inner_boundary(found.wind), out))
    typer.echo(
        f"monopole removed {found.potential.monopole_gauss:+.3g} G, "
        f"open {found.opened.area:.1%} of the photosphere",
        err=True,
    )


def _as_map(base: BaseMap) -> SynchronicMap:
    """A base map in sine latitude, as a synchronic map that nothing else went into."""
    import numpy as np

    from farside.carrington import CarringtonGrid, resample
    from farside.synchronicmap import FluxBalance, MapSource, SynchronicMap

    grid = CarringtonGrid(base.grid.columns, base.grid.rows)
    sigma = np.zeros(base.grid.shape) if base.sigma_gauss is None else base.sigma_gauss
    field = resample(base.field_gauss, base.grid, grid)
    mean = float(field.mean())
    return SynchronicMap(
        field_gauss=field,
        grid=grid,
        time=base.time,
        source=np.zeros(grid.shape, np.uint8),
        age_days=resample(base.age_days, base.grid, grid),
        sigma_gauss=resample(sigma, base.grid, grid),
        correlation_length_deg=0.0,
        sources=(MapSource("base", base.instrument, base.name, base.sha256, base.time),),
        balance=FluxBalance(mean, mean),
        quality=base.quality,
    )
