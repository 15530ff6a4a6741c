"""``farside watch`` and ``farside backfill`` as cron and systemd run them."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from farside.archive.filing import opened
from farside.archive.index import reading
from farside.cli.app import app
from farside.cli.watch import TRY_AGAIN
from farside.magnetogram import Magnetogram
from farside.simulation import SimulatedSet
from tests.archive.drop import Inbox, of_the_day
from tests.live import Server, free_port, serving
from tests.processes import PATIENCE_S, following

ROOT = Path(__file__).resolve().parents[2]
DISK = "pix2pixcc_demo_v2_stereo_a_20260214T000000_i1"
SHIPPED = ("--model", "pix2pixcc-demo")
MAP = "pix2pixcc_demo_v2_synchronic_20260214T000000_i1"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def inbox(simulated: SimulatedSet, tmp_path: Path) -> Inbox:
    """A drop folder with all that a magnetogram and a map need."""
    inbox = Inbox(tmp_path / "in", tmp_path / "archive")
    inbox.put_all(simulated)
    inbox.put(simulated.references[-1], "hmi_today.fits", of_the_day(simulated))
    return inbox


def started(inbox: Inbox, *options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "farside.cli", "watch"]
    given = (inbox.folder, "--out", inbox.archive, "--settle", 0, *options)
    return subprocess.Popen(  # noqa: S603  # our own command
        following([*command, *map(str, given)]),
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "FARSIDE_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(inbox: Inbox, name: str, seconds: float = PATIENCE_S) -> None:
    end = time.monotonic() + seconds
    while f"{name}.fits" not in inbox.files():
        assert time.monotonic() < end, f"no {name} after {seconds} s: {inbox.files()}"
        time.sleep(0.1)


def test_once_makes_the_products_of_the_shipped_model_and_backfill_finds_nothing_left(
    inbox: Inbox,
) -> None:
    once = ("--once", "--settle", 0, *SHIPPED)
    result = run("watch", inbox.folder, "--out", inbox.archive, *once)
    assert result.exit_code == 0, result.output
    assert inbox.names() == [DISK, MAP]
    assert result.stderr.count(" INFO made ") == 2
    assert Magnetogram.read(inbox.archive / f"2026/02/14/{DISK}.fits").generator.version == "2"
    period = ("--from", "2026-02-14", "--to", "2026-02-15", *SHIPPED)
    nothing = run("backfill", inbox.archive, *period)
    assert (nothing.exit_code, "0 products made" in nothing.stderr) == (0, True)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%d")
    again = run("backfill", inbox.archive, *period, "--made-before", tomorrow)
    assert (again.exit_code, "2 products made" in again.stderr) == (0, True)


def test_a_service_that_is_away_is_a_matter_of_time(inbox: Inbox) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        options = ("--once", "--settle", 0, "--server", url)
        result = run("watch", inbox.folder, "--out", inbox.archive, *options)
    assert result.exit_code == TRY_AGAIN
    assert result.stderr.count("ConnectionFailedError: no service answers") == 1


def test_a_second_watch_leaves_the_archive_alone(inbox: Inbox) -> None:
    with opened(inbox.archive):
        result = run("watch", inbox.folder, "--out", inbox.archive, "--once")
    assert result.exit_code == TRY_AGAIN
    assert "ArchiveBusyError: another process is writing" in result.stderr


def test_a_cadence_that_does_not_divide_a_day_is_refused(inbox: Inbox) -> None:
    result = run("watch", inbox.folder, "--out", inbox.archive, "--cadence", 7)
    assert result.exit_code == 2
    assert "1440" in result.stderr


def test_an_archive_is_not_where_files_arrive(inbox: Inbox) -> None:
    result = run("watch", inbox.folder, "--out", inbox.folder / "." / "")
    assert result.exit_code == 2
    assert "another folder" in result.stderr


def test_sigterm_ends_a_watch_with_exit_code_0(inbox: Inbox) -> None:
    process = started(inbox, "--every", 60, *SHIPPED)
    wait_for(inbox, MAP)
    process.terminate()
    _, log = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, log
    assert inbox.names() == [DISK, MAP]


def test_the_service_makes_the_same_products(inbox: Inbox, server: Server) -> None:
    options = ("--once", "--settle", 0, "--server", server.url)
    result = run("watch", inbox.folder, "--out", inbox.archive, *options)
    assert result.exit_code == 0, result.output
    names = ["tiny_v1_stereo_a_20260214T000000_i1", "tiny_v1_synchronic_20260214T000000_i1"]
    assert inbox.names() == names
    with reading(inbox.archive) as index:
        observed = index.ingredients(inbox.products()[0].name)
    assert {each.filename for each in observed} <= {path.name for path in inbox.folder.iterdir()}


@pytest.mark.soak
def test_a_watch_waits_for_the_service_and_goes_on_when_it_comes_back(
    inbox: Inbox, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setattr("tests.live.free_port", lambda: port)
    process = started(inbox, "--every", 0.5, "--server", f"http://127.0.0.1:{port}")
    try:
        assert process.stderr
        while "away, next try" not in (line := process.stderr.readline()):
            assert line, "the watch ended"
        with serving(tmp_path / "service", model_repository=repository, threads=1):
            wait_for(inbox, "tiny_v1_synchronic_20260214T000000_i1")
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert len(inbox.names(superseded=True)) == 2


@pytest.mark.soak
def test_a_watch_killed_at_random_times_loses_and_doubles_nothing(inbox: Inbox) -> None:
    rng = random.Random(6)  # noqa: S311
    killed = 0
    for _ in range(30):
        process = started(inbox, "--once", *SHIPPED)
        try:
            process.wait(rng.uniform(2, 12))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.communicate()
        if killed % 5 == 0 and rng.random() < 0.5:
            for path in inbox.archive.glob("*/*/*/*.fits"):
                path.unlink()  # so that there is work again
    assert killed
    once = ("--once", "--settle", 0, *SHIPPED)
    assert run("watch", inbox.folder, "--out", inbox.archive, *once).exit_code == 0
    assert inbox.names(superseded=True) == [DISK, MAP]
    assert inbox.files() == {f"{DISK}.fits", f"{MAP}.fits"}
