"""A simulated day of `farside live`: outages, late files and kills, and the right archive."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest

from farside.archive.entry import describe
from farside.archive.index import reading
from farside.io.fits import primary_cards
from tests.live.day import (
    CONSIDERED,
    RIGHT,
    ROUNDS,
    begin_day,
    configuration,
    name,
    products,
    put_new,
    slot,
    trouble,
)
from tests.live.killed import STEPS, run_round
from tests.support.killed import Forks, forks
from tests.support.local_archives import LocalArchives, Trouble, serve


def rounds_of(config: Path) -> AbstractContextManager[Forks]:
    return forks("tests.live.killed:run_round", config, watched=STEPS)


def check(folder: Path) -> None:
    """The archive has each right product once, whole and indexed, and each map was dropped."""
    found = {str(product.name): product for product in products(folder / "archive")}
    assert {key: each.quality & CONSIDERED[each.kind] for key, each in found.items()} == RIGHT
    files = {path.name for path in (folder / "archive").glob("*/*/*/*")}
    assert files == {f"{key}.fits" for key in RIGHT}
    for product in found.values():
        content = (folder / "archive" / product.name.path).read_bytes()
        assert describe(product.name, content)[0].sha256 == product.sha256
    dropped = {path.name[:14] for path in (folder / "wsa").glob("mrzqs*")}
    assert dropped == {f"mrzqs{slot(hours):%y%m%dt%H}" for hours in (0, 6, 12, 18)}


@pytest.fixture
def mirror() -> Iterator[LocalArchives]:
    with serve(begin_day()) as archives:
        yield archives


def test_a_day_with_outages_and_a_kill_ends_with_the_right_archive(
    mirror: LocalArchives, tmp_path: Path
) -> None:
    config = configuration(tmp_path, mirror.address)
    with rounds_of(config) as rounds:
        for hours in ROUNDS:
            trouble(mirror, hours)
            if hours == ROUNDS[1]:
                assert rounds.run(hours, die_at=700) == -1
            assert rounds.run(hours) >= 0
    check(tmp_path)
    with reading(tmp_path / "archive") as index:
        current = {str(product.name): product for product in index.products()}
        used = index.inputs(current[name(0, 6, 1)].name)
    assert [each.instrument for each in used if each.role == "reference"] == [
        "AIA 304", "AIA 193", "AIA 171", "HMI LOS"
    ]  # fmt: skip
    silent = (tmp_path / "archive" / current[name(1, 12, 1)].name.path).read_bytes()
    cards = primary_cards(silent)
    assert "UNSEEN1" in cards
    assert str(cards["UNSINC1"]) < "2011-02-15"
    lonely = (tmp_path / "archive" / current[name(0, 18, 1)].name.path).read_bytes()
    assert b"no image for EUVI 171 as observation" in lonely


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_days_with_kills_in_every_round_end_with_the_right_archive(
    mirror: LocalArchives, tmp_path: Path, seed: int
) -> None:
    choice = random.Random(seed)  # noqa: S311
    config = configuration(tmp_path, mirror.address)
    paths = sorted(path for path in mirror.files if not path.endswith(".txt"))
    with rounds_of(config) as rounds:
        for hours in ROUNDS:
            trouble(mirror, hours)
            for path in choice.sample(paths, 3):
                mirror.troubles[path].append(
                    choice.choice([Trouble(cut_after=3000), Trouble(status=500), Trouble(claim=9)])
                )
            for _ in range(3):
                rounds.run(hours, die_at=choice.randrange(1, 4000))
            assert rounds.run(hours) >= 0
    check(tmp_path)


def test_a_clock_that_jumps_loses_nothing(mirror: LocalArchives, tmp_path: Path) -> None:
    config = configuration(tmp_path, mirror.address)
    put_new(mirror, 24)
    assert run_round(config, -24.0 * 365) == 0
    ahead = timedelta(days=20) / timedelta(hours=1)
    run_round(config, ahead)
    before = {str(each.name) for each in products(tmp_path / "archive")}
    assert {name(0, 0, 1), name(0, 6, 1), name(1, 0, 1)} <= before
    assert name(1, 12, 1) not in before
    for _ in range(2):
        run_round(config, 22)
    assert {name(1, 12, 1), *before} == {str(e.name) for e in products(tmp_path / "archive")}
