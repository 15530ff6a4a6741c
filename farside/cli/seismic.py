"""``farside compare-seismic``: far-side regions by helioseismology beside those of our products."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from astropy.time import Time

    from farside.quality import Quality
    from farside.seismology.compare import Comparison
    from farside.seismology.phase_map import PhaseMap
    from farside.seismology.regions import FarSideRegions
    from farside.sun.carrington_grid import Map
    from farside.synchronic.disk import MapDisk
    from farside.synchronic.map import SynchronicMap


def compare_seismic(
    reference: Annotated[
        list[Path],
        typer.Argument(
            metavar="SEISMIC...",
            help="Stanford region lists, or far-side phase maps of JSOC or GONG.",
        ),
    ],
    found: Annotated[
        list[Path],
        typer.Option(
            "--with",
            help="Far-side magnetogram or synchronic map of Farside, or a phase map. "
            "Repeat for each file.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    within: Annotated[
        float, typer.Option(min=1, max=45, help="Greatest distance of two matching regions, deg.")
    ] = 10.0,
    least_flux: Annotated[
        float, typer.Option(min=0, help="Least unsigned flux of a magnetic region, Mx.")
    ] = 1e22,
    least_strength: Annotated[
        float,
        typer.Option(min=0, help="Least strength of a seismic region, micro-hemisphere radians."),
    ] = 400.0,
    hours: Annotated[
        float, typer.Option(min=0, max=72, help="Greatest difference of the times of both.")
    ] = 24.0,
) -> None:
    """Compare far-side regions with helioseismology: matches, rates, and a picture of each time."""
    from farside.errors import TimesApartError
    from farside.io.atomic import NamedFile
    from farside.plots.seismology import draw_seismic
    from farside.seismology.compare import compare, rates

    files = [_open(path) for path in found]
    compared: list[Comparison] = []
    for path in reference:
        regions, phase = _seismic(path, least_strength)
        near = [each for each in files if abs(each.hours_after(regions.time)) <= hours]
        if not near:
            raise TimesApartError(
                f"{path.name}: no file within {hours:g} h of {regions.time.isot[:16]}", (path.name,)
            )
        other, field, their_phase, quality = _found(near, regions.time, least_flux, least_strength)
        compared.append(compare(regions, other, within))
        picture = draw_seismic(
            compared[-1], field, phase if their_phase is None else their_phase, quality
        )
        name = f"seismic_{regions.time.utc.strftime('%Y%m%dT%H%M')}.png"
        typer.echo(NamedFile(name, picture).write_to(out))
    typer.echo(_write_table(compared, out / "seismic.csv"))
    total = rates(compared)
    typer.echo(
        f"hits {total.hits} of {total.references}, false alarms {total.found - total.hits} of "
        f"{total.found}"
        + ("" if total.rank_correlation is None else f", ranks {total.rank_correlation:+.2f}"),
        err=True,
    )


@dataclass(frozen=True, eq=False)
class _Open:
    """File that is compared, read, and its time."""

    content: MapDisk | SynchronicMap | PhaseMap
    time: Time

    def hours_after(self, time: Time) -> float:
        return float((self.time - time).to_value("hour"))


def _open(path: Path) -> _Open:
    from farside.io.fits import open_cards, text, unpack
    from farside.seismology.phase_map import MAX_MAP_BYTES, read_phase_map
    from farside.synchronic import fits as native
    from farside.synchronic.disk import read_generated

    with path.open("rb") as file:
        # The readers of our own files have bounds of their own.
        content = text(open_cards(unpack(file.read(), 64 * MAX_MAP_BYTES)), "CONTENT")
    if content == native.CONTENT:
        sun_map = native.read(path)
        return _Open(sun_map, sun_map.time)
    if content == "GENERATED MAGNETOGRAM":
        disk = read_generated(path)
        return _Open(disk, disk.view.time)
    phase = read_phase_map(path)
    return _Open(phase, phase.time)


def _seismic(path: Path, least_strength: float) -> tuple[FarSideRegions, Map | None]:
    from farside.seismology.phase_map import read_phase_map, regions_of_phase
    from farside.seismology.regions import at_least, is_region_list, read_region_list

    if is_region_list(path):
        return at_least(read_region_list(path), least_strength), None
    phase = read_phase_map(path)
    return regions_of_phase(phase, least_strength), phase.phase_rad


def _found(
    near: list[_Open], time: Time, least_flux: float, least_strength: float
) -> tuple[FarSideRegions, Map | None, Map | None, Quality]:
    """Regions of all disks together, else of the nearest map, with field, phase and quality."""
    from functools import reduce
    from operator import or_

    from farside.quality import Quality
    from farside.seismology.magnetic import regions_of_disks, regions_of_map
    from farside.seismology.phase_map import PhaseMap, regions_of_phase
    from farside.synchronic.disk import MapDisk
    from farside.synchronic.map import SynchronicMap

    disks = [each.content for each in near if isinstance(each.content, MapDisk)]
    if disks:
        regions, field = regions_of_disks(disks, time, least_flux)
        return regions, field, None, reduce(or_, (disk.quality for disk in disks))
    nearest = min(near, key=lambda each: abs(each.hours_after(time))).content
    if isinstance(nearest, SynchronicMap):
        regions, field = regions_of_map(nearest, time, least_flux)
        return regions, field, None, nearest.quality
    if isinstance(nearest, PhaseMap):
        return regions_of_phase(nearest, least_strength), None, nearest.phase_rad, Quality.GOOD
    raise TypeError(f"got {nearest!r}, expected a map")


def _write_table(compared: list[Comparison], path: Path) -> Path:
    from farside.io.atomic import atomic_path

    with atomic_path(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for each in compared:
            writer.writerows(_rows(each))
    return path


_COLUMNS = (
    "time_utc",
    "reference",
    "reference_longitude_deg",
    "reference_latitude_deg",
    "strength",
    "found",
    "found_longitude_deg",
    "found_latitude_deg",
    "size",
    "size_unit",
    "distance_deg",
)


def _rows(compared: Comparison) -> Iterator[list[str]]:
    for match in compared.matches:
        row = [compared.reference.time.utc.isot[:16]]
        for region in (match.reference, match.found):
            row += (
                [""] * 4
                if region is None
                else [
                    region.name,
                    f"{region.longitude_deg:.1f}",
                    f"{region.latitude_deg:.1f}",
                    f"{region.size:.4g}",
                ]
            )
        distance = match.distance_deg
        yield [*row, compared.found.unit, "" if distance is None else f"{distance:.1f}"]
