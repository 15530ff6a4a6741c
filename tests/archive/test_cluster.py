"""``farside backfill --dask`` on a real cluster of two worker processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from distributed import LocalCluster
from typer.testing import CliRunner

from farside.archive.index import reading
from farside.cli.app import app
from farside.cluster import connected
from farside.errors import DamagedImageError
from farside.magnetogram.magnetogram import Magnetogram
from tests.live.day import BANDS, put_euvi, put_references
from tests.support import local_archives as local
from tests.support.local_archives import LocalArchives

HOURS = (0, 6, 12)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with LocalCluster(2, threads_per_worker=1, dashboard_address=None) as cluster:  # type: ignore[no-untyped-call]
        yield str(cluster.scheduler_address)


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """Three six-hourly sets, as files in one folder."""
    files = LocalArchives()
    for hours in HOURS:
        put_euvi(files, local.LEVEL_0, hours, *BANDS)
        put_references(files, hours)
    folder = tmp_path / "inputs"
    folder.mkdir()
    for path, content in files.files.items():
        (folder / path.rpartition("/")[2]).write_bytes(content)
    return folder


def backfill(archive: Path, inputs: Path, repository: Path, *options: str) -> int:
    """Number of products that were made."""
    archive.mkdir(exist_ok=True)
    words = [str(archive), "--from", "2011-02-15", "--to", "2011-02-16", "--inputs", str(inputs)]
    done = CliRunner().invoke(app, ["backfill", *words, "--repository", str(repository), *options])
    assert done.exit_code == 0, done.output
    return int(done.stderr.splitlines()[-1].split()[0])


def fields(archive: Path) -> dict[str, Magnetogram]:
    with reading(archive) as index:
        found = index.products(superseded=True)
    return {str(each.name): Magnetogram.read(archive / each.name.path) for each in found}


def test_two_workers_make_what_one_process_makes_and_once(
    address: str, inputs: Path, repository: Path, tmp_path: Path
) -> None:
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    assert backfill(alone, inputs, repository) == len(HOURS)
    assert backfill(shared, inputs, repository, "--dask", address) == len(HOURS)
    one, two = fields(alone), fields(shared)
    assert one.keys() == two.keys()
    for name, made in one.items():
        np.testing.assert_allclose(two[name].image, made.image, atol=0.01)
        assert two[name].inputs == made.inputs
    assert backfill(shared, inputs, repository, "--dask", address) == 0


def test_an_error_of_a_worker_arrives_with_the_files_it_is_about(address: str) -> None:
    with connected(address) as client, pytest.raises(DamagedImageError) as caught:
        client.submit(refuse).result()
    assert caught.value.files == ("EUVI-A 304",)


def refuse() -> None:
    raise DamagedImageError("dark", ("EUVI-A 304",))
