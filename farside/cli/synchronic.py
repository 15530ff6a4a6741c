"""``farside synchronic``: one map of the whole Sun from disks and a base map."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from astropy.time import Time

    from farside.synchronicmap import SynchronicMap


class Format(StrEnum):
    """What a map can be written as, besides our own format."""

    native = "native"
    gong = "gong"
    adapt = "adapt"
    wsa = "wsa"


def synchronic(
    out: Annotated[Path, typer.Option(help="FITS file to write; pictures go beside it.")],
    observed: Annotated[
        list[Path] | None, typer.Option(help="HMI magnetogram; give it once for each.")
    ] = None,
    generated: Annotated[
        list[Path] | None,
        typer.Option(help="Product of `farside generate`; give it once for each."),
    ] = None,
    base: Annotated[
        Path | None, typer.Option(help="Map of GONG, ADAPT or HMI, or an earlier one of ours.")
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(help="Of the map, UTC, as in 2026-11-01T00:00:00; of the youngest disk."),
    ] = None,
    format: Annotated[  # noqa: A002  # the word of the command line
        Format, typer.Option(help="Write this too, into a folder of its name beside OUT.")
    ] = Format.native,
    flux_scale: Annotated[
        float, typer.Option(min=0.01, max=100, help="What that file multiplies the field by.")
    ] = 1.0,
    allow_saturating: Annotated[
        bool, typer.Option("--allow-saturating", help="Take products of a model that saturates.")
    ] = False,
) -> None:
    """Merge disks and a base map into one map of the whole Sun."""
    from farside.basemap import read_base
    from farside.mapdisk import read_generated, read_measured
    from farside.solarwind import write
    from farside.synchronic import synchronic as merge

    if format == Format.native and flux_scale != 1.0:
        raise typer.BadParameter("--flux-scale is for the other formats; the native one has none")
    disks = [read_measured(path) for path in observed or ()]
    disks += [read_generated(path) for path in generated or ()]
    made = merge(
        disks,
        None if base is None else read_base(base),
        _time(time),
        allow_saturating=allow_saturating,
    )
    _write(made, out)
    if format != Format.native:
        typer.echo(write(made, format.value, out.parent, flux_scale))
    typer.echo(f"quality: {', '.join(made.quality.names()) or 'good'}", err=True)


def _write(made: SynchronicMap, out: Path) -> None:
    """The map, the forecaster's picture and that of its planes."""
    from farside import mappicture, quicklook
    from farside.solarwind import native
    from farside.wholefile import replacing

    typer.echo(native.write(made, out))
    pictures = {
        out.with_suffix(".png"): mappicture.draw(made),
        out.with_name(f"{out.stem}-planes.png"): quicklook.draw_map(made),
    }
    for path, picture in pictures.items():
        with replacing(path) as temporary:
            temporary.write_bytes(picture)
        typer.echo(path)


def _time(text: str | None) -> Time | None:
    from astropy.time import Time

    try:
        return None if text is None else Time(text, scale="utc")
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no time; wanted e.g. 2026-11-01T00:00:00") from error
