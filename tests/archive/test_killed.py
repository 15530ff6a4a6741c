"""Kill -9 at any step of the filing, and go on: nothing is lost, nothing is there twice."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from farside.archive.entry import describe
from farside.archive.index import FILE_NAME
from farside.simulation import SimulatedSet
from tests.archive.drop import Inbox, of_the_day
from tests.archive.killed import WATCHED
from tests.support.killed import UNCOUNTED, Forks, forks

SEED = 6
KILLS = int(os.environ.get("SOAK_KILLS", "100"))


def looking(inbox: Inbox) -> AbstractContextManager[Forks]:
    work = "tests.archive.killed:look_once"
    return forks(work, inbox.folder, inbox.archive, watched=WATCHED)


@pytest.fixture
def better_files(inbox: Inbox, simulated: SimulatedSet) -> Inbox:
    """An archive with first issues, and files that call for second ones."""
    inbox.put_all(simulated)
    inbox.put(simulated.references[-1], "hmi_today.fits", of_the_day(simulated))
    inbox.look()
    for path in simulated.observations:
        inbox.put_science(path)
    return inbox


def check(inbox: Inbox) -> None:
    """Two issues of the magnetogram and of the map, each whole, indexed, and made of the best."""
    products = inbox.products(superseded=True)
    disk, chart = (f"tiny_v1_{kind}_20260214T000000" for kind in ("stereo_a", "synchronic"))
    names = [f"{disk}_i1", f"{disk}_i2", f"{chart}_i1", f"{chart}_i2"]
    assert [str(product.name) for product in products] == names
    assert inbox.files() == {f"{name}.fits" for name in names}
    for product in products:
        content = (inbox.archive / product.name.path).read_bytes()
        described, _ = describe(product.name, content)
        assert (described.sha256, described.quality) == (product.sha256, product.quality)
        assert (product.superseded_by is None) == (product.name.issue == 2)
    connection = sqlite3.connect(inbox.archive / FILE_NAME)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    # 7 files of the magnetograms; of the maps, a disk of HMI and the magnetogram.
    assert connection.execute("SELECT count(*) FROM input").fetchone() == (2 * 7 + 2 * 2,)
    connection.close()


def kill_at(inbox: Inbox, looks: Forks, start: Path, steps: list[int]) -> None:
    for step in steps:
        shutil.rmtree(inbox.archive)
        shutil.copytree(start, inbox.archive)
        assert looks.run(die_at=step) == -1
        assert looks.run() == 0
        check(inbox)


def test_a_kill_at_any_step_loses_and_doubles_nothing(better_files: Inbox) -> None:
    better_files.read()
    start = better_files.archive.with_name("start")
    shutil.copytree(better_files.archive, start)
    with looking(better_files) as looks:
        steps = looks.run(die_at=UNCOUNTED)
        check(better_files)
        kill_at(better_files, looks, start, random.Random(SEED).sample(range(1, steps), 4))  # noqa: S311


@pytest.mark.soak
def test_a_kill_at_every_step_loses_and_doubles_nothing(better_files: Inbox) -> None:
    start = better_files.archive.with_name("start")
    shutil.copytree(better_files.archive, start)
    with looking(better_files) as looks:
        steps = looks.run(die_at=UNCOUNTED)
        kill_at(better_files, looks, start, list(range(1, steps, 3)))


@pytest.mark.soak
def test_a_watch_that_is_killed_at_random_moments_loses_and_doubles_nothing(
    inbox: Inbox, repository: Path, simulated: SimulatedSet
) -> None:
    inbox.put_all(simulated)
    inbox.put(simulated.references[-1], "hmi_today.fits", of_the_day(simulated))
    given = [str(inbox.folder), "--out", inbox.archive, "--repository", repository, "--settle", "0"]
    moments = random.Random(SEED)  # noqa: S311
    killed = 0
    with forks("tests.archive.killed:watch", *given) as watches:
        begin = time.monotonic()
        watches.run("--once")
        longest_s = time.monotonic() - begin
        names = inbox.names()
        assert len(names) == 2
        while killed < KILLS:
            shutil.rmtree(inbox.archive)
            for _ in range(3):  # each goes on with what the last one left
                killed += watches.run(die_after_s=moments.uniform(0, longest_s)) == -1
            assert watches.run("--once") == 0
            assert inbox.names(superseded=True) == names
            assert inbox.files() == {f"{name}.fits" for name in names}
            for product in inbox.products():
                content = (inbox.archive / product.name.path).read_bytes()
                assert describe(product.name, content)[0].sha256 == product.sha256
