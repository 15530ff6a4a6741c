"""Run time of the simulated Sun: cold, warm, and for a set of files with its truth.

``python -m benchmarks.simulation``; each figure is the minimum of some repetitions.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
from astropy.time import Time, TimeDelta

from farside.simulation import SimulatedSun, write_set
from farside.simulation.grid import COARSE, FINE, Lattice
from farside.simulation.instruments.registered import render_view
from farside.sun.grid import Grid
from farside.sun.observer import earth

TIME = Time("2026-06-01T00:00:00")
DAY = TimeDelta(1, format="jd")
SMALL, PAPER = Grid(256, 112.5), Grid(1024, 450.0)


def least_s(work: Callable[[int], object], repetitions: int) -> float:
    """Minimum time of some calls, seconds; each call gets its number."""
    times = []
    for number in range(repetitions):
        start = perf_counter()
        work(number)
        times.append(perf_counter() - start)
    return min(times)


def time_views(sun: SimulatedSun, lattice: Lattice, grid: Grid, repetitions: int) -> str:
    """Line on the time for a surface, and for a view of it once its corona is computed."""
    surface, observer, rng = sun.at(TIME, lattice), earth(TIME), np.random.default_rng(0)
    render_view(surface, observer, "SDO", grid, rng)

    def another_surface(number: int) -> object:
        return sun.at(TIME + number * DAY, lattice)

    def another_view(_: int) -> object:
        return render_view(surface, observer, "SDO", grid, rng)

    return (
        f"{lattice.step_deg}°, {grid.size_px}²: "
        f"surface {least_s(another_surface, repetitions):.2f} s, "
        f"another view of its three bands and field {least_s(another_view, repetitions):.2f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=3)
    repetitions = parser.parse_args().repetitions
    # The first Sun of a process also makes the tables that all others share.
    first = least_s(lambda _: SimulatedSun(500).background(TIME), 1)
    cold = least_s(lambda number: SimulatedSun(501 + number).background(TIME), repetitions)
    print(f"a cold seed to {TIME.isot[:10]}: {first:.2f} s in a new process, then {cold:.2f} s")
    print(time_views(SimulatedSun(500), COARSE, SMALL, repetitions))
    print(time_views(SimulatedSun(500), FINE, PAPER, repetitions))
    with TemporaryDirectory() as folder:
        files_s = least_s(
            lambda n: write_set(Path(folder), TIME + n * DAY, 120.0, 500, "small"), repetitions
        )
    print(f"seven files of real-time size and the truth of 1024², warm Sun: {files_s:.2f} s")


if __name__ == "__main__":
    main()
