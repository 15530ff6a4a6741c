"""``farside watch`` and ``farside backfill`` as cron and systemd run them."""

from __future__ import annotations

import io
import logging
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner, Result

from deploy.local_triton.processes import PATIENCE_S, following
from farside import __version__
from farside.archive.index import reading
from farside.archive.store import open_archive
from farside.cli.app import app
from farside.cli.watch import EX_CONFIG, EX_TEMPFAIL, OneLineFormatter
from farside.magnetogram.magnetogram import Magnetogram
from farside.simulation import SimulatedSet
from tests.archive.drop import Inbox, of_the_day
from tests.support.live import Server, free_port, serving

ROOT = Path(__file__).resolve().parents[2]
DISK = "pix2pixcc_demo_v3_stereo_a_20260214T000000_i1"
SHIPPED = ("--model", "pix2pixcc-demo")
DAY = datetime(2026, 2, 14, tzinfo=UTC)
MAP = "pix2pixcc_demo_v3_synchronic_20260214T000000_i1"


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
    assert Magnetogram.read(inbox.archive / f"2026/02/14/{DISK}.fits").generator.version == "3"
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
    assert result.exit_code == EX_TEMPFAIL
    assert result.stderr.count("ConnectionFailedError: no service answers") == 1


def test_a_repository_without_models_is_no_matter_of_time(inbox: Inbox, tmp_path: Path) -> None:
    options = ("--once", "--repository", tmp_path / "nothing")
    result = run("watch", inbox.folder, "--out", inbox.archive, *options)
    assert result.exit_code == EX_CONFIG
    assert "UnknownModelError" in result.stderr


def test_a_log_says_what_begins_and_ends_and_no_file_name_forges_a_line(
    inbox: Inbox, tmp_path: Path
) -> None:
    forged = "x\n2026-02-14T00:00:00Z INFO made \x1b[31mred.fts"
    for path in inbox.folder.iterdir():
        path.unlink()
    inbox.put(tmp_path, forged, b"hello")
    result = run("watch", inbox.folder, "--out", inbox.archive, "--once", "--settle", 0, *SHIPPED)
    assert result.exit_code == 0, result.output
    first, unusable, last = result.stderr.splitlines()
    assert f"INFO start of watch of {inbox.folder} into {inbox.archive}: model pix" in first
    assert f"Farside {__version__}" in first
    assert r"x\n2026-02-14T00:00:00Z INFO made \x1b[31mred.fts" in unusable
    assert last.endswith("INFO end of watch")


def test_a_traceback_is_indented_and_printable() -> None:
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    handler.setFormatter(OneLineFormatter())
    try:
        raise ValueError("two\nlines \x1b[31m")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
        handler.handle(logging.LogRecord("x", logging.ERROR, "", 0, "failed %s", ("a\nb",), info))
    first, *traceback = log.getvalue().splitlines()
    assert first.endswith(r"Z ERROR failed a\nb")
    assert all(line.startswith("    ") and line.isprintable() for line in traceback)


def test_a_disk_that_takes_nothing_is_a_matter_of_time(inbox: Inbox, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    result = run("watch", inbox.folder, "--out", tmp_path / "file" / "archive", "--once", *SHIPPED)
    assert result.exit_code == EX_TEMPFAIL
    (line,) = result.stderr.splitlines()
    assert "try again later: ArchiveAwayError: the archive" in line
    assert "cannot be written to: Not a directory" in line


def test_metrics_are_those_of_the_rules_and_prometheus_reads_them(
    inbox: Inbox, tmp_path: Path
) -> None:
    file = tmp_path / "watch.prom"
    options = ("--once", "--settle", 0, "--metrics", file, *SHIPPED)
    assert run("watch", inbox.folder, "--out", inbox.archive, *options).exit_code == 0
    found = {
        family.name: family.samples[0].value
        for family in text_string_to_metric_families(file.read_text())
    }
    assert found["farside_watch_products"] == 2
    assert found["farside_watch_away"] == 0
    assert abs(found["farside_watch_round_timestamp_seconds"] - time.time()) < 600
    assert found["farside_watch_last_map_timestamp_seconds"] == DAY.timestamp()
    rules = (ROOT / "monitoring/rules/alerts.yml").read_text()
    used = set(re.findall(r"farside_watch_\w+", rules))
    assert used
    assert used <= {name.removesuffix("_total") for name in found} | {
        f"{name}_total" for name in found
    }


def test_backfill_runs_beside_a_watch(inbox: Inbox) -> None:
    once = ("--once", "--settle", 0, *SHIPPED)
    assert run("watch", inbox.folder, "--out", inbox.archive, *once).exit_code == 0
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%d")
    period = ("--from", "2026-02-14", "--to", "2026-02-15", "--made-before", tomorrow)
    with open_archive(inbox.archive):
        result = run("backfill", inbox.archive, *period, *SHIPPED)
    assert (result.exit_code, "2 products made" in result.stderr) == (0, True)


def test_a_second_watch_leaves_the_archive_alone(inbox: Inbox) -> None:
    with open_archive(inbox.archive):
        result = run("watch", inbox.folder, "--out", inbox.archive, "--once")
    assert result.exit_code == EX_TEMPFAIL
    assert "ArchiveBusyError: another process is writing" in result.stderr


def test_a_cadence_that_does_not_divide_a_day_is_refused(inbox: Inbox) -> None:
    result = run("watch", inbox.folder, "--out", inbox.archive, "--cadence", 7)
    assert result.exit_code == 2
    assert "1440" in result.stderr


def test_an_archive_is_not_where_files_arrive(inbox: Inbox) -> None:
    result = run("watch", inbox.folder, "--out", inbox.folder / "." / "")
    assert result.exit_code == 2
    assert "not a drop folder" in " ".join(result.stderr.replace("│", " ").split())


def test_sigterm_ends_a_watch_with_exit_code_0(inbox: Inbox) -> None:
    process = started(inbox, "--every", 60, *SHIPPED)
    wait_for(inbox, MAP)
    process.terminate()
    _, log = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, log
    assert inbox.names() == [DISK, MAP]


def test_the_service_makes_the_same_products(inbox: Inbox, server: Server) -> None:
    first = min(inbox.folder.iterdir())
    first.rename(first.with_name(os.fsdecode(b"no \xff UTF-8.fts")))
    options = ("--once", "--settle", 0, "--server", server.url)
    result = run("watch", inbox.folder, "--out", inbox.archive, *options)
    assert result.exit_code == 0, result.output
    names = ["tiny_v1_stereo_a_20260214T000000_i1", "tiny_v1_synchronic_20260214T000000_i1"]
    assert inbox.names() == names
    with reading(inbox.archive) as index:
        observed = index.inputs(inbox.products()[0].name)
    arrived = {path.name.encode("ascii", "ignore").decode() for path in inbox.folder.iterdir()}
    assert {each.filename for each in observed} <= arrived


@pytest.mark.soak
def test_a_watch_waits_for_the_service_and_goes_on_when_it_comes_back(
    inbox: Inbox, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setattr("tests.support.live.free_port", lambda: port)
    process = started(inbox, "--every", 0.5, "--server", f"http://127.0.0.1:{port}")
    try:
        assert process.stderr
        while "unreachable, next try" not in (line := process.stderr.readline()):
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
