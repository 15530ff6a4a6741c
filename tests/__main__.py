"""The whole suite: ``python -m tests``, as several runs of pytest, three at a time.

A process keeps in memory all that its tests import, and gives it back only by ending: each run
has tests that need much the same part. What is made once is made once for all runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from deploy.local_triton.processes import following
from tests.support.once import SHARED
from tests.support.spent import KEPT_IN, TITLE, Cost, read_costs, table

TESTS = Path(__file__).parent

AT_ONCE = 3
"""Number of runs at a time, one thread each: on two cores, since tests of servers often wait."""

RUNS = (
    ("service",),
    ("training/restoration", "simulation"),
    ("cli", "clients", "monitoring", "deploy", "containers"),
    ("training", "test_adding_a_model.py"),
    ("model",),
    ("archive", "fetch", "live", "page"),
    ("training/realsun", "export", "test_pages.py"),
    ("cases", "io", "observation"),
    ("benchmarks",),
    ("corona",),
)
"""Folders and files of each run, the longest first; before them goes one with all the others.

What a run names inside a folder of another belongs to it alone.
"""

LIMIT_MB = 2000 if find_spec("nvidia") is None else 2500
"""Most memory that a process of pytest may take; torch's libraries for CUDA take some of it."""


class Ended(NamedTuple):
    """A run of pytest that has ended, with its exit status and what it wrote."""

    title: str
    status: int
    seconds: float
    output: str


def paths_of_runs() -> list[list[Path]]:
    """Folders and files of each run."""
    named = [[TESTS / name for name in names] for names in RUNS]
    taken = {path for paths in named for path in paths}
    found = (path for path in sorted(TESTS.iterdir()) if path not in taken)
    rest = [path for path in found if path.match("test_*.py") or any(path.glob("**/test_*.py"))]
    return [rest, *named]


def left_out(paths: Sequence[Path]) -> list[Path]:
    """What lies in folders of a run and belongs to another."""
    others = [path for run in paths_of_runs() for path in run if path not in paths]
    return [path for path in others if not {*path.parents}.isdisjoint(paths)]


def run(paths: Sequence[Path], log: Path) -> Ended:
    """Run the tests of some folders and files, and keep what pytest writes."""
    begun = time.monotonic()
    # Else each run removes old folders of the others, and complains if they do so meanwhile.
    options = ["-m", "not soak", f"--basetemp={log.with_suffix('')}"]
    options += [f"--ignore={path}" for path in left_out(paths)]
    options += [*sys.argv[1:], *map(str, paths)]
    command = following([sys.executable, "-m", "pytest", *options])
    with log.open("wb") as file:
        status = subprocess.call(command, stdout=file, stderr=file)  # noqa: S603  our own
    title = " ".join(str(path.relative_to(TESTS)) for path in paths)
    return Ended(title, status, time.monotonic() - begun, log.read_text(errors="replace"))


def run_all(folder: Path) -> Iterator[Ended]:
    """Give each run as it ends; after an interrupt begin no more."""
    with ThreadPoolExecutor(AT_ONCE) as lanes:
        runs = [
            lanes.submit(run, paths, folder / f"{number}.log")
            for number, paths in enumerate(paths_of_runs())
        ]
        try:
            for ended in as_completed(runs):
                yield ended.result()
        except KeyboardInterrupt:  # pytest has it too, and ends what it has started
            lanes.shutdown(cancel_futures=True)
            raise


def summary(runs: Sequence[Ended], costs: Mapping[str, Cost]) -> Iterator[str]:
    """Lines about all runs: their times, the dearest files and all that failed."""
    yield f" {TITLE} ".center(80, "=")
    yield from table(costs)
    yield " runs ".center(80, "=")
    for ended in runs:
        lines = ended.output.splitlines() or ["no output"]
        yield f"{ended.seconds:6.0f} s  {ended.title}: {lines[-1].strip('= ')}"
        yield from (line for line in lines if line.startswith(("FAILED ", "ERROR ")))
    yield from too_large(costs)


def too_large(costs: Mapping[str, Cost]) -> list[str]:
    """Lines about files whose process took more memory than it may."""
    return [
        f"FAILED {name}: its process took {cost.peak_mb} MB, expected at most {LIMIT_MB}"
        for name, cost in costs.items()
        if cost.peak_mb > LIMIT_MB
    ]


def main() -> int:
    """Run all, print one table of their costs, give the worst exit status."""
    with TemporaryDirectory(prefix="farside-tests-") as name:
        folder = Path(name)
        kept = folder / "costs.jsonl"
        kept.touch()
        os.environ |= {SHARED: name, KEPT_IN: str(kept)}
        runs = []
        for ended in run_all(folder):
            print(f" {ended.title} ".center(80, "="), ended.output, sep="\n", flush=True)  # noqa: T201
            runs.append(ended)
        costs = read_costs(kept)
    print(*summary(runs, costs), sep="\n")  # noqa: T201
    return max(*(ended.status for ended in runs), bool(too_large(costs)))


if __name__ == "__main__":
    sys.exit(main())
