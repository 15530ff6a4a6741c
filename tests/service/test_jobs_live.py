"""Jobs of the running service, through the client, and what kill -9 leaves of them."""

from __future__ import annotations

import contextlib
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pytest

from deploy.local_triton.processes import PATIENCE_S
from farside.client import Client, Job
from farside.errors import IncompleteSetError, UnknownJobError
from farside.magnetogram.magnetogram import Magnetogram
from farside.simulation.instruments.files import SimulatedSet
from tests.support.live import Server, eventually, serving


def test_a_job_gives_the_product_of_the_request(
    server: Server, simulated: SimulatedSet, tmp_path: Path
) -> None:
    given = simulated.observations, simulated.references, "tiny"
    with Client(server.url, timeout=PATIENCE_S) as client:
        job = client.submit(*given)
        made = Magnetogram.read(job.result(out=tmp_path / "far.fits"))
        at_once = Magnetogram.read(client.generate(*given, out=tmp_path / "at_once.fits"))
        assert np.allclose(made.image, at_once.image, rtol=0, atol=1e-3, equal_nan=True)
        assert made.inputs == at_once.inputs
        assert client.job(job.id).status().state == "done"
        job.cancel()
        with pytest.raises(UnknownJobError):
            job.status()
        with pytest.raises(IncompleteSetError):
            client.submit(simulated.observations[0]).result()


def test_a_repeated_submission_is_one_job(server: Server, simulated: SimulatedSet) -> None:
    files = [("observation", ("a.fts", simulated.observations[0].read_bytes()))]
    key = {"Idempotency-Key": "0123456789abcdef" * 2}
    answers = [
        httpx.post(f"{server.url}/jobs", files=files, headers=key, timeout=PATIENCE_S)
        for _ in range(2)
    ]
    assert len({answer.json()["id"] for answer in answers}) == 1
    guessed = httpx.post(f"{server.url}/jobs", files=files, headers={"Idempotency-Key": "1"})
    assert (guessed.status_code, guessed.json()["type"]) == (400, "RequestError")


def test_kill_9_and_a_restart_neither_lose_nor_double_a_job(
    repository: Path, simulated: SimulatedSet, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {
        "model_repository": repository,
        "threads": 1,
        "jobs": tmp_path / "jobs",
    }
    with (
        serving(tmp_path / "first", **settings) as server,
        Client(server.url, timeout=PATIENCE_S) as client,
    ):
        jobs = [
            client.submit(simulated.observations, simulated.references, "tiny") for _ in range(6)
        ]
        eventually(lambda: jobs[0].status().state != "queued")
        kill(server.process.pid)
    with (
        serving(tmp_path / "second", **settings) as server,
        Client(server.url, timeout=PATIENCE_S) as client,
    ):
        for job in jobs:
            again = Job(client, job.id)
            assert again.wait(PATIENCE_S).state == "done"
            assert len(again.result()) > 0
        text = httpx.get(f"{server.url}/metrics").text
    assert 'farside_jobs{state="done"} 6.0' in text
    assert 'farside_jobs{state="queued"} 0.0' in text
    held = Counter(path.name for path in (tmp_path / "jobs").glob("*/*"))
    assert held == {"result": 6}


def kill(pid: int) -> None:
    """Kill a program and all that it started at once, so that none can tidy up after another."""
    program = psutil.Process(pid)
    everyone = [program, *program.children(recursive=True)]
    for process in everyone:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(everyone[1:], PATIENCE_S)
