"""Files by address: a real S3 server, and folders of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from farside.errors import AddressError, ObjectStoreError
from farside.io.objects import check_below, is_address, put, read_object, sizes_below, write_object
from farside.io.source import bytes_of


@pytest.fixture(params=["s3", "file"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "file":
        return f"file://{tmp_path}/"
    request.getfixturevalue("s3")
    return "s3://in-bucket/day/"


def test_what_is_written_reads_back_by_its_name_and_no_longer_than_asked(folder: str) -> None:
    address = write_object(f"{folder}a.fits", b"SIMPLE  ")
    assert read_object(address, 100) == b"SIMPLE  "
    assert read_object(address, 2) == b"SIM"
    assert bytes_of(address, "", 100) == (b"SIMPLE  ", "a.fits")
    put(address, b"newer")
    assert read_object(address, 100) == b"newer"
    write_object(f"{folder}2026/b.fits", b"12")
    assert sizes_below(folder) == {"a.fits": 5, "2026/b.fits": 2}


def test_an_object_that_is_not_there_is_named(folder: str) -> None:
    with pytest.raises(AddressError, match=r"none\.fits: there is no such object") as caught:
        read_object(f"{folder}none.fits", 100)
    assert caught.value.files == ("none.fits",)


@pytest.mark.usefixtures("s3")
def test_a_bucket_that_is_not_there_is_named() -> None:
    with pytest.raises(AddressError, match=r"s3://no-such-bucket/a\.fits: .* no such bucket"):
        write_object("s3://no-such-bucket/a.fits", b"1")


def test_a_store_that_refuses_is_an_error_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ObjectStoreError, match=r"file/a\.fits"):
        write_object(f"file://{tmp_path}/file/a.fits", b"1")


@pytest.mark.parametrize("text", ["s3://b/k", "file:///a", "S3://b/k"])
def test_an_address_is_known_by_its_scheme(text: str) -> None:
    assert is_address(text)
    assert not is_address(Path(text))


PREFIXES = ("s3://in-bucket/day/", "file:///data/")


@pytest.mark.parametrize("address", ["s3://in-bucket/day/a.fits", "file:///data/x/y.fts"])
def test_an_address_below_a_prefix_is_allowed(address: str) -> None:
    check_below(address, PREFIXES)


@pytest.mark.parametrize(
    "address",
    [
        "s3://in-bucket/day/",
        "s3://in-bucket/daylight/a.fits",
        "s3://in-bucket/day/../secret/a.fits",
        "s3://in-bucket/day/%2e%2e/secret",
        "s3://in-bucket/day//a.fits",
        "s3://in-bucket/day/*.fits",
        "s3://in-bucket/day/a.fits?versionId=1",
        "s3://in-bucket/day/a.zip::http://127.0.0.1/",
        "s3://other/day/a.fits",
        "S3://in-bucket/day/a.fits",
        "http://127.0.0.1/a.fits",
        "file:///etc/passwd",
        "file:///data/../etc/passwd",
        "file:///data/a\n.fits",
    ],
)
def test_any_other_address_is_refused(address: str) -> None:
    with pytest.raises(AddressError, match="is not allowed, expected a plain one below"):
        check_below(address, PREFIXES)


def test_a_link_out_of_an_allowed_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret").write_text("x")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(AddressError, match="leads out of its folder"):
        check_below(f"file://{tmp_path}/in/link", (f"file://{tmp_path}/in/",))
