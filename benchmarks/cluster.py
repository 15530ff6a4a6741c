"""Efficiency of two Dask workers against one: ``python -m benchmarks.cluster``.

A few days of six-hourly simulated sets are made by one worker and by two, in turn, each worker a
process of one thread. The efficiency is the time of one over twice the time of two: 1 if the second
worker costs nothing. Beside it the processor time of the workers and of the calling process, which
files the products one after another: what bounds the number of workers that are of use.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import NamedTuple

from typer.testing import CliRunner

from farside.cli.app import app
from farside.cluster import connected, local_cluster
from tests.support.month import day, write_sets


class Cost(NamedTuple):
    """Seconds that some magnetograms took: elapsed, and of processors here and in the workers."""

    elapsed: float
    here: float
    workers: float


def main() -> None:
    """Print the times of each round, and the efficiency of their medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", default="farside-1")
    arguments = parser.parse_args()
    hours = range(0, 24 * arguments.days, 6)
    costs: dict[int, list[Cost]] = {1: [], 2: []}
    with TemporaryDirectory() as folder:
        inputs = write_sets(Path(folder) / "inputs", hours)
        for number in range(arguments.rounds):
            for workers, some in costs.items():
                archive = Path(folder) / f"archive_{number}_{workers}"
                cost = _make(workers, archive, inputs, arguments.model, hours)
                some.append(cost)
                print(
                    f"{workers} workers: {len(hours) - 4} magnetograms in {cost.elapsed:.1f} s; "
                    f"processor time: workers {cost.workers:.1f} s, here {cost.here:.1f} s",
                    flush=True,
                )
    one, two = (median(cost.elapsed for cost in some) for some in costs.values())
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}: efficiency {one / 2 / two:.2f}")


def _make(workers: int, archive: Path, inputs: Path, model: str, hours: range) -> Cost:
    archive.mkdir()
    with local_cluster(workers) as address, connected(address) as client:
        words = ["backfill", str(archive), "--inputs", str(inputs), "--model", model]
        words += ["--cadence", "360", "--dask", address]
        # The products of the first day wait until the engines are loaded.
        _run([*words, "--from", day(0), "--to", day(24)])
        before = sum(client.run(process_time).values())
        start, here = perf_counter(), process_time()
        _run([*words, "--from", day(24), "--to", day(hours.stop + 24)])
        elapsed, used = perf_counter() - start, process_time() - here
        return Cost(elapsed, used, sum(client.run(process_time).values()) - before)


def _run(words: list[str]) -> None:
    done = CliRunner().invoke(app, words)
    if done.exit_code:
        raise SystemExit(done.output)


if __name__ == "__main__":
    main()
