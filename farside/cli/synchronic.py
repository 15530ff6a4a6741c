"""``farside synchronic``: merge disks and a base map into a map of the whole Sun."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from farside.cli.options import FILE, Server, check_output, parse_time_if_any, working
from farside.io.formats import MapFormat

if TYPE_CHECKING:
    from farside.synchronic.map import SynchronicMap


def synchronic(
    out: Annotated[Path, typer.Option(help="FITS file to write; pictures are written beside it.")],
    observed: Annotated[
        list[str] | None,
        typer.Option(
            metavar=FILE,
            help="Magnetogram of HMI, MDI, PHI-FDT or GONG. Repeat for each file.",
        ),
    ] = None,
    generated: Annotated[
        list[str] | None,
        typer.Option(metavar=FILE, help="Product of `farside generate`. Repeat for each file."),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            metavar=FILE, help="Base map: of GONG, ADAPT or HMI, or an earlier synchronic map."
        ),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(
            help="Time of the map, UTC, e.g. 2026-11-01T00:00:00. "
            "Default: that of the most recent disk."
        ),
    ] = None,
    format: Annotated[  # noqa: A002  # the word of the command line
        MapFormat,
        typer.Option(help="Also write the map in this format, into OUT's folder/FORMAT/."),
    ] = "native",
    flux_scale: Annotated[
        float,
        typer.Option(
            min=0.01,
            max=100,
            help="Factor applied to the field in the written format (not in the native map).",
        ),
    ] = 1.0,
    allow_saturating: Annotated[
        bool,
        typer.Option(
            "--allow-saturating",
            help="Also accept products of models whose field is clipped (header AICLIP).",
        ),
    ] = False,
    server: Server = None,
) -> None:
    """Merge disks and a base map into a synchronic map of the whole Sun."""
    from farside.solarwind import write

    if format == "native" and flux_scale != 1.0:
        raise typer.BadParameter("--flux-scale needs another --format than native")
    given = [*(observed or ()), *(generated or ()), *([base] if base else [])]
    check_output(out, given)
    sources, moment = (observed or (), generated or (), base), parse_time_if_any(time)
    with working("projecting and merging the disks"):
        if server:
            from farside.client import Client
            from farside.synchronic import fits as native

            with Client(server) as client:
                answer = client.synchronic(*sources, time=moment, allow_saturating=allow_saturating)
            made = native.read(answer.content)
        else:
            from farside.pipeline import map_sun

            made = map_sun(*sources, moment, allow_saturating=allow_saturating)
    _write(made, out)
    if format != "native":
        typer.echo(write(made, format, out.parent, flux_scale))
    typer.echo(f"quality: {', '.join(made.quality.names()) or 'good'}", err=True)


def _write(made: SynchronicMap, out: Path) -> None:
    """Write the map, its picture, and the picture of its planes."""
    from farside.io.atomic import atomic_path
    from farside.plots import synchronic as mappicture
    from farside.synchronic import fits as native

    typer.echo(native.write(made, out))
    pictures = {
        out.with_suffix(".png"): mappicture.draw_map(made),
        out.with_name(f"{out.stem}-planes.png"): mappicture.draw_map_planes(made),
    }
    for path, picture in pictures.items():
        with atomic_path(path) as temporary:
            temporary.write_bytes(picture)
        typer.echo(path)
