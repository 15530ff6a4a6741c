"""Time of a scan of drop folders, of a round without work, and of queries to the archive's index.

``python -m benchmarks.archive`` writes 10,000 small files of EUVI and HMI, scans them as `farside
watch` does, twice, enters the products of all their sets, and plans a round in which nothing is
due. Then it asks the index of a decade of products. Seconds of the process and of the clock.
"""

from __future__ import annotations

import argparse
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import numpy as np
from astropy.time import Time

from farside.archive.entry import ArchivedProduct, ProductInput
from farside.archive.inbox import scan
from farside.archive.index import FILE_NAME, Arrival, Index, reading
from farside.archive.naming import Name, disk_series, map_series
from farside.archive.producer import LocalProducer
from farside.archive.schedule import Plan, Round
from farside.archive.sets import HALF_DAY_HOURS, FileSet, TimeIndex, file_sets, nearest_hmi
from farside.archive.store import open_archive
from farside.model.engine import Model, find_model
from farside.model.engines import embedded
from farside.quality import Quality
from farside.sun.observer import Observer, earth
from tests.support.instrument_files import Camera, euvi_cards, file_bytes, hmi_cards

START = datetime(2022, 1, 1, tzinfo=UTC)
CADENCE = timedelta(hours=1)
CAMERA = Camera(64, 27.0)
BANDS = (304, 195, 171)
SLOTS_OF_A_DECADE = 16_072
QUERIES = 20
SERIES = ("farside_1_v3_stereo_a", "farside_1_v3_synchronic")
"""Series of the magnetograms and of the maps of a decade."""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    top.add_argument("--files", type=int, default=10_000, help="(%(default)s)")
    top.add_argument("--slots", type=int, default=SLOTS_OF_A_DECADE, help="(%(default)s)")
    top.add_argument("--repository", type=Path, default=Path("model_repository"))
    top.add_argument("--model", default="farside-1", help="(%(default)s)")
    return top


def main() -> None:
    """Print the table."""
    options = parser().parse_args()
    logging.disable(logging.WARNING)
    with TemporaryDirectory() as folder:
        rounds(Path(folder), options)
    with TemporaryDirectory() as folder:
        queries(Path(folder), options.slots)


@contextmanager
def timed(what: str) -> Iterator[None]:
    used, start = time.process_time(), time.perf_counter()
    yield
    used, taken = time.process_time() - used, time.perf_counter() - start
    print(f"{what:52s}{used:10.2f}{taken:10.2f}", flush=True)


def rounds(folder: Path, options: argparse.Namespace) -> None:
    """Scan new files, scan them again, and plan a round in which nothing is due."""
    inbox, out = folder / "inbox", folder / "archive"
    inbox.mkdir()
    write_files(inbox, options.files)
    engine = embedded(options.repository, names=(options.model,))
    model = find_model(engine, options.model)
    print(f"{f'{options.files} files':52s}{'process s':>10s}{'clock s':>10s}")
    with open_archive(out) as archive:
        with timed("scan of new files"):
            scan([inbox], archive.index, 0.0, out, Event())
        with timed("scan of known files"):
            arrivals = scan([inbox], archive.index, 0.0, out, Event())
        with timed("sets of files"):
            sets = list(file_sets(arrivals, model.recipe, CADENCE))
        enter(archive.index, sets, arrivals, model)
        producer = LocalProducer(engine, options.model)
        with timed(f"round of {len(sets)} sets, nothing due"):
            made = Round(archive, producer, model, Plan(cadence=CADENCE), Event()).run(arrivals)
    engine.close()
    if made:
        raise SystemExit(f"{made} products were made, expected none")


