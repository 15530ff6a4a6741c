"""Readers of untrusted bytes: whatever is sent is read, or refused by an error of the tree."""

from __future__ import annotations

import csv
import hashlib
import json
import resource
import signal
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from farside.errors import FarsideError
from tests.cases.mutation import (
    Edit,
    edits_of_fits,
    edits_of_json,
    edits_of_picture,
    mutated,
)
from tests.cases.seeds import Seed, seeds

QUICK, LONG = 10_000, 100_000
LIMIT_S = 20.0
"""Most processor time that a small file may take; a tenth of a second is usual."""

LIMIT_BYTES = 2**30
"""Most memory that reading a small file may ask for beyond what the process has."""

CORPUS = Path(__file__).with_name("failed.csv")
KEPT = Path("build") / "failed-mutations"

EDITORS = {"fits": edits_of_fits, "picture": edits_of_picture, "json": edits_of_json}
SEEDS = {seed.name: seed for seed in seeds()}


@dataclass(frozen=True)
class Mutation:
    """Edits of a seed, as a line of the corpus has them."""

    seed: Seed
    edits: tuple[Edit, ...]

    def data(self) -> bytes:
        return mutated(self.seed.data, self.edits)

    def __str__(self) -> str:
        return f"{self.seed.name};{json.dumps(self.edits)}"


def mutations(count: int, start: int) -> Iterator[Mutation]:
    """As many mutations of all seeds, by a random number of their own each."""
    names = list(SEEDS)
    weights = [1 / SEEDS[name].cost for name in names]
    for number in range(start, start + count):
        rng = Random(number)  # noqa: S311 (no secret)
        seed = SEEDS[rng.choices(names, weights)[0]]
        yield Mutation(seed, tuple(EDITORS[seed.kind](rng, seed.data)))


def corpus() -> list[Mutation]:
    """Mutations that failed once."""
    with CORPUS.open(newline="") as file:
        rows = list(csv.reader(file, delimiter=";", quoting=csv.QUOTE_NONE))
    return [
        Mutation(SEEDS[name], tuple(tuple(edit) for edit in json.loads(edits)))
        for name, edits in rows
    ]


@contextmanager
def bounded() -> Iterator[None]:
    """Limit the processor time of a piece of work, and its memory by the address space."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + LIMIT_BYTES, hard))
    before = signal.signal(signal.SIGPROF, _late)
    signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _late(*_: object) -> None:
    raise TimeoutError(f"longer than {LIMIT_S:g} s")


def outcome(mutation: Mutation) -> str:
    """Empty where the file is read or refused as it should be; else what happened."""
    data = mutation.data()
    try:
        with bounded(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mutation.seed.read(data)
    except FarsideError as error:
        return "" if str(error) else f"{type(error).__name__} without a sentence"
    except Exception as error:
        KEPT.mkdir(parents=True, exist_ok=True)
        kept = KEPT / f"{mutation.seed.name}-{hashlib.sha256(data).hexdigest()[:12]}"
        kept.write_bytes(data)
        return f"{type(error).__name__}: {str(error)[:200]} ({kept})"
    return ""


def check(found: Iterator[Mutation]) -> None:
    """Read all; say of those that fail what a line of the corpus needs, one of each kind."""
    failures: dict[tuple[str, str], str] = {}
    for mutation in found:
        wrong = outcome(mutation)
        if wrong:
            failures.setdefault((mutation.seed.name, wrong[:40]), f"{wrong}\n    {mutation}")
    assert not failures, "\n".join(failures.values())


@pytest.mark.parametrize("seed", SEEDS.values(), ids=SEEDS.keys())
def test_every_seed_is_read(seed: Seed) -> None:
    assert seed.read(seed.data) is not None


@pytest.mark.parametrize("mutation", corpus(), ids=str)
def test_what_once_failed_is_read_or_refused(mutation: Mutation) -> None:
    assert outcome(mutation) == ""


@pytest.mark.parametrize("part", range(4))
def test_ten_thousand_mutations_are_read_or_refused(part: int) -> None:
    check(mutations(QUICK // 4, part * QUICK // 4))


@pytest.mark.soak
def test_a_hundred_thousand_mutations_are_read_or_refused() -> None:
    check(mutations(LONG, int(time.time()) * LONG))
