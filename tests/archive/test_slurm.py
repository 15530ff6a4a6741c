"""``farside backfill --dask`` in jobs of a real Slurm: of the system, and dask-jobqueue of PyPI."""

from __future__ import annotations

from pathlib import Path

import pytest
from distributed import Client

from tests.archive.test_cluster import HOURS, backfill, fields, inputs
from tests.support.slurm import slurm

__all__ = ["inputs"]


@pytest.mark.soak
def test_workers_in_jobs_of_slurm_make_an_archive(
    inputs: Path, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobqueue = pytest.importorskip(
        "dask_jobqueue", reason="no Slurm here: pip install dask-jobqueue"
    )
    archive = tmp_path / "archive"
    folder = tmp_path / "slurm"
    folder.mkdir()
    with slurm(folder) as settings:
        monkeypatch.setenv("SLURM_CONF", str(settings))
        with jobqueue.SLURMCluster(
            cores=1,
            processes=1,
            memory="1GB",
            walltime="01:00:00",
            interface="lo",
            local_directory=str(folder),
            log_directory=str(folder),
            scheduler_options={"dashboard_address": "127.0.0.1:0"},
            worker_extra_args=["--no-dashboard"],
        ) as cluster:
            cluster.scale(jobs=2)
            with Client(cluster) as client:  # type: ignore[no-untyped-call]
                client.wait_for_workers(2)
            address = cluster.scheduler_address
            assert backfill(archive, inputs, repository, "--dask", address) == len(HOURS)
            assert backfill(archive, inputs, repository, "--dask", address) == 0
    assert len(fields(archive)) == len(HOURS)
