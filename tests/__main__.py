"""The whole suite: ``python -m tests``, as several runs of pytest, one after another.

A worker keeps in memory all that its tests import, and each run needs another part of it: the
service, torch and the exporters, the simulated Sun. What is made once is made once for all runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.local_triton.processes import following
from tests.support.once import SHARED
from tests.support.spent import KEPT_IN, TITLE, read_costs, table

TESTS = Path(__file__).parent
PROGRAMS = ("service", "cli", "clients", "monitoring", "deploy", "containers", "benchmarks")
MODELS = ("model", "training", "export")
SUN = ("simulation", "corona")
WORKERS = (
    "--numprocesses=2",
    "--dist=loadfile",
    "--no-loadscope-reorder",  # tests/conftest.py has put the longest first
    "--max-worker-restart=0",
)


def groups() -> list[list[Path]]:
    """Folders and files of each run; the last has all that the others do not name."""
    named = [[TESTS / name for name in group] for group in (PROGRAMS, MODELS, SUN)]
    taken = {path for group in named for path in group}
    found = (path for path in sorted(TESTS.iterdir()) if path not in taken)
    rest = [path for path in found if path.is_dir() or path.match("test_*.py")]
    return [*named, [path for path in rest if any(path.glob("**/test_*.py")) or path.is_file()]]


def run(paths: list[Path]) -> int:
    """Run the tests of some folders; give pytest's exit status."""
    options = ["-m", "not soak", *WORKERS, *sys.argv[1:]]
    command = [sys.executable, "-m", "pytest", *options, *map(str, paths)]
    with subprocess.Popen(following(command)) as process:  # noqa: S603  our own
        try:
            return process.wait()
        except KeyboardInterrupt:  # pytest has it too, and ends what it has started
            process.wait()
            raise


def main() -> int:
    """Run all groups, print one table of their costs, give the worst exit status."""
    with TemporaryDirectory(prefix="farside-tests-") as folder:
        costs = Path(folder) / "costs.jsonl"
        os.environ |= {SHARED: folder, KEPT_IN: str(costs)}
        statuses = [run(paths) for paths in groups()]
        if costs.exists():
            print(f" {TITLE} ".center(80, "="), *table(read_costs(costs)), sep="\n")  # noqa: T201
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main())
