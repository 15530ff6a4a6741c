"""Files and rows of the same products, and what is done where one is without the other."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from farside.archive.entry import ArchivedProduct
from farside.archive.index import FILE_NAME
from farside.archive.naming import Name
from farside.archive.store import Archive, NewProduct, open_archive
from farside.errors import ArchiveAwayError, ArchiveBusyError
from farside.quality import Quality
from tests.archive.drop import magnetogram

SLOT = datetime(2026, 2, 14, tzinfo=UTC)


def name(issue: int) -> Name:
    return Name("tiny_v1_stereo_a", SLOT, issue)


def put(archive: Archive, issue: int) -> Path:
    quality = Quality.BEACON if issue == 1 else Quality.GOOD
    made = NewProduct.of(name(issue), magnetogram(quality=quality, content=issue))
    archive.file(made)
    return archive.path(made.product)


def products(root: Path) -> list[ArchivedProduct]:
    with open_archive(root) as archive:
        return archive.index.products(superseded=True)


def test_what_is_filed_lies_in_its_place_and_stands_in_the_index(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        assert archive.next_name("tiny_v1_stereo_a", SLOT) == name(1)
        path = put(archive, 1)
        assert archive.next_name("tiny_v1_stereo_a", SLOT) == name(2)
        (product,) = archive.index.products()
    assert path == tmp_path / "2026/02/14/tiny_v1_stereo_a_20260214T000000_i1.fits"
    assert (product.name, product.quality, product.spacecraft) == (
        name(1), Quality.BEACON, "STEREO_A"
    )  # fmt: skip


def test_one_process_of_each_role_writes_at_a_time(tmp_path: Path) -> None:
    with open_archive(tmp_path), pytest.raises(ArchiveBusyError, match="another process"):
        open_archive(tmp_path).__enter__()
    with open_archive(tmp_path), open_archive(tmp_path, "backfill"):
        pass
    open_archive(tmp_path).__enter__()


def test_of_two_processes_that_made_the_same_issue_one_files_it(tmp_path: Path) -> None:
    with open_archive(tmp_path) as watch, open_archive(tmp_path, "backfill") as backfill:
        assert watch.file(NewProduct.of(name(1), magnetogram(content=1)))
        assert not backfill.file(NewProduct.of(name(1), magnetogram(content=2)))
        assert backfill.file(NewProduct.of(name(2), magnetogram(content=2)))
        assert [product.name.issue for product in watch.index.products()] == [2]


@pytest.mark.parametrize("folder", ["2026", "2026/02/14", ".filing.lock"])
def test_a_disk_that_takes_nothing_is_away_and_leaves_nothing(tmp_path: Path, folder: str) -> None:
    """What a file stands in the way of cannot be written, as on a full or read-only disk."""
    with open_archive(tmp_path) as archive:
        blocked = tmp_path / folder
        blocked.unlink(missing_ok=True)
        if folder.startswith("."):
            blocked.mkdir()
        else:
            blocked.parent.mkdir(parents=True, exist_ok=True)
            blocked.write_bytes(b"")
        with pytest.raises(ArchiveAwayError, match=f"the archive {tmp_path} cannot be written to"):
            put(archive, 1)
        assert archive.index.products() == []
    assert not list(tmp_path.rglob("*.partial"))


def test_an_index_that_is_full_is_away_and_whole_afterwards(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        pages = archive.index._rows("PRAGMA page_count")[0][0]
        archive.index._rows(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(ArchiveAwayError, match="full"):
            for number in range(1000):
                archive.index.refuse(str(number), "x" * 500)
        archive.index._rows("PRAGMA max_page_count = 100000")
        put(archive, 1)
        assert len(archive.index.products()) == 1


def test_a_product_that_no_reader_bears_does_not_close_the_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_archive(tmp_path) as archive:
        path = put(archive, 1)
    for index in tmp_path.glob(f"{FILE_NAME}*"):
        index.unlink()

    def fail(_name: Name, _content: bytes) -> None:
        raise RecursionError("notes in notes")

    monkeypatch.setattr("farside.archive.store.describe", fail)
    assert products(tmp_path) == []
    assert path.exists()


def test_an_index_that_is_lost_is_made_again_from_the_products(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        put(archive, 1)
        put(archive, 2)
    before = products(tmp_path)
    assert [product.superseded_by for product in before] == [name(2), None]
    for path in tmp_path.glob(f"{FILE_NAME}*"):
        path.unlink()
    assert products(tmp_path) == before


def test_a_file_without_a_row_is_adopted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with open_archive(tmp_path) as archive:
        put(archive, 1)
    (tmp_path / name(2).path).write_bytes(magnetogram(content=2.0))
    with caplog.at_level("INFO"):
        assert [product.name for product in products(tmp_path)] == [name(1), name(2)]
    assert f"adopted {name(2)}" in caplog.messages


def test_a_copy_under_the_next_name_is_removed(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        path = put(archive, 1)
    copy = tmp_path / name(2).path
    copy.write_bytes(path.read_bytes())
    assert [product.name for product in products(tmp_path)] == [name(1)]
    assert not copy.exists()


def test_what_was_not_finished_is_removed(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        path = put(archive, 1)
    leftover = path.with_name(".0123.partial")
    leftover.write_bytes(b"SIMPLE")
    products(tmp_path)
    assert not leftover.exists()
    assert path.exists()


def test_a_file_that_is_no_product_is_kept_but_not_entered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = tmp_path / name(1).path
    stranger.parent.mkdir(parents=True)
    stranger.write_bytes(b"hello")
    assert products(tmp_path) == []
    assert stranger.read_bytes() == b"hello"
    assert f"left out {name(1)}: NotFitsError" in caplog.text


def test_a_row_without_a_file_is_dropped(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        put(archive, 1)
        put(archive, 2).unlink()
    (product,) = products(tmp_path)
    assert (product.name, product.superseded_by) == (name(1), None)
