"""``farside coronal``: coronal field and solar wind of a synchronic or synoptic map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from farside.cli.options import working

if TYPE_CHECKING:
    from farside.corona import Heights, SpeedLaw
    from farside.synchronic.map import SynchronicMap


Law = Literal["wsa", "euhforia", "fitted"]
"""Law of the solar-wind speed."""


def coronal(
    map_file: Annotated[
        Path,
        typer.Argument(
            metavar="MAP", help="Synchronic map of Farside, or a map of GONG, ADAPT or HMI."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    law: Annotated[
        Law, typer.Option(help="Solar-wind speed law, and its default heights.")
    ] = "euhforia",
    source_surface: Annotated[
        float | None,
        typer.Option(
            min=1.2,
            max=10,
            help="Height of the source surface, where field lines become radial, solar radii. "
            "Default: 2.6 (euhforia), 2.5 (others).",
        ),
    ] = None,
    current_sheet: Annotated[
        float | None,
        typer.Option(
            help="Inner radius of the current-sheet model, solar radii, at most --source-surface. "
            "Default: 2.3 (euhforia), 2.5 (others)."
        ),
    ] = None,
) -> None:
    """Compute corona and solar wind: pictures, and EUHFORIA's boundary file at 0.1 au."""
    require_corona()
    from farside.corona import corona, inner_boundary
    from farside.io.atomic import NamedFile
    from farside.plots.corona import corona_overlay, draw_corona
    from farside.plots.wind import draw_wind
    from farside.solarwind import euhforia as boundary

    heights = heights_of(law, source_surface, current_sheet)
    made = read_map(map_file)
    with working("tracing the field lines of the corona"):
        found = corona(made, law_of(law), heights)
    typer.echo(NamedFile("corona.png", draw_corona(made, corona_overlay(found))).write_to(out))
    typer.echo(NamedFile("wind.png", draw_wind(found.wind, made.quality)).write_to(out))
    typer.echo(boundary.write(inner_boundary(found.wind), out))
    typer.echo(
        f"monopole removed {found.potential.monopole_gauss:+.3g} G, "
        f"open {found.opened.area:.1%} of the photosphere",
        err=True,
    )


def read_map(path: Path) -> SynchronicMap:
    """Read a map of Farside with all its sources, or that of another observatory."""
    from farside.io.fits import open_cards, text, unpack
    from farside.synchronic import fits as native
    from farside.synchronic.base import MAX_MAP_BYTES, read_base
    from farside.synchronic.map import SynchronicMap

    with path.open("rb") as file:
        data = file.read(MAX_MAP_BYTES + 1)
    if text(open_cards(unpack(data, MAX_MAP_BYTES)), "CONTENT") == native.CONTENT:
        return native.read(data)
    return SynchronicMap.of_base(read_base(data, path.name))


def require_corona() -> None:
    """Leave with what to install if the packages of the corona are missing."""
    from importlib.util import find_spec

    if find_spec("numba") is None:
        typer.echo("numba is not installed, expected: pip install numba", err=True)
        raise typer.Exit(1)


def law_of(law: Law) -> SpeedLaw:
    """Speed law of an option."""
    from farside.corona import EUHFORIA, FITTED, WSA

    return {"wsa": WSA, "euhforia": EUHFORIA, "fitted": FITTED}[law]


def heights_of(
    law: Law, source_surface: float | None = None, current_sheet: float | None = None
) -> Heights:
    """Heights of the law, replaced by those that are given."""
    from farside.corona import EUHFORIA_HEIGHTS, Heights

    own = EUHFORIA_HEIGHTS if law == "euhforia" else Heights()
    top = own.source_surface if source_surface is None else source_surface
    begins = min(own.interface, top) if current_sheet is None else current_sheet
    if not 1 < begins <= top:
        raise typer.BadParameter(
            f"--current-sheet is {begins:g}, expected more than 1 and at most {top:g}"
        )
    return Heights(top, begins)
