"""Far-side regions beside helioseismology on the real Sun: the tables of docs/seismic.md, again.

``python -m benchmarks.seismic REAL --out docs/seismic.md`` (``make seismic``). REAL has ``euvi/``,
a folder of EUVI triples a spacecraft and day, and ``farside_ar/`` with region lists, phase maps and
the catalogue of all lists.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections.abc import Sequence
from pathlib import Path

import astropy.units as u
from astropy.time import Time

from farside.io.atomic import NamedFile, atomic_path
from farside.magnetogram.magnetogram import Magnetogram
from farside.model.defaults import default_folder
from farside.model.models import Models
from farside.pipeline import generate
from farside.plots.seismology import draw_seismic
from farside.seismology.compare import Comparison, Rates, compare, rates
from farside.seismology.magnetic import regions_of_disks
from farside.seismology.phase_map import read_phase_map, regions_of_phase
from farside.seismology.regions import (
    FarSideRegion,
    FarSideRegions,
    at_least,
    far_side,
    read_region_list,
)
from farside.synchronic.disk import generated_disk

MODEL = "farside-1"
BANDS = ("304", "195", "171")
STRENGTHS = (400.0, 800.0)
FLUXES_MX = (1e21, 3e21, 1e22)


def main() -> None:
    """Compare, and write the page with its pictures."""
    given = _parser().parse_args()
    regions, folder = given.real / "farside_ar", given.out.parent / "seismic"
    page = given.out.read_text()
    page = with_rows(page, "phase", _phase_rows(regions, folder))
    page = with_rows(page, "magnetic", _magnetic_rows(given.real / "euvi", regions, folder))
    with atomic_path(given.out) as temporary:
        temporary.write_text(page)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("real", type=Path, help="folder of real files")
    parser.add_argument("--out", type=Path, default=Path("docs/seismic.md"))
    return parser


def with_rows(page: str, name: str, rows: str) -> str:
    """Page with the rows of a table between ``<!-- name -->`` and ``<!-- end -->`` replaced."""
    table = re.compile(rf"(<!-- {name} -->\n(?:\|.*\n){{2}})(?:\|.*\n)*(<!-- end -->)")
    return table.sub(lambda found: f"{found[1]}{rows}\n{found[2]}", page)


def read_catalogue(path: Path, time: Time) -> tuple[FarSideRegion, ...]:
    """Regions of the catalogue of lists within six hours of a time, largest first."""
    days = {(time + sign * 6 * u.hour).isot[:10] for sign in (-1, 1)}
    with path.open() as file:
        rows = [row for row in csv.DictReader(file) if row["map_time"][:10] in days]
    found = [
        FarSideRegion(
            row["designation"], float(row["lon_deg"]), float(row["lat_deg"]), float(row["strength"])
        )
        for row in rows
        if abs(float((Time(row["map_time"]) - time).to_value("hour"))) < 6
    ]
    return tuple(sorted(found, key=lambda region: -region.size))


def _phase_rows(folder: Path, pictures: Path) -> str:
    """Regions of phase maps of GONG and JSOC against the list of the same time."""
    files = sorted([*folder.glob("gong_mrfqo/*"), *folder.glob("jsoc_phase_map_*")])
    maps = [read_phase_map(path) for path in files]
    lists = [
        FarSideRegions(
            "Stanford list",
            each.time,
            "µHem rad",
            read_catalogue(folder / "jsoc_farside_ar_catalogue.csv", each.time),
            far_side(each.longitude_deg, each.latitude_deg),
        )
        for each in maps
    ]
    rows = []
    for least in STRENGTHS:
        compared = [
            compare(at_least(listed, least), regions_of_phase(phase, STRENGTHS[0]))
            for listed, phase in zip(lists, maps, strict=True)
        ]
        rows.append(f"| list from {least:.0f} | {_counts(rates(compared))} |")
    strong = [at_least(listed, STRENGTHS[0]) for listed in lists]
    strongest = max(range(len(maps)), key=lambda i: len(strong[i].regions))
    shown = compare(strong[strongest], regions_of_phase(maps[strongest], STRENGTHS[0]))
    NamedFile("gong.png", draw_seismic(shown, None, maps[strongest].phase_rad)).write_to(pictures)
    return "\n".join(rows)


def _magnetic_rows(euvi: Path, folder: Path, pictures: Path) -> str:
    """Regions that the model draws from EUVI-A and -B against the list of the day."""
    models = Models(default_folder(), (MODEL,), 2)
    made = [
        generate([sides / f"euvi_{band}.fits" for band in BANDS], [], MODEL, models.engine(MODEL))
        for sides in sorted(euvi.glob("[AB]_20110101"))
    ]
    listed = read_region_list(next(folder.glob("AR_LIST_2011.01.01*")))
    rows = []
    for flux_mx in FLUXES_MX:
        compared, picture = _with_disks(listed, made, flux_mx)
        rows.append(f"| {flux_mx:.0e} Mx | {_counts(rates([compared]))} |")
        if flux_mx == FLUXES_MX[0]:
            NamedFile("euvi.png", picture).write_to(pictures)
    return "\n".join(rows)


def _with_disks(
    listed: FarSideRegions, made: Sequence[Magnetogram], flux_mx: float
) -> tuple[Comparison, bytes]:
    disks = [generated_disk(each) for each in made]
    found, field = regions_of_disks(disks, listed.time, flux_mx)
    compared = compare(listed, found)
    return compared, draw_seismic(compared, field, quality=made[0].quality)


def _counts(found: Rates) -> str:
    rank = "" if found.rank_correlation is None else f"{found.rank_correlation:+.2f}"
    return (
        f"{found.references} | {found.hits} | {found.found} | {found.found - found.hits} | {rank}"
    )


if __name__ == "__main__":
    main()
