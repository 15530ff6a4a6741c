"""A copy of an archive in an object store, and the archive made again from it."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from farside.archive.copy import copy
from farside.archive.store import open_archive
from farside.cli.app import app
from farside.io.objects import read_object, write_object
from tests.archive.test_store import name, products, put


def test_a_copy_lacks_nothing_is_written_once_and_restores_the_archive(
    s3: str, tmp_path: Path
) -> None:
    archive, address = tmp_path / "archive", "s3://out-bucket/archive"
    with open_archive(archive) as opened:
        put(opened, 1)
    first = f"{address}/{name(1).path}"
    write_object(first, b"cut off in the middle by another program")
    assert list(copy(archive, address)) == [first]
    assert list(copy(archive, address)) == []
    with open_archive(archive) as opened:  # it goes on while it is copied
        put(opened, 2)
    done = CliRunner().invoke(app, ["archive", "copy", str(archive), address])
    assert done.output.split() == [f"{address}/{name(2).path}"]
    restored = tmp_path / "restored"
    for product in products(archive):
        path = restored / product.name.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(read_object(f"{address}/{product.name.path}", 10**8))
    assert products(restored) == products(archive)
