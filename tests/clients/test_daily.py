"""``clients/daily.sh`` against the running service, as cron runs it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from farside.quality import Quality
from farside.simulation import SimulatedSet
from farside.synchronic import fits as synchronic_fits
from farside.synchronic.map import SynchronicMap
from tests.archive.drop import of_the_day
from tests.clients.programs import run
from tests.support.live import ROOT, Server


@pytest.fixture(scope="module")
def fetched(simulated: SimulatedSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a site's fetching leaves it: the set of a far side, and HMI of that day."""
    folder = tmp_path_factory.mktemp("fetched")
    for name, paths in (
        ("observation", simulated.observations),
        ("reference", simulated.references),
    ):
        (folder / name).mkdir()
        for path in paths:
            shutil.copy(path, folder / name)
    (folder / "observed").mkdir()
    (folder / "observed" / "hmi_today.fits").write_bytes(of_the_day(simulated))
    return folder


def daily(
    server: Server, inputs: Path, maps: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    return run("clients/daily.sh", inputs, maps, URL=server.url, **environment)


def only_map(folder: Path) -> SynchronicMap:
    (path,) = folder.glob("*.fits")
    return synchronic_fits.read(path)


def kinds(made: SynchronicMap) -> list[str]:
    return [source.kind for source in made.sources if source.instrument != "NONE"]


def test_a_day_makes_a_map_and_the_next_begins_with_it(
    server: Server, fetched: Path, tmp_path: Path
) -> None:
    done = daily(server, fetched, tmp_path / "first")
    assert done.returncode == 0, done.stderr
    first = only_map(tmp_path / "first")
    assert kinds(first) == ["observed", "generated"]
    (path,) = (tmp_path / "first").glob("*.fits")
    done = daily(server, fetched, tmp_path / "next", BASE=str(path))
    assert done.returncode == 0, done.stderr
    assert kinds(only_map(tmp_path / "next")) == ["observed", "generated", "base"]


def test_a_day_without_a_far_side_still_has_a_map_that_says_so(
    server: Server, fetched: Path, tmp_path: Path
) -> None:
    inputs, maps = tmp_path / "inputs", tmp_path / "maps"
    shutil.copytree(fetched / "observed", inputs / "observed")
    done = daily(server, inputs, maps)
    assert done.returncode == 0, done.stderr
    assert "the map is made without" in done.stderr
    assert Quality.NO_STEREO in only_map(maps).quality


def test_the_example_for_cron_names_programs_and_options_that_are_there() -> None:
    lines = (ROOT / "clients" / "crontab.example").read_text().splitlines()
    commands = [line for line in lines if line[:1] in "0123456789*" and line]
    assert len(commands) == 3
    for line in commands:
        program = next(word for word in line.split() if word.startswith("clients/"))
        assert (ROOT / program).exists()
    help_ = run("python", "clients/drop.py", "--help").stdout
    options = {word for line in commands for word in line.split() if word.startswith("--")}
    assert options == {option for option in options if option in help_}
