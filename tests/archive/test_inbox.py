from __future__ import annotations

import gzip
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from farside.archive.inbox import known_arrivals, path_of, scan
from farside.archive.index import Arrival, Index, writing
from farside.observation.image import Origin, read_origin
from farside.simulation import SimulatedSet
from tests.archive.drop import Inbox
from tests.support.logs import own_records


@pytest.fixture
def index(inbox: Inbox) -> Iterator[Index]:
    inbox.archive.mkdir()
    with writing(inbox.archive) as opened:
        yield opened


def look(inbox: Inbox, index: Index, settle_s: float = 0.0) -> list[Arrival]:
    return scan([inbox.folder], index, settle_s, inbox.archive, Event())


def errors(index: Index) -> list[str]:
    return [each.error for each in index.arrivals().values() if each.error]


def test_a_file_is_known_by_its_header_whatever_its_name(
    inbox: Inbox, index: Index, simulated: SimulatedSet
) -> None:
    path = simulated.observations[0]
    inbox.put(path, "2026/a name.dat", gzip.compress(path.read_bytes()))
    (found,) = look(inbox, index)
    assert str(found) == "EUVI-A 304 2026-02-14T00:00:17"
    assert path_of(found) == inbox.folder / "2026/a name.dat"


def test_a_file_is_left_alone_until_it_rests(
    inbox: Inbox, index: Index, simulated: SimulatedSet
) -> None:
    inbox.put(simulated.observations[0])
    assert look(inbox, index, settle_s=3600) == []
    assert index.arrivals() == {}
    assert len(look(inbox, index)) == 1