def write_files(inbox: Path, count: int) -> None:
    """Write hourly sets of three EUVI images and one of HMI, the EUVI from opposite the Earth."""
    pixels = np.full((CAMERA.size_px, CAMERA.size_px), 800, np.uint16)
    field = np.zeros(pixels.shape, np.int16)
    for number in range(count):
        slot, kind = divmod(number, len(BANDS) + 1)
        at = _earth(slot // 24)
        time_utc = START + slot * CADENCE
        stamp = time_utc.strftime("%Y-%m-%dT%H:%M:%S.000")
        if kind < len(BANDS):
            cards = euvi_cards(CAMERA, WAVELNTH=BANDS[kind]) | {"DATE-AVG": stamp}
        else:
            cards = hmi_cards(replace(CAMERA, distance_m=at.distance_m), T_OBS=stamp + "Z")
            cards |= {"HGLN_OBS": 0.0, "HGLT_OBS": at.latitude_deg}
        del cards["CRLN_OBS"], cards["CRLT_OBS"]  # those of another day
        image = pixels if kind < len(BANDS) else field
        data = file_bytes(cards | {"DATE-OBS": stamp}, image, rice=image is field)
        (inbox / f"{number:06d}.fits").write_bytes(data)


@lru_cache
def _earth(day: int) -> Observer:
    return earth(Time(START + timedelta(days=day)))


def enter(index: Index, sets: Sequence[FileSet], arrivals: Sequence[Arrival], model: Model) -> None:
    """Enter a magnetogram for each set, and the map of each slot near a disk of HMI."""
    recipe = model.recipe
    disks = TimeIndex.of("HMI", arrivals)
    times = [each.time for each in disks]
    margin = timedelta(hours=HALF_DAY_HOURS)
    first, last = times[0] - margin, times[-1] + margin
    for files in sets:
        made = product_of(disk_series(recipe, files.spacecraft), files.slot, model, files)
        given = [("observation", each) for each in files.observations]
        given += [("reference", each) for each in files.references]
        index.add(made, [input_of(role, each) for role, each in given])
        if first <= files.slot <= last:
            seen = nearest_hmi(files.slot, disks)
            inputs = [ProductInput("generated", "", files.slot, Quality.GOOD, "", made.sha256)]
            inputs += [input_of("observed", seen)] if seen else []
            index.add(product_of(map_series(recipe), files.slot, model), inputs)


def product_of(
    series: str, slot: datetime, model: Model, files: FileSet | None = None
) -> ArchivedProduct:
    return ArchivedProduct(
        name=Name(series, slot, 1),
        kind="magnetogram" if files else "map",
        spacecraft=files.spacecraft if files else "",
        model=model.recipe.name,
        version=str(model.recipe.version),
        identity=model.identity,
        time=slot,
        made=slot,
        quality=files.quality if files else Quality.GOOD,
        sha256=sha256(f"{series} {slot}".encode()).hexdigest(),
    )


def input_of(role: str, given: Arrival) -> ProductInput:
    name = f"{given.instrument} {given.band}"
    return ProductInput(role, name, given.time, given.quality, given.path, given.sha256)


def queries(folder: Path, slots: int) -> None:
    """Ask the index of a decade of magnetograms, maps, and seven arrived files for each."""
    write_decade(folder, slots)
    middle, sha = START + slots // 2 * CADENCE, sha256(b"nothing").hexdigest()
    with reading(folder) as index:
        asked: dict[str, Callable[[], object]] = {
            "the latest 100 products": lambda: index.find(limit=100),
            "the latest 100 maps": lambda: index.find(kind="map", limit=100),
            "100 of one spacecraft before a time": lambda: index.find(
                spacecraft="STEREO_A", end=middle, limit=100
            ),
            "the page after a product": lambda: index.find(
                after=Name(SERIES[0], middle, 1), limit=100
            ),
            "the product of a slot": lambda: index.current(SERIES[0], middle),
            "the last map before a slot": lambda: index.last_before(SERIES[1], middle),
            "its inputs": lambda: index.inputs(Name(SERIES[0], middle, 1)),
            "the product of a content": lambda: index.product_of_content(sha),
            "a file of a content": lambda: index.path_of_arrival(sha),
            "the series of maps": index.map_series,
            "the period of a series": lambda: index.period(SERIES[1]),
            "the numbers of the metrics": index.counts,
        }
        print(f"\n{f'{slots} slots, {2 * slots} products':52s}{'process ms':>10s}")
        for what, ask in asked.items():
            print(f"{what:52s}{1e3 * seconds_of(ask):10.2f}", flush=True)


def write_decade(folder: Path, slots: int) -> None:
    """Write an index with a magnetogram, a map and seven arrived files for each slot."""
    with open_archive(folder) as archive:
        fill(archive.index)
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection, connection:
        for statement in _COPIES:
            connection.execute(statement, {"slots": slots})


def fill(index: Index) -> None:
    """Enter the products and files of one slot."""
    for kind, name in zip(("magnetogram", "map"), SERIES, strict=True):
        given = [
            ProductInput("observation", "EUVI-A 304", START, Quality.GOOD, f"{number}.fts", "0")
            for number in range(7)
        ]
        product = ArchivedProduct(
            name=Name(name, START, 1),
            kind="magnetogram" if kind == "magnetogram" else "map",
            spacecraft="STEREO_A" if kind == "magnetogram" else "",
            model="farside-1",
            version="3",
            identity="0" * 32,
            time=START,
            made=START,
            quality=Quality.GOOD,
            sha256="0",
        )
        index.add(product, given)
    index.note_arrivals(
        Arrival(f"/{number}", "1 2 3", "0", "EUVI-A", "304", START, 160.0, Quality.GOOD)
        for number in range(7)
    )


_COPIES = (
    """
WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < :slots - 1)
INSERT INTO product
SELECT strftime('%Y/%m/%d/', slot, n || ' hours') || series
  || strftime('_%Y%m%dT%H%M%S_i1.fits', slot, n || ' hours'), series,
  strftime('%Y-%m-%dT%H:%M:%S.000', slot, n || ' hours'), issue, kind, spacecraft, model, version,
  identity, time, made, quality, hex(randomblob(32)), NULL FROM product, number
""",
    """
INSERT INTO input
SELECT product.path, role, instrument, input.time, input.quality, filename, hex(randomblob(32))
FROM product, input WHERE input.product = (SELECT min(path) FROM product)
""",
    """
WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < :slots - 1)
INSERT INTO arrival
SELECT path || '_' || n, fingerprint, hex(randomblob(32)), instrument, band, time, longitude_deg,
  quality, error FROM arrival, number
""",
)
"""Statements that repeat the entries of one slot in those after it: `Index` waits for the disk."""


def seconds_of(ask: Callable[[], object]) -> float:
    """Median of the processor seconds of one query."""
    used = []
    for _ in range(QUERIES):
        start = time.process_time()
        ask()
        used.append(time.process_time() - start)
    return float(np.median(used))


if __name__ == "__main__":
    main()
