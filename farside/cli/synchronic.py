"""``farside synchronic``: one map of the whole Sun from disks and a base map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from farside.cli.moment import moment_if_any

if TYPE_CHECKING:
    from astropy.time import Time

    from farside.synchronic.map import SynchronicMap


class Format(StrEnum):
    """What a map can be written as, besides our own format."""

    native = "native"
    gong = "gong"
    adapt = "adapt"
    wsa = "wsa"


@dataclass(frozen=True)
class _Asked:
    """What the map is made from."""

    observed: Sequence[Path]
    generated: Sequence[Path]
    base: Path | None
    time: Time | None
    allow_saturating: bool


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
    server: Annotated[
        str | None,
        typer.Option(help="Address of a Farside service; without it, the map is made here."),
    ] = None,
) -> None:
    """Merge disks and a base map into one map of the whole Sun."""
    from farside.solarwind import write

    if format == Format.native and flux_scale != 1.0:
        raise typer.BadParameter("--flux-scale is for the other formats; the native one has none")
    asked = _Asked(observed or (), generated or (), base, moment_if_any(time), allow_saturating)
    made = _made_by(server, asked) if server else _made_here(asked)
    _write(made, out)
    if format != Format.native:
        typer.echo(write(made, format.value, out.parent, flux_scale))
    typer.echo(f"quality: {', '.join(made.quality.names()) or 'good'}", err=True)


def _made_here(asked: _Asked) -> SynchronicMap:
    from farside.pipeline import map_sun

    return map_sun(
        asked.observed,
        asked.generated,
        asked.base,
        asked.time,
        allow_saturating=asked.allow_saturating,
    )


def _made_by(server: str, asked: _Asked) -> SynchronicMap:
    from farside.client import Client
    from farside.synchronic import fits as native

    with Client(server) as client:
        answer = client.synchronic(
            asked.observed,
            asked.generated,
            asked.base,
            time=asked.time,
            allow_saturating=asked.allow_saturating,
        )
    return native.read(answer.content)


def _write(made: SynchronicMap, out: Path) -> None:
    """The map, the forecaster's picture and that of its planes."""
    from farside.io.atomic import replacing
    from farside.plots import magnetogram as quicklook
    from farside.plots import synchronic as mappicture
    from farside.synchronic import fits as native

    typer.echo(native.write(made, out))
    pictures = {
        out.with_suffix(".png"): mappicture.draw(made),
        out.with_name(f"{out.stem}-planes.png"): quicklook.draw_map(made),
    }
    for path, picture in pictures.items():
        with replacing(path) as temporary:
            temporary.write_bytes(picture)
        typer.echo(path)
