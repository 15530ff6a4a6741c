"""Efficiency of two Dask workers against one: ``python -m benchmarks.cluster``.

A few days of six-hourly simulated sets are remade by one worker and by two, in turn, each worker a
process of one thread. The efficiency is the time of one over twice the time of two: 1 if the second
worker costs nothing. The maps, which are made in order by the calling process, are not part of it.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from distributed import LocalCluster
from typer.testing import CliRunner

from farside.cli.app import app
from tests.support.month import day, write_sets

ROUNDS = 3


def main() -> None:
    """Print the times of each round, and the efficiency of their medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=8)
    parser.add_argument("--model", default="farside-1")
    arguments = parser.parse_args()
    hours = range(0, 24 * arguments.days, 6)
    with TemporaryDirectory() as folder:
        inputs = write_sets(Path(folder) / "inputs", hours)
        seconds: dict[int, list[float]] = {1: [], 2: []}
        for number in range(ROUNDS):
            for workers, times in seconds.items():
                archive = Path(folder) / f"archive_{number}_{workers}"
                times.append(_time(workers, archive, inputs, arguments.model, hours))
                print(f"{workers} workers: {len(hours) - 4} magnetograms in {times[-1]:.1f} s")
    one, two = (median(times) for times in seconds.values())
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"median {one:.1f} s and {two:.1f} s: efficiency {one / 2 / two:.2f}")


def _time(workers: int, archive: Path, inputs: Path, model: str, hours: range) -> float:
    archive.mkdir()
    with LocalCluster(workers, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster:  # type: ignore[no-untyped-call]
        words = ["backfill", str(archive), "--inputs", str(inputs), "--model", model]
        words += ["--cadence", "360", "--dask", str(cluster.scheduler_address)]
        # The first product waits until the engines are loaded.
        _run([*words, "--from", day(0), "--to", day(24)])
        start = perf_counter()
        _run([*words, "--from", day(24), "--to", day(hours.stop + 24)])
        return perf_counter() - start


def _run(words: list[str]) -> None:
    done = CliRunner().invoke(app, words)
    if done.exit_code:
        raise SystemExit(done.output)


if __name__ == "__main__":
    main()
