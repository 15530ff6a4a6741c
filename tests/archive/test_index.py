from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farside.archive.entry import ArchivedProduct, ProductInput
from farside.archive.index import FILE_NAME, Arrival, reading, writing
from farside.archive.naming import Name
from farside.errors import ArchiveError
from farside.quality import Quality

SLOT = datetime(2026, 2, 14, tzinfo=UTC)


def product(
    issue: int = 1, series: str = "tiny_v1_stereo_a", slot: datetime = SLOT
) -> ArchivedProduct:
    name = Name(series, slot, issue)
    return ArchivedProduct(
        name, "magnetogram", "STEREO_A", "tiny", "1", "ab", SLOT, SLOT, Quality.BEACON, str(name)
    )


@settings(max_examples=12)  # each waits for the disk
@given(st.permutations([1, 2, 3, 4]))
def test_the_latest_issue_is_the_current_one_in_whatever_order_they_come(order: list[int]) -> None:
    with TemporaryDirectory() as folder, writing(Path(folder)) as index:
        for issue in order:
            index.add(product(issue), ())
        found = index.products(superseded=True)
        last = Name("tiny_v1_stereo_a", SLOT, 4)
        assert [each.superseded_by for each in found] == [last, last, last, None]
        assert index.products() == [product(4)]


def test_an_issue_that_is_lost_leaves_the_one_before(tmp_path: Path) -> None:
    with writing(tmp_path) as index:
        index.add(product(1), ())
        index.add(product(2), ())
        index.drop(product(2).name)
        assert index.products(superseded=True) == [product(1)]


def test_a_product_comes_back_as_it_was_put_with_what_it_was_made_from(tmp_path: Path) -> None:
    given_ = ProductInput("observation", "EUVI-A 304", SLOT, Quality.BEACON, "a b.fts", "cd")
    with writing(tmp_path) as index:
        index.add(product(), [given_])
        assert index.current("tiny_v1_stereo_a", SLOT) == product()
        assert index.inputs(product().name) == (given_,)


def test_a_product_that_cannot_be_entered_whole_is_not_entered(tmp_path: Path) -> None:
    broken = replace(ProductInput("base", "", SLOT, Quality.GOOD, "", ""), role=None)  # type: ignore[arg-type]
    with writing(tmp_path) as index:
        with pytest.raises(ArchiveError, match="NOT NULL"):
            index.add(product(), [broken])
        assert index.products(superseded=True) == []


def test_a_file_replaces_what_was_at_its_path(tmp_path: Path) -> None:
    arrival = Arrival("/in/a.fts", "1 2 3", "ab", "EUVI-A", "304", SLOT, 120.0, Quality.BEACON)
    changed = replace(arrival, fingerprint="4 5 6", error="NotFitsError: truncated")
    with writing(tmp_path) as index:
        index.note_arrivals([arrival])
        assert index.arrivals() == {"/in/a.fts": arrival}
        index.note_arrivals([changed])
        assert index.arrivals() == {"/in/a.fts": changed}


def test_others_read_while_one_writes(tmp_path: Path) -> None:
    with writing(tmp_path) as index, reading(tmp_path) as other:
        index.add(product(), ())
        assert other.products() == [product()]


def test_the_last_before_a_slot_is_of_its_series_and_current(tmp_path: Path) -> None:
    earlier = datetime(2026, 2, 13, tzinfo=UTC)
    with writing(tmp_path) as index:
        for each in (product(1, slot=earlier), product(2, slot=earlier), product(1)):
            index.add(each, ())
        found = index.last_before("tiny_v1_stereo_a", SLOT)
        assert found is not None
        assert found.name == Name("tiny_v1_stereo_a", earlier, 2)
        assert index.last_before("other", SLOT) is None


def test_an_index_of_another_version_is_refused(tmp_path: Path) -> None:
    with writing(tmp_path):
        pass
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(ArchiveError, match="has version 7, 1 is expected"):
        reading(tmp_path).__enter__()


def test_a_damaged_index_says_how_to_make_it_again(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database" * 1000)
    with pytest.raises(ArchiveError, match="makes it again from the products"):
        writing(tmp_path).__enter__()


def test_a_folder_without_an_index_is_no_archive(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=f"{FILE_NAME} is expected"):
        reading(tmp_path).__enter__()
