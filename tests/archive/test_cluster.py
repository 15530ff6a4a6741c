"""``farside backfill --dask`` on a real cluster of two worker processes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from farside.archive.index import reading
from farside.cli.app import app
from farside.cluster import connected, local_cluster
from farside.errors import DamagedImageError
from farside.magnetogram.magnetogram import Magnetogram
from tests.support.month import day, write_sets

HOURS = range(0, 18, 6)
MONTH = range(0, 31 * 24, 6)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with local_cluster(2) as scheduler:
        yield scheduler


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """Three six-hourly sets, as files in one folder."""
    return write_sets(tmp_path / "inputs", HOURS)


def backfill(
    archive: Path, inputs: Path, repository: Path, *options: str, hours: range = HOURS
) -> int:
    """Number of products that were made."""
    archive.mkdir(exist_ok=True)
    words = [str(archive), "--from", day(0), "--to", day(hours.stop + 24), "--cadence", "360"]
    words += ["--inputs", str(inputs)]
    done = CliRunner().invoke(app, ["backfill", *words, "--repository", str(repository), *options])
    assert done.exit_code == 0, done.output
    return int(done.stderr.splitlines()[-1].split()[0])


def fields(archive: Path) -> dict[str, Magnetogram]:
    """Magnetograms of an archive, which has maps too where an image of HMI is of the same time."""
    with reading(archive) as index:
        names = [each.name for each in index.products(superseded=True)]
    return {
        str(name): Magnetogram.read(archive / name.path)
        for name in names
        if "_synchronic_" not in str(name)
    }


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


@pytest.mark.soak
def test_two_workers_remake_a_month(address: str, repository: Path, tmp_path: Path) -> None:
    inputs, archive = write_sets(tmp_path / "inputs", MONTH), tmp_path / "archive"
    issued = backfill(archive, inputs, repository, hours=MONTH)
    first = fields(archive)
    assert issued > len(first) == len(MONTH)
    tomorrow = f"{datetime.now(UTC) + timedelta(days=1):%F}"
    remake = ["--dask", address, "--made-before", tomorrow]
    assert backfill(archive, inputs, repository, *remake, hours=MONTH) == issued
    again = fields(archive)
    assert len(again) == 2 * len(MONTH)
    for name, made in first.items():
        remade = again[name.removesuffix("1") + "2"]
        np.testing.assert_allclose(remade.image, made.image, atol=0.01)
        assert remade.inputs == made.inputs
    assert backfill(archive, inputs, repository, "--dask", address, hours=MONTH) == 0


def test_an_error_of_a_worker_arrives_with_the_files_it_is_about(address: str) -> None:
    with connected(address) as client, pytest.raises(DamagedImageError) as caught:
        client.submit(refuse).result()
    assert caught.value.files == ("EUVI-A 304",)


def refuse() -> None:
    raise DamagedImageError("dark", ("EUVI-A 304",))
