"""``farside track``: follow an active region through magnetograms and maps."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from farside.cli.options import check_output, parse_time_if_any, working

if TYPE_CHECKING:
    from astropy.time import Time

    from farside.tracking.track import RotationMode, Track, TrackedRegion

_POSITION = re.compile(r"([NS])(\d{1,2}(?:\.\d+)?)([EW])(\d{1,3}(?:\.\d+)?)", re.IGNORECASE)


def track(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="HMI magnetograms, far-side products and synchronic maps, in any order."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="Flux curve, .ecsv or .csv; cut-outs (.fits) and a PNG are written beside it."
        ),
    ] = Path("track.ecsv"),
    noaa: Annotated[
        int | None, typer.Option(help="NOAA number, for the title and file headers.")
    ] = None,
    position: Annotated[
        str | None,
        typer.Option(help="Heliographic position seen from Earth at --time, e.g. S20W12."),
    ] = None,
    longitude: Annotated[
        float | None, typer.Option(help="Carrington longitude, deg; instead of --position.")
    ] = None,
    latitude: Annotated[
        float | None, typer.Option(min=-90, max=90, help="Latitude, deg; with --longitude.")
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="Time of the position, UTC, e.g. 2011-02-14T00:00:00.")
    ] = None,
    differential: Annotated[
        bool,
        typer.Option(
            "--differential/--carrington",
            help="Let the frame follow the differential rotation of its latitude, or keep it at a "
            "Carrington longitude.",
        ),
    ] = False,
    size: Annotated[float, typer.Option(help="Side of the frame, deg.")] = 20.0,
    cell: Annotated[
        float, typer.Option(help="Side of the cells into which pixels are averaged, deg.")
    ] = 0.5,
    within: Annotated[
        float, typer.Option(min=0, max=80, help="Greatest angle from disk centre, deg.")
    ] = 60.0,
    threshold: Annotated[
        float, typer.Option(min=0, help="Weakest field of a cell that counts as flux, G.")
    ] = 0.0,
) -> None:
    """Track an active region: flux curve and cut-outs (Jeong et al. 2022)."""
    from farside.tracking.files import FORMATS
    from farside.tracking.inputs import read
    from farside.tracking.track import TrackSettings, track_region

    check_output(out, files, list(FORMATS))
    check_output(out.with_suffix(".fits"), files)  # the cut-outs
    if differential and time is None:
        raise typer.BadParameter("--differential needs --time: when the region was there")
    region = _region(noaa, position, longitude, latitude, parse_time_if_any(time))
    rotation: RotationMode = "differential" if differential else "carrington"
    settings = TrackSettings(size, cell, within, threshold, rotation)
    with working("cutting the region out of each file"):
        found = track_region(region, map(read, files), settings)
    _write(found, out)


def _region(
    noaa: int | None,
    position: str | None,
    longitude: float | None,
    latitude: float | None,
    time: Time | None,
) -> TrackedRegion:
    from farside.sun.observer import earth
    from farside.tracking.track import TrackedRegion

    name = "region" if noaa is None else f"NOAA {noaa}"
    if position is not None and time is not None and longitude is None and latitude is None:
        return TrackedRegion.seen_from(earth(time), name, *_parsed(position), time)
    if position is None and longitude is not None and latitude is not None:
        return TrackedRegion(name, longitude, latitude, time)
    raise typer.BadParameter(
        "no region: expected --position and --time, or --longitude and --latitude"
    )


def _parsed(position: str) -> tuple[float, float]:
    """Longitude west of the central meridian, and latitude, deg."""
    match = _POSITION.fullmatch(position.strip())
    if match is None or float(match[2]) >= 90:
        raise typer.BadParameter(f"{position!r} is not a position; expected e.g. S20W12")
    west = float(match[4]) if match[3] in "Ww" else -float(match[4])
    north = float(match[2]) if match[1] in "Nn" else -float(match[2])
    return west, north


def _write(found: Track, out: Path) -> None:
    from farside.io.atomic import atomic_path
    from farside.plots.tracking import render
    from farside.tracking.files import write_curve, write_cutouts

    cutouts, picture = out.with_suffix(".fits"), out.with_suffix(".png")
    write_curve(found, out)
    write_cutouts(found, cutouts)
    with atomic_path(picture) as temporary:
        temporary.write_bytes(render(found))
    for skipped in found.skipped:
        typer.echo(f"skipped {skipped}", err=True)
    for path in (out, cutouts, picture):
        typer.echo(path)
