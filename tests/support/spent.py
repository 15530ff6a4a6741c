"""Processor time and memory of each test file, listed at the end of a run of many files."""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest

FEWEST_FILES = 50
"""Number of files from which on the list is printed."""

KEPT_IN = "TESTS_COSTS"
"""Environment variable with the file that several runs add their costs to, for one table."""

TITLE = "processor time, peak memory and memory kept"
LISTED = 10
PROC = Path("/proc")


class Cost(NamedTuple):
    """What a test file took.

    Attributes
    ----------
    seconds
        Processor time during the file, with that of the programs started.
    peak_mb, kept_mb
        Largest resident memory of the process during the file, and its memory after it.
    """

    seconds: float
    peak_mb: int
    kept_mb: int


@dataclass(eq=False)  # pytest keeps its plugins in a set
class Spent:
    """Costs of the files of this process."""

    costs: dict[str, Cost] = field(default_factory=dict)
    _begun: float | None = None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        if self._begun is None:
            self._begun = _processor_s()
            (PROC / "self" / "clear_refs").write_text("5")  # the peak begins anew: see proc(5)
        result = yield
        if nextitem is None or nextitem.path != item.path:
            memory = _memory_mb("VmHWM"), _memory_mb("VmRSS")
            name = item.nodeid.partition("::")[0]
            self.costs[name] = Cost(_processor_s() - self._begun, *memory)
            self._begun = None
        return result

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if kept := os.environ.get(KEPT_IN):
            with Path(kept).open("a") as file:
                file.writelines(
                    f"{json.dumps([name, *cost])}\n" for name, cost in self.costs.items()
                )
        elif len(self.costs) >= FEWEST_FILES:
            terminalreporter.section(TITLE)
            for line in table(self.costs):
                terminalreporter.write_line(line)


def read_costs(path: Path) -> dict[str, Cost]:
    """Costs that several runs have kept in a file."""
    rows = map(json.loads, path.read_text().splitlines())
    return {name: Cost(*cost) for name, *cost in rows}


def table(costs: Mapping[str, Cost]) -> list[str]:
    """Lines of the files that took most time and most memory, and of all together."""
    files = costs.items()
    longest = sorted(files, key=lambda file: -file[1].seconds)[:LISTED]
    largest = sorted(files, key=lambda file: -file[1].peak_mb)[:LISTED]
    seconds = sum(cost.seconds for cost in costs.values())
    peak_mb = max((cost.peak_mb for cost in costs.values()), default=0)
    return [
        *(
            f"{cost.seconds:6.0f} s {cost.peak_mb:6d} MB {cost.kept_mb:6d} MB  {name}"
            for name, cost in dict((*longest, *largest)).items()
        ),
        f"{seconds:6.0f} s {peak_mb:6d} MB  all files",
    ]


def pytest_configure(config: pytest.Config) -> None:
    if PROC.is_dir():
        config.pluginmanager.register(Spent())


def _processor_s() -> float:
    return _ticks("self") / os.sysconf("SC_CLK_TCK")


def _ticks(pid: str) -> int:
    """Processor time of a process and of all programs that it has started."""
    process = PROC / pid
    try:
        # After the name: state, parent, …; fields 14 to 17 of proc(5) are the process's own time
        # and that of its children that have ended.
        used = (process / "stat").read_text().rpartition(")")[2].split()[11:15]
        living = [
            child
            for thread in process.glob("task/*/children")
            for child in thread.read_text().split()
        ]
    except OSError:  # it has ended just now
        return 0
    return sum(map(int, used)) + sum(map(_ticks, living))


def _memory_mb(what: str) -> int:
    lines = (PROC / "self" / "status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith(f"{what}:"))
