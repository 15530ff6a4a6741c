"""The journal of jobs: what a kill, a full folder or the end of its time leaves."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from farside.errors import (
    JobUnfinishedError,
    OtherRequestError,
    OverloadedError,
    UnknownJobError,
)
from farside.job import JobFailure, JobProgress
from service.job_request import FilesRequest
from service.job_store import ORPHAN_S, Answer, JobStore, KeptAnswer, Submission
from service.multipart import upload_of
from service.settings import Settings

ANSWER = Answer(b"a product", "application/fits", {"X-Farside-Quality": "0"})


OPENED = ExitStack()
"""Journals to be closed after the test."""


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    with OPENED:
        yield


def store_in(folder: Path, **settings: float) -> JobStore:
    store = JobStore(folder, Settings.model_validate({"jobs": folder} | settings))
    OPENED.callback(store.close)
    return store


def given(client: str = "a", key: str = "", content: bytes = b"1234") -> Submission:
    request = FilesRequest(files=(("observation", "../../euvi.fts"),))
    return Submission(request, (upload_of("../../euvi.fts", content),), client, "r1", key)


def claimed(store: JobStore) -> str:
    job = store.claim()
    assert job is not None
    return job.id


def kept(store: JobStore, job: str) -> Answer:
    found = store.result(job)
    assert isinstance(found, KeptAnswer)
    return Answer(found.path.read_bytes(), found.media_type, found.headers)


def test_jobs_run_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    first, second = store.submit(given()), store.submit(given())
    assert (first.position, second.position) == (1, 2)
    job = store.claim()
    assert job is not None
    assert job.id == first.id
    assert (job.folder / "0").read_bytes() == b"1234"
    assert (store.status(first.id).state, store.status(second.id).position) == ("running", 1)


def test_an_id_cannot_be_guessed_and_is_no_path(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    names = {store.submit(given()).id for _ in range(20)}
    assert len(names) == 20
    assert all(len(name) == 32 for name in names)
    for wrong in ("", "..", "jobs.sqlite", "%", next(iter(names))[:-1]):
        for ask in (store.status, store.result, store.remove):
            with pytest.raises(UnknownJobError):
                ask(wrong)


def test_a_running_job_is_queued_again_in_its_place_after_a_kill_once(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    first, second = (store.submit(given()).id for _ in range(2))
    for _ in range(2):
        assert claimed(store) == first
        store = store_in(tmp_path)  # the process before was killed
        store.recover()
    failed = store.status(first)
    assert failed.state == "failed"
    assert failed.failure is not None
    assert "ended each time" in failed.failure.error
    assert claimed(store) == second


def test_a_job_that_is_put_back_may_run_as_often_as_the_service_stops(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    job = store.submit(given()).id
    for _ in range(5):
        assert claimed(store) == job
        store.put_back(job)
    store.recover()
    assert store.status(job).state == "queued"


def test_a_result_outlives_the_process_and_its_inputs_do_not(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    job = store.submit(given()).id
    claimed(store)
    with pytest.raises(JobUnfinishedError):
        store.result(job)
    store.finish(job, ANSWER)
    store = store_in(tmp_path)
    store.recover()
    assert kept(store, job) == ANSWER
    assert store.status(job).state == "done"
    assert [path.name for path in (tmp_path / job).iterdir()] == ["result"]
    assert store.counts().bytes == len(ANSWER.content)


def test_a_kill_between_the_result_and_its_entry_makes_it_once_more(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    job = store.submit(given()).id
    claimed(store)
    (tmp_path / job / "result").write_bytes(b"half of")
    store = store_in(tmp_path)
    store.recover()
    assert claimed(store) == job
    store.finish(job, ANSWER)
    assert kept(store, job) == ANSWER


def test_a_cancelled_job_is_gone_and_cannot_come_back(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    waiting, running = store.submit(given()).id, store.submit(given()).id
    store.remove(waiting)
    assert claimed(store) == running
    store.remove(running)
    progress = JobProgress(stage="infer", done=1, parts=9)
    failure = JobFailure(error="", type="FarsideError", files=())
    with pytest.raises(UnknownJobError):
        store.note(running, progress)
    with pytest.raises(UnknownJobError):
        store.finish(running, ANSWER)
    with pytest.raises(UnknownJobError):
        store.fail(running, failure)
    store.put_back(running)
    assert store.claim() is None
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


def test_the_same_key_gives_the_same_job(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    first = store.submit(given(key="k" * 32))
    assert store.submit(given(key="k" * 32)).id == first.id
    assert store.submit(given(key="j" * 32)).id != first.id
    assert store.counts().states["queued"] == 2


def test_the_same_key_with_another_request_is_refused(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.submit(given(key="k" * 32))
    with pytest.raises(OtherRequestError, match="expected the same request, or a new key"):
        store.submit(given(key="k" * 32, content=b"1235"))
    store.finish(claimed(store), ANSWER)
    with pytest.raises(OtherRequestError):  # its inputs are gone by now
        store.submit(given(key="k" * 32, content=b"1235"))
    assert store.submit(given(key="k" * 32)).state == "done"
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 1


def test_a_job_may_be_passed_over(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    first, second = (store.submit(given()).id for _ in range(2))
    job = store.claim([first])
    assert job is not None
    assert job.id == second
    assert store.claim([first]) is None
    assert claimed(store) == first


def test_one_client_has_half_of_the_jobs_and_all_have_no_more(tmp_path: Path) -> None:
    store = store_in(tmp_path, jobs_most=4)
    for client in "aabb":
        store.submit(given(client))
        if client == "a" and store.counts().states["queued"] == 2:
            with pytest.raises(OverloadedError, match="2 of this client"):
                store.submit(given("a"))
    with pytest.raises(OverloadedError, match="expected fewer than 4"):
        store.submit(given("c"))


def test_files_beyond_the_allowed_bytes_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    store = store_in(tmp_path, jobs_gb=10e-9)
    store.submit(given(content=bytes(8)))
    with pytest.raises(OverloadedError, match="GB"):
        store.submit(given("b", content=bytes(8)))
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 1


def test_a_result_is_kept_for_its_time(tmp_path: Path) -> None:
    store = store_in(tmp_path, job_kept_hours=1e-6)
    job = store.submit(given()).id
    claimed(store)
    store.finish(job, ANSWER)
    time.sleep(0.01)
    store.expire()
    with pytest.raises(UnknownJobError):
        store.status(job)
    assert not (tmp_path / job).exists()


def test_files_of_no_job_are_removed_once_they_are_old(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    old, new, theirs = "o" * 32, "n" * 32, "lost+found"
    for name, age_s in ((old, 2 * ORPHAN_S), (new, 0.0), (theirs, 2 * ORPHAN_S)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - age_s,) * 2)
    store.recover()
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {new, theirs}


def test_what_a_cancelled_job_still_wrote_is_removed(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    noted, put_back = store.submit(given()).id, store.submit(given()).id
    for job in (noted, put_back):
        assert claimed(store) == job
        store.remove(job)
        (tmp_path / job / "fetched").mkdir(parents=True)
    with pytest.raises(UnknownJobError):
        store.note(noted, JobProgress(stage="fetch", done=0, parts=0))
    store.put_back(put_back)
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


def test_results_alone_fill_the_folder_so_that_jobs_that_wait_begin(tmp_path: Path) -> None:
    store = store_in(tmp_path, jobs_gb=8e-9)
    store.submit(given(content=bytes(8)))
    assert not store.is_full
    store.finish(claimed(store), ANSWER)
    assert store.is_full


def test_one_process_at_a_time_runs_the_jobs(tmp_path: Path) -> None:
    one, other = store_in(tmp_path), store_in(tmp_path)
    with one.running() as first, other.running() as second:
        assert (first, second) == (True, False)
    with other.running() as after:
        assert after
