"""Jobs beside requests: their turns, their end, and what they may fetch, read and write."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local_triton.processes import PATIENCE_S
from farside.io.objects import read_object, write_object
from farside.job import JobStatus
from farside.magnetogram.magnetogram import Magnetogram
from farside.model.engine import Model, Tensor
from farside.simulation.instruments.files import SimulatedSet
from service.job_runner import POLL_S, JobRunner, check_archives
from service.job_store import JobStore
from service.settings import Settings, SettingsError
from tests.fetch.conftest import TIME, mirror
from tests.service.fakes import FakeEngine, service_of, worker_of
from tests.service.test_worker import begun, client_of, parts_of, shown
from tests.support.full_disk import largest_file
from tests.support.local_archives import LocalArchives, Trouble
from tests.support.native_model import NATIVE, hmi_file

__all__ = ["mirror"]

Parts = list[tuple[str, tuple[str, bytes]]]

TILED = {"files": [("observation", ("hmi.fits", hmi_file()))], "data": {"model": NATIVE.name}}
"""Job of an image in tiles."""

FORWARDS = 24
"""Of its 25 tiles those that show some of the disk."""


class OrderedEngine(FakeEngine):
    """Fake engine of a small and of a tiled model that notes whose forward comes when."""

    def __init__(self) -> None:
        super().__init__("tiny")
        self._models = {**self._models, NATIVE.name: Model(NATIVE, "cd" * 32)}
        self.order: list[str] = []

    def infer(self, model: str, tensor: Tensor) -> Tensor:
        self.order.append(model)
        return super().infer(model, tensor)


@asynccontextmanager
async def jobs_of(
    engine: FakeEngine, folder: Path, **settings: object
) -> AsyncIterator[httpx.AsyncClient]:
    """A service with a folder of jobs; at the end it stops as on SIGTERM."""
    worker = worker_of(engine, Settings.model_validate({"jobs": folder} | settings))
    assert worker.jobs is not None
    runner = JobRunner(worker, worker.jobs)
    try:
        async with client_of(service_of(worker)) as client:
            yield client
    finally:
        worker.stopping = True
        engine.go.set()
        await worker.idle()
        runner.close()
        worker.close()


async def submitted(client: httpx.AsyncClient, **content: Any) -> JobStatus:
    answer = await client.post("/jobs", **content)
    assert answer.status_code == 202, answer.text
    job = JobStatus.model_validate_json(answer.content)
    assert answer.headers["location"] == f"jobs/{job.id}"
    return job


async def status(client: httpx.AsyncClient, job: JobStatus) -> JobStatus:
    return JobStatus.model_validate_json((await client.get(f"/jobs/{job.id}")).content)


async def waited(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.05)


async def over(client: httpx.AsyncClient, job: JobStatus) -> JobStatus:
    async with asyncio.timeout(PATIENCE_S):
        while not (found := await status(client, job)).is_over:
            await asyncio.sleep(0.05)
    return found


def test_a_request_waits_for_one_forward_of_a_job_at_most(
    simulated: SimulatedSet, tmp_path: Path
) -> None:
    engine = OrderedEngine()
    engine.go.clear()
    files = parts_of(simulated)

    async def story() -> None:
        async with jobs_of(engine, tmp_path) as client:
            job = await submitted(client, **TILED)
            await begun(engine)
            running = await status(client, job)
            assert running.progress is not None
            assert (running.state, running.progress.stage) == ("running", "infer")
            early = await client.get(f"/jobs/{job.id}/result")
            assert (early.status_code, early.json()["type"]) == (409, "JobUnfinishedError")
            answer = asyncio.create_task(
                client.post("/generate", files=files, data={"model": "tiny"})
            )
            await shown(client, 'farside_queue_depth{stage="infer"} 1.0')
            assert 'farside_jobs{state="running"} 1.0' in (await client.get("/metrics")).text
            engine.go.set()
            assert (await answer).status_code == 200
            assert (await over(client, job)).state == "done"

    asyncio.run(story())
    assert engine.order.count(NATIVE.name) == FORWARDS
    assert "tiny" in engine.order[:3]


def test_a_cancelled_job_stops_at_its_next_tile_and_the_next_one_runs(tmp_path: Path) -> None:
    engine = OrderedEngine()
    engine.go.clear()

    async def story() -> None:
        async with jobs_of(engine, tmp_path) as client:
            first, second = [await submitted(client, **TILED) for _ in range(2)]
            await begun(engine)
            assert (await status(client, second)).position == 1
            assert (await client.delete(f"/jobs/{first.id}")).status_code == 204
            await asyncio.sleep(2 * POLL_S)  # it looks no more often
            engine.go.set()
            assert (await over(client, second)).state == "done"
            for method, path in (("GET", ""), ("GET", "/result"), ("DELETE", "")):
                answer = await client.request(method, f"/jobs/{first.id}{path}")
                assert (answer.status_code, answer.json()["type"]) == (404, "UnknownJobError")
            assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {second.id}

    asyncio.run(story())
    assert FORWARDS < len(engine.order) < 2 * FORWARDS


def test_a_stop_puts_the_job_back_and_the_next_start_goes_on(tmp_path: Path) -> None:
    engine = OrderedEngine()
    engine.go.clear()

    async def first_start() -> JobStatus:
        async with jobs_of(engine, tmp_path) as client:
            job = await submitted(client, **TILED)
            await begun(engine)
        return job

    async def second_start(job: JobStatus) -> None:
        async with jobs_of(OrderedEngine(), tmp_path) as client:
            assert (await over(client, job)).state == "done"
            answer = await client.get(f"/jobs/{job.id}/result")
            assert answer.headers["x-farside-model"] == f"{NATIVE.name} {NATIVE.version}"
            assert Magnetogram.read(answer.content).image.shape == (256, 256)

    job = asyncio.run(first_start())
    assert len(engine.order) < FORWARDS
    asyncio.run(second_start(job))


def test_a_job_on_bad_files_fails_with_the_error_of_the_request(
    simulated: SimulatedSet, tmp_path: Path
) -> None:
    async def story() -> None:
        async with jobs_of(FakeEngine(), tmp_path) as client:
            files = parts_of(simulated)[1:]
            asked = await client.post("/generate", files=files)
            failed = await over(client, await submitted(client, files=files))
            answer = await client.get(f"/jobs/{failed.id}/result")
            assert answer.status_code == asked.status_code == 422
            assert failed.failure is not None
            for key, value in failed.failure.model_dump(mode="json").items():
                assert answer.json()[key] == asked.json()[key] == value

    asyncio.run(story())


def test_a_job_fetches_its_files_where_the_operator_allows_it(
    mirror: LocalArchives, tmp_path: Path
) -> None:
    table = tmp_path / "archives.toml"
    table.write_text(f'mirror = "{mirror.address}"\npause_s = 0.0\nretries = 0\n')
    allowed = {"job_fetch": True, "archives": table}
    asked = {"kind": "fetch", "time": TIME.strftime("%Y-%m-%dT%H:%M:%S"), "spacecraft": "A"}

    async def story() -> None:
        async with jobs_of(FakeEngine(), tmp_path / "jobs", **allowed) as client:
            job = await over(client, await submitted(client, json=asked))
            assert job.state == "done", job.failure
            made = Magnetogram.read((await client.get(f"/jobs/{job.id}/result")).content)
            assert len(made.inputs) == 7
            before_launch = asked | {"time": "2006-01-01T00:00:00"}
            early = await over(client, await submitted(client, json=before_launch))
            answer = await client.get(f"/jobs/{early.id}/result")
            assert (answer.status_code, answer.json()["type"]) == (422, "NoDataError")
        held = [path.name for path in (tmp_path / "jobs" / job.id).iterdir()]
        assert held == ["result"]

    asyncio.run(story())


def test_a_table_of_archives_with_an_error_ends_the_start(tmp_path: Path) -> None:
    table = tmp_path / "archives.toml"
    table.write_text("pauses = 1")
    settings = Settings(jobs=tmp_path, archives=table, job_fetch=True)
    with pytest.raises(SettingsError, match=r"FARSIDE_ARCHIVES: .*unknown key 'pauses'"):
        check_archives(settings)


@contextmanager
def silent(mirror: LocalArchives, folder: Path) -> Iterator[dict[str, object]]:
    """Settings of a service whose archives do not answer within the time of a test."""
    mirror.always["/"] = Trouble(status=200, body=b"<html>", silence_s=3 * PATIENCE_S)
    table = folder / "archives.toml"
    table.write_text(f'mirror = "{mirror.address}"\ntimeout_s = {3 * PATIENCE_S}\n')
    yield {"job_fetch": True, "archives": table}


def test_neither_a_stop_nor_a_cancel_waits_for_an_archive(
    mirror: LocalArchives, tmp_path: Path
) -> None:
    asked = {"kind": "fetch", "time": TIME.strftime("%Y-%m-%dT%H:%M:%S"), "spacecraft": "A"}

    async def story() -> None:
        async with jobs_of(FakeEngine(), tmp_path / "jobs", **settings) as client:
            first, second = [await submitted(client, json=asked) for _ in range(2)]
            await waited(lambda: mirror.times_asked("/") == 1)
            await client.delete(f"/jobs/{first.id}")
            await waited(lambda: mirror.times_asked("/") == 2)
            stopped.append(second)

    stopped: list[JobStatus] = []
    with silent(mirror, tmp_path) as settings:
        asyncio.run(asyncio.wait_for(story(), PATIENCE_S))
        store = JobStore(tmp_path / "jobs", Settings())
        assert store.status(stopped[0].id).state == "queued"
        store.close()


def test_a_job_without_room_lets_the_next_one_run(tmp_path: Path) -> None:
    async def story() -> None:
        folder = tmp_path / "in"
        folder.mkdir()
        (folder / "large.fits").write_bytes(bytes(2**22))
        asked = {"kind": "addresses", "observation": [f"file://{folder}/large.fits"]}
        allowed = {"job_inputs": f"file://{folder}/"}
        async with jobs_of(OrderedEngine(), tmp_path / "jobs", **allowed) as c:
            with largest_file(2**21):
                large = await submitted(c, json=asked | {"model": NATIVE.name})
                small = await submitted(c, **TILED)
                assert (await over(c, small)).state == "done"
                assert (await status(c, large)).state == "queued"
                await waited(lambda: not (tmp_path / "jobs" / large.id / "read").exists())

    asyncio.run(story())


@pytest.mark.usefixtures("s3")
def test_a_job_reads_and_writes_objects_where_the_operator_allows_it(
    simulated: SimulatedSet, tmp_path: Path
) -> None:
    observed, referred = (
        [write_object(f"s3://in-bucket/day/{p.name}", p.read_bytes()) for p in paths]
        for paths in (simulated.observations, simulated.references)
    )
    asked = {"kind": "addresses", "observation": observed, "reference": referred}
    output = "s3://out-bucket/far/1.fits"

    async def story() -> None:
        allowed = {"job_inputs": "s3://in-bucket/day/", "job_outputs": "s3://out-bucket/far/"}
        async with jobs_of(FakeEngine(), tmp_path, **allowed) as client:
            job = await over(client, await submitted(client, json=asked | {"output": output}))
            assert job.state == "done", job.failure
            content = (await client.get(f"/jobs/{job.id}/result")).content
            assert read_object(output, len(content)) == content
            names = {given.origin.name for given in Magnetogram.read(content).inputs}
            assert names == {path.name for path in (*simulated.observations, *simulated.references)}
            gone = asked | {"observation": ["s3://in-bucket/day/none.fts"]}
            failed = await over(client, await submitted(client, json=gone))
            assert failed.failure is not None
            assert (failed.failure.type, failed.failure.files) == ("AddressError", ("none.fts",))

    asyncio.run(story())


FETCH = {"kind": "fetch", "time": "2026-02-14T00:00:00"}
READ = {"kind": "addresses", "observation": ["file:///data/a.fts"]}


@pytest.mark.parametrize(
    ("body", "status_code", "sentence"),
    [
        (b"{", 400, "the JSON body: as a whole: Invalid JSON"),
        (b"[]", 400, "the JSON body: as a whole"),
        (b" " * 200_000, 413, "allowed are 0.1 MB"),
        ({}, 400, "kind"),
        (FETCH, 400, "fetching is off here"),
        (FETCH | {"tine": "x"}, 400, "tine: Extra inputs are not permitted"),
        (FETCH | {"beacon": "yes"}, 400, "beacon"),
        (FETCH | {"time": "yesterday"}, 400, "time"),
        (FETCH | {"spacecraft": "C"}, 400, "spacecraft"),
        (READ, 422, "is not allowed"),
        (READ | {"observation": ["http://127.0.0.1/a"]}, 400, "expected s3://bucket/key"),
        (READ | {"observation": []}, 400, "observation"),
        ({"kind": "files", "files": []}, 400, "kind"),
    ],
)
def test_a_body_that_asks_for_anything_else_is_refused(
    body: object, status_code: int, sentence: str, tmp_path: Path
) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def story() -> httpx.Response:
        async with jobs_of(FakeEngine(), tmp_path) as client:
            kind = {"content-type": "application/json"}
            return await client.post("/jobs", content=content, headers=kind)

    answer = asyncio.run(story())
    assert answer.status_code == status_code
    assert sentence in answer.json()["error"]


def test_without_a_folder_there_are_no_jobs() -> None:
    async def story() -> list[httpx.Response]:
        worker = worker_of(FakeEngine())
        async with client_of(service_of(worker)) as client:
            return [await client.post("/jobs", json=FETCH), await client.get("/jobs/x")]

    for answer in asyncio.run(story()):
        assert (answer.status_code, answer.json()["type"]) == (404, "UnknownJobError")
        assert "FARSIDE_JOBS" in answer.json()["error"]
