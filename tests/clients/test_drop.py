"""``clients/drop.py``, run as cron runs it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import astropy.units as u
import pytest

from clients.drop import main
from farside.archive.drop import NOTES, Note, _add_note, remove_older
from farside.solarwind import euhforia
from farside.sun.carrington_grid import CarringtonGrid
from farside.synchronic import fits as synchronic_fits
from tests.clients.programs import run
from tests.support.synchronic_maps import NOW, synchronic_map

GONG = "mrzqs181106t0004c2210_166.fits.gz"

Drop = Callable[..., list[str]]


@pytest.fixture
def dropped_by(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Drop:
    """The program in this process, which is quicker; it gives the names that it prints."""

    def called(*arguments: object) -> list[str]:
        monkeypatch.setattr("sys.argv", ["drop.py", *map(str, arguments)])
        assert main() == 0, capsys.readouterr().err
        return [Path(line).name for line in capsys.readouterr().out.splitlines()]

    return called


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    """Two maps, of which the one that comes first by name is the newer, and what is no map."""
    folder = tmp_path / "maps"
    synchronic_fits.write(synchronic_map(), folder / "a.fits")
    synchronic_fits.write(synchronic_map(time=NOW - 1 * u.day), folder / "b.fits")
    (folder / "a.png").write_bytes(b"a picture")
    return folder


def test_the_newest_map_is_dropped_once_even_if_the_model_takes_it_away(
    dropped_by: Drop, maps: Path, tmp_path: Path
) -> None:
    into = tmp_path / "new" / "drop"
    assert dropped_by(maps, "--into", into) == [GONG]
    assert [path.name for path in into.glob("[!.]*")] == [GONG]
    (into / GONG).unlink()
    assert dropped_by(maps, "--into", into) == []
    assert list(into.glob("[!.]*")) == []


def test_a_map_made_again_is_dropped_again(dropped_by: Drop, maps: Path, tmp_path: Path) -> None:
    into = tmp_path / "drop"
    dropped_by(maps, "--into", into)
    before = (into / GONG).read_bytes()
    synchronic_fits.write(
        synchronic_map(field_gauss=synchronic_map().field_gauss * 2), maps / "a.fits"
    )
    assert dropped_by(maps, "--into", into) == [GONG]
    assert (into / GONG).read_bytes() != before


def test_a_map_may_be_named_and_have_several_formats(
    dropped_by: Drop, maps: Path, tmp_path: Path
) -> None:
    found = dropped_by(
        maps / "b.fits", "--into", tmp_path / "drop", "--format", "gong", "adapt", "wsa",
        "--flux-scale", 0.65,
    )  # fmt: skip
    assert [name[:5] for name in found] == ["mrzqs", "adapt", "farsi"]


def test_the_wind_at_the_boundary_is_dropped_too(dropped_by: Drop, tmp_path: Path) -> None:
    chart = synchronic_fits.write(synchronic_map(CarringtonGrid(120, 60)), tmp_path / "map.fits")
    (name,) = dropped_by(chart, "--into", tmp_path / "drop", "--format", "boundary")
    found = euhforia.read(tmp_path / "drop" / name)
    assert found.time.isot[:19] == NOW.isot[:19]


def test_only_its_own_old_files_are_removed(dropped_by: Drop, maps: Path, tmp_path: Path) -> None:
    into = tmp_path / "drop"
    (name,) = dropped_by(maps / "b.fits", "--into", into)
    theirs = into / "mrzqs100101t0004c2092_100.fits.gz"
    theirs.write_bytes(b"a real map of GONG")
    notes = into / ".farside-dropped"
    long_ago = datetime.now(UTC) - timedelta(days=31)
    notes.write_text(re.sub(r"^\S+", long_ago.isoformat(), notes.read_text()))
    assert dropped_by(maps / "a.fits", "--into", into, "--keep", 30) == [GONG]
    assert {path.name for path in into.glob("[!.]*")} == {GONG, theirs.name}
    assert name != GONG


def test_a_torn_note_stops_no_later_drop(tmp_path: Path) -> None:
    (tmp_path / NOTES).write_text("2026-11-0")  # as a power cut leaves it
    note = Note(datetime.now(UTC) - timedelta(days=2), "ab" * 32, "gong", "map.fits.gz")
    _add_note(tmp_path, note)
    (tmp_path / note.name).touch()
    remove_older(tmp_path, timedelta(days=1))
    assert not (tmp_path / note.name).exists()


def test_a_folder_without_a_map_is_one_sentence(tmp_path: Path) -> None:
    done = run(sys.executable, "clients/drop.py", tmp_path, "--into", tmp_path / "drop")
    assert done.returncode == 1
    assert done.stderr.startswith("IncompleteSetError: ")
    assert done.stderr.count("\n") == 1


def test_a_damaged_map_drops_nothing(
    maps: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = bytearray((maps / "a.fits").read_bytes())
    data[-20_000] ^= 1
    (maps / "a.fits").write_bytes(data)
    monkeypatch.setattr("sys.argv", ["drop.py", str(maps), "--into", str(tmp_path / "drop")])
    assert main() == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("DamagedImageError: ")
    assert list((tmp_path / "drop").iterdir()) == []
