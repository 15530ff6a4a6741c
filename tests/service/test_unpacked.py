"""The gzip files of one request are bounded together."""

from __future__ import annotations

import gzip

import pytest

from farside.errors import FileTooLargeError, NotFitsError
from service import unpacked
from service.multipart import Upload
from service.unpacked import check_unpacked


def packed(name: str, size: int) -> Upload:
    upload = Upload(name)
    upload.write(gzip.compress(bytes(size)))
    upload.seek(0)
    return upload


@pytest.fixture(autouse=True)
def _small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacked, "MAX_BYTES", 1000)
    monkeypatch.setattr(unpacked, "MAX_UNPACKED_BYTES", 8000)


def test_files_that_together_unpack_to_too_much_are_refused() -> None:
    check_unpacked([packed(f"{one}.gz", 800) for one in range(10)])
    with pytest.raises(FileTooLargeError, match="11 gzip files unpack to more than 8000 bytes"):
        check_unpacked([packed(f"{one}.gz", 800) for one in range(11)])


def test_a_damaged_file_among_many_is_named() -> None:
    damaged = Upload("damaged.gz")
    damaged.write(b"\x1f\x8bno")
    with pytest.raises(NotFitsError, match=r"damaged\.gz"):
        check_unpacked([*(packed("a", 1) for _ in range(8)), damaged])
