"""Run time of a synchronic map and of the corona above it, by stage.

``python -m benchmarks.synchronic``; each figure is the minimum of some repetitions: seconds by the
clock, and of processor time, which other programs disturb less. The map is made
of three disks of 1024² and a base map on 360 × 180; the corona is PFSS, Schatten's current sheet
and the wind at 0.1 au, on the grid of the map.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from time import perf_counter, process_time
from typing import TypeVar

import numpy as np
from astropy.time import Time
from rich.console import Console
from rich.table import Table

from farside.corona import extrapolate, open_field, solar_wind
from farside.magnetogram.magnetogram import ModelProvenance
from farside.simulation import SimulatedSun
from farside.simulation.grid import COARSE
from farside.simulation.instruments.camera import Detector, line_of_sight_field, trace_shell
from farside.simulation.scene import stereo
from farside.simulation.sun import Surface
from farside.sun.observer import Observer, View, earth
from farside.synchronic.disk import MAP_GRID, MapDisk
from farside.synchronic.fill import advect_base_map
from farside.synchronic.merge import ONE_DEGREE, synchronic
from farside.synchronic.project import project_disk

TIME = Time("2026-06-01T00:00:00", scale="utc")
STEREO_DEG = (120.0, -120.0)
SOURCE_SURFACE = 2.5
MODEL = ModelProvenance("benchmark", "1", "", "SIMULATED", "none", "float32", skill=0.6)

Row = tuple[str, float, float]
"""Stage, its seconds, and its seconds of processor time."""

Made = TypeVar("Made")


def disks(surface: Surface) -> list[MapDisk]:
    """Disks of one surface: HMI's, and two in place of generated ones."""
    front = _disk(surface, earth(TIME), "HMI", None)
    return [
        front,
        *(_disk(surface, stereo(TIME, each), "STEREO_A", MODEL) for each in STEREO_DEG),
    ]


def _disk(
    surface: Surface, observer: Observer, name: str, model: ModelProvenance | None
) -> MapDisk:
    detector = Detector.of_grid(MAP_GRID, observer)
    field = line_of_sight_field(surface.radial_field, trace_shell(detector, observer, surface.time))
    image = np.where(MAP_GRID.on_disk(), field, np.float32(np.nan))
    return MapDisk(image, MAP_GRID, View(observer, TIME), name, generator=model)


def timed(rows: list[Row], stage: str, repetitions: int, work: Callable[[], Made]) -> Made:
    """Repeat a stage, append its minimum times to `rows`, and return its result."""
    times = []
    for _ in range(repetitions):
        start = perf_counter(), process_time()
        made = work()
        times.append((perf_counter() - start[0], process_time() - start[1]))
    rows.append((stage, *(min(each) for each in zip(*times, strict=True))))
    return made


def measure(surface: Surface, repetitions: int) -> Iterator[list[Row]]:
    """Times of the stages of the map, then of the corona."""
    given = disks(surface)
    base = synchronic(given, None, TIME).to_base_map()
    rows: list[Row] = []
    timed(
        rows,
        "unroll three disks",
        repetitions,
        lambda: [project_disk(disk, ONE_DEGREE, TIME) for disk in given],
    )
    timed(rows, "carry the base map", repetitions, lambda: advect_base_map(base, ONE_DEGREE, TIME))
    made = timed(rows, "the whole map", repetitions, lambda: synchronic(given, base, TIME))
    yield rows
    rows = []
    potential = timed(rows, "PFSS", repetitions, lambda: extrapolate(made, SOURCE_SURFACE))
    opened = timed(rows, "open field", repetitions, lambda: open_field(potential))
    timed(rows, "current sheet and wind", repetitions, lambda: solar_wind(potential, opened))
    wall, spent = (sum(each) for each in zip(*((row[1], row[2]) for row in rows), strict=True))
    yield [*rows, ("the whole corona", wall, spent)]


def table(groups: list[list[Row]]) -> Table:
    """Table of seconds by stage."""
    shown = Table("stage", "s", "s of processor")
    for rows in groups:
        for stage, *seconds in rows:
            texts = (f"{each:.2f}" for each in seconds)
            shown.add_row(stage, *texts, end_section=stage == rows[-1][0])
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=3)
    arguments = parser.parse_args()
    surface = SimulatedSun(500).at(TIME, COARSE)
    Console().print(table(list(measure(surface, arguments.repetitions))))


if __name__ == "__main__":
    main()