def test_a_file_that_stopped_halfway_is_noted_once_and_read_when_it_goes_on(
    inbox: Inbox, index: Index, simulated: SimulatedSet, caplog: pytest.LogCaptureFixture
) -> None:
    whole = simulated.observations[0].read_bytes()
    path = inbox.put(simulated.observations[0], "half.fts", whole[: len(whole) // 2])
    for _ in range(3):
        assert look(inbox, index) == []
    assert len(errors(index)) == 1
    assert "truncated" in errors(index)[0]
    assert len(own_records(caplog)) == 1
    with path.open("ab") as file:
        file.write(whole[len(whole) // 2 :])
    assert len(look(inbox, index)) == 1
    assert errors(index) == []


def test_a_file_that_changes_while_it_is_read_is_left_for_later(
    inbox: Inbox, index: Index, simulated: SimulatedSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = inbox.put(simulated.observations[0])

    def read_while_it_is_written(source: str) -> Origin:
        os.utime(path)
        return read_origin(source)

    monkeypatch.setattr("farside.archive.inbox.read_origin", read_while_it_is_written)
    assert look(inbox, index) == []
    assert index.arrivals() == {}


def test_junk_is_noted_and_nothing_in_the_folder_is_touched(inbox: Inbox, index: Index) -> None:
    inbox.put(inbox.folder, "README", b"hello")
    inbox.put(inbox.folder, "empty.fits", b"")
    before = {path: path.stat().st_mtime_ns for path in inbox.folder.rglob("*")}
    assert look(inbox, index) == []
    assert len(errors(index)) == 2
    assert {path: path.stat().st_mtime_ns for path in inbox.folder.rglob("*")} == before


def test_what_still_arrives_by_its_name_and_the_archive_itself_are_passed_over(
    inbox: Inbox, index: Index
) -> None:
    for name in (".hidden.fits", "a.fits.part", ".folder/a.fits"):
        inbox.put(inbox.folder, name, b"hello")
    (inbox.archive / "a.fits").write_bytes(b"hello")
    assert scan([inbox.archive.parent], index, 0.0, inbox.archive, Event()) == []
    assert index.arrivals() == {}


@pytest.mark.parametrize("error", [ValueError("year 0"), RecursionError(), MemoryError()])
def test_a_file_that_makes_the_reader_fail_is_noted_with_a_traceback_and_others_are_read(
    inbox: Inbox,
    index: Index,
    simulated: SimulatedSet,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    inbox.put(simulated.observations[0], "a.fts")
    inbox.put(simulated.observations[1], "b.fts")

    def failing(source: str) -> Origin:
        if source.endswith("a.fts"):
            raise error
        return read_origin(source)

    monkeypatch.setattr("farside.archive.inbox.read_origin", failing)
    assert [path_of(each).name for each in look(inbox, index)] == ["b.fts"]
    assert errors(index) == [f"{type(error).__name__}: {error}"]
    assert [bool(record.exc_info) for record in own_records(caplog) if record.levelname == "ERROR"]
    caplog.clear()
    assert len(look(inbox, index)) == 1
    assert own_records(caplog) == []


def test_a_name_that_is_no_utf8_is_read(
    inbox: Inbox, index: Index, simulated: SimulatedSet
) -> None:
    path = os.fsencode(inbox.folder) + b"/\xff\xfe.fts"
    Path(os.fsdecode(path)).write_bytes(simulated.observations[0].read_bytes())
    (found,) = look(inbox, index)
    assert os.fsencode(path_of(found)) == path
    assert look(inbox, index) == [found]


def test_what_is_no_file_is_passed_over_and_not_waited_for(inbox: Inbox, index: Index) -> None:
    os.mkfifo(inbox.folder / "pipe.fts")
    (inbox.folder / "zero.fts").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(inbox.folder / "socket.fts"))
        assert look(inbox, index) == []
    assert errors(index) == []


def test_links_are_followed_within_the_folders_only(
    inbox: Inbox, index: Index, simulated: SimulatedSet, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.fts"
    secret.write_bytes(simulated.observations[0].read_bytes())
    (inbox.folder / "out.fts").symlink_to(secret)
    (inbox.folder / "away").symlink_to(tmp_path)
    (inbox.folder / "nothing.fts").symlink_to(tmp_path / "nothing")
    (inbox.folder / "loop.fts").symlink_to("loop.fts")
    assert look(inbox, index) == []
    assert errors(index) == ["a link that leads out of the folder is not followed"]
    inbox.put(simulated.observations[1], "real.dat")
    (inbox.folder / "in.fts").symlink_to("real.dat")
    assert len(look(inbox, index)) == 1


@pytest.fixture
def unlistable(monkeypatch: pytest.MonkeyPatch) -> str:
    """Name of folders that nobody may list: tests may run as root, who may list all."""
    listed = os.scandir

    def refusing(folder: str) -> object:
        if folder.endswith("/locked"):
            raise PermissionError(13, "Permission denied", folder)
        return listed(folder)

    monkeypatch.setattr("os.scandir", refusing)
    return "locked"


def test_a_subfolder_that_cannot_be_listed_is_noted_once_and_hides_no_other(
    inbox: Inbox,
    index: Index,
    simulated: SimulatedSet,
    unlistable: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    inbox.put(simulated.observations[0], "a/good.fts")
    inbox.put(simulated.observations[1], f"{unlistable}/hidden.fts")
    for _ in range(2):
        assert len(look(inbox, index)) == 1
    assert errors(index) == ["folder: Permission denied"]
    assert len(own_records(caplog)) == 1


def test_a_folder_that_is_away_does_not_hide_another(
    inbox: Inbox, index: Index, simulated: SimulatedSet, tmp_path: Path
) -> None:
    inbox.put(simulated.observations[0])
    folders = [tmp_path / "gone", inbox.folder]
    assert len(scan(folders, index, 0.0, inbox.archive, Event())) == 1


def test_two_copies_are_one_file(inbox: Inbox, index: Index, simulated: SimulatedSet) -> None:
    for name in ("a.fts", "b.fts"):
        inbox.put(simulated.observations[0], name)
    assert len(look(inbox, index)) == 1


def test_files_are_remembered_until_they_go_or_change(
    inbox: Inbox, index: Index, simulated: SimulatedSet
) -> None:
    paths = [inbox.put(path) for path in simulated.observations[:2]]
    found = look(inbox, index)
    assert known_arrivals(index) == found
    paths[0].unlink()
    assert known_arrivals(index) == [each for each in found if path_of(each) == paths[1]]


def test_a_folder_that_is_gone_is_an_error(inbox: Inbox, index: Index) -> None:
    inbox.folder.rmdir()
    with pytest.raises(FileNotFoundError):
        look(inbox, index)
