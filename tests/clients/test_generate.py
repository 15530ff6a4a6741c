"""The programs for users, run as users run them, against the running service."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from farside.magnetogram.magnetogram import Magnetogram
from farside.simulation.instruments.files import SimulatedSet
from tests.clients.programs import run
from tests.support.live import Server

Files = tuple[Path, ...]
Program = Callable[[str, Path, Files, Files], subprocess.CompletedProcess[str]]


def with_curl(
    url: str, out: Path, observations: Files, references: Files
) -> subprocess.CompletedProcess[str]:
    return run("clients/generate.sh", out, *observations, "--", *references, URL=url)


def with_python(
    url: str, out: Path, observations: Files, references: Files
) -> subprocess.CompletedProcess[str]:
    files: list[str | Path] = ["--observation", *observations, "--reference", *references]
    return run(sys.executable, "clients/generate.py", "--url", url, *files, "--out", out)


programs = pytest.mark.parametrize("program", [with_curl, with_python])


@programs
def test_a_program_writes_the_product(
    program: Program, server: Server, simulated: SimulatedSet, tmp_path: Path
) -> None:
    out = tmp_path / "far side.fits"
    done = program(server.url, out, simulated.observations, simulated.references)
    assert done.returncode == 0, done.stderr
    assert Magnetogram.read(out).spacecraft == "STEREO_A"
    assert list(tmp_path.iterdir()) == [out]


@programs
def test_a_program_that_is_refused_says_why_and_leaves_no_file(
    program: Program, server: Server, simulated: SimulatedSet, tmp_path: Path
) -> None:
    done = program(
        server.url, tmp_path / "far.fits", simulated.observations[1:], simulated.references
    )
    assert done.returncode == 1
    assert "IncompleteSetError" in done.stderr
    assert "EUVI 304" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    done = with_python("http://127.0.0.1:1", tmp_path / "far.fits", (Path("nope.fts"),), ())
    assert done.returncode == 1
    assert done.stderr.startswith("FileNotFoundError: ")
    assert "nope.fts" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_shell_script_wants_files(tmp_path: Path) -> None:
    done = run("clients/generate.sh", tmp_path / "far.fits")
    assert done.returncode != 0
    assert "usage: " in done.stderr


@programs
def test_a_program_without_a_service_says_so(
    program: Program, simulated: SimulatedSet, tmp_path: Path
) -> None:
    nowhere = "http://127.0.0.1:1"
    done = program(nowhere, tmp_path / "far.fits", simulated.observations, simulated.references)
    assert done.returncode == 1
    assert "127.0.0.1" in done.stderr
