"""Run jobs one after another, beside the requests and never before them.

A job reads and registers its files in a place like that of a request. Each of its forwards, one for
each tile of a large image, waits for its turn among those of the requests, so that a request waits
for one forward of a job at most.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event, Thread
from time import monotonic, perf_counter
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from farside.errors import (
    ArchiveSettingsError,
    DeadlineError,
    DiskFullError,
    EngineUnavailableError,
    FarsideError,
    FileTooLargeError,
    OverloadedError,
    UnknownJobError,
)
from farside.io.atomic import NO_ROOM
from farside.io.objects import check_below, name_in, read_object, write_object
from farside.io.source import plain_name
from farside.job import JobFailure, JobProgress
from farside.magnetogram.magnetogram import Magnetogram
from farside.magnetogram.stack import Stack
from farside.model.engine import Model, Tensor
from farside.pipeline import translate_batch
from farside.progress import Stage
from service.errors import describe
from service.job_request import AddressRequest, FetchRequest, FilesRequest, Role
from service.job_store import Answer, ClaimedJob, JobStore
from service.logs import write_line
from service.multipart import Upload, upload_of
from service.request_log import RequestLog
from service.routes import MEDIA_TYPES, product_headers
from service.schemas import GenerateForm
from service.settings import Settings, SettingsError
from service.worker import Worker

log = logging.getLogger("farside.service")

T = TypeVar("T")

POLL_S = 0.5
"""How often to look for a new job, and for a cancelled one or a stop while one runs, a choice."""

RETRY_S = 10.0
"""Pause after which to try again while the engine or the disk is away, a choice."""

CLIENT = "a job"
"""Name under which all jobs together queue among the clients."""


def check_archives(settings: Settings) -> None:
    """Check the table of archives before a job fetches.

    Raises
    ------
    SettingsError
        It is invalid.
    """
    if settings.jobs and settings.job_fetch:
        from farside.fetch import load_archives  # sunpy's readers take a second to import

        try:
            load_archives(settings.archives)
        except ArchiveSettingsError as error:
            raise SettingsError(f"FARSIDE_ARCHIVES: {error}") from error


class _StoppedError(FarsideError):
    """The service stops: the job goes on after the next start."""


@dataclass(frozen=True)
class _File:
    """Input file of a job: role, name, and where it lies."""

    role: Role
    name: str
    path: Path


class JobRunner:
    """Task that runs the jobs of a worker's folder, unless another worker does.

    Parameters
    ----------
    worker
        Whose engine and stages the jobs use; it has a folder of jobs.
    """

    def __init__(self, worker: Worker, store: JobStore) -> None:
        self._worker = worker
        self._store = store
        self._thread = ThreadPoolExecutor(1, "job")
        self._later: dict[str, float] = {}
        self._task = asyncio.get_running_loop().create_task(self._run())

    def close(self) -> None:
        """End the task; a job that runs stays in the journal and is queued again at the start."""
        self._task.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _run(self) -> None:
        while not self._worker.stopping:
            try:
                with self._store.running() as is_ours:
                    if is_ours:
                        await run_in_threadpool(self._store.recover)
                        await self._run_all()
            except Exception:  # a disk that is away, a journal that is locked: it may come back
                log.exception("jobs are not run, next try in %g s", RETRY_S)
                await asyncio.sleep(RETRY_S)
            await asyncio.sleep(POLL_S)

    async def _run_all(self) -> None:
        """Run what waits, and what comes, until the service stops."""
        while not self._worker.stopping:
            await run_in_threadpool(self._store.expire)
            is_full = await run_in_threadpool(lambda: self._store.is_full)
            self._worker.job_runs = True  # before it is claimed: a stop waits until it is put back
            try:
                waits = is_full or self._worker.stopping
                job = None if waits else await run_in_threadpool(self._claim)
                # In a task of its own, whose log entry is that of the job.
                pause_s = await asyncio.create_task(self._run_one(job)) if job else POLL_S
            finally:
                self._worker.job_runs = False
            await asyncio.sleep(pause_s)

    def _claim(self) -> ClaimedJob | None:
        """Begin the next job, without those that had no room a moment ago."""
        now = monotonic()
        self._later = {name: due for name, due in self._later.items() if due > now}
        return self._store.claim(self._later)

    async def _run_one(self, job: ClaimedJob) -> float:
        """Run one job to its end; give how long to wait before the next one, seconds."""
        record = RequestLog(job.request_id, "JOB", "/jobs")
        record.begin()
        start, pause_s = perf_counter(), 0.0
        try:
            answer = await _JobRun(self._worker, self._store, job, self._thread).make()
            await run_in_threadpool(self._store.finish, job.id, answer)
        except UnknownJobError:
            record.outcome = "cancelled"
        except _StoppedError:
            record.outcome = "put back"
            await self._put_back(job)
        except Exception as error:  # whatever it is, the next job runs
            if _is_full(error) or isinstance(error, EngineUnavailableError | OverloadedError):
                log.warning("job of request %s is put back: %s", job.request_id, error)
                record.outcome = "put back"
                await self._put_back(job)
                if _is_full(error):  # others may have room, without what this one has fetched
                    self._later[job.id] = monotonic() + RETRY_S
                    await run_in_threadpool(_remove_fetched, job.folder)
                else:
                    pause_s = RETRY_S
            else:
                record.outcome = await run_in_threadpool(self._failed, job, error)
        record.seconds = perf_counter() - start
        write_line(record)
        gc.collect()  # the images of an error, see `service.middleware.ErrorEnvelope`
        return pause_s

    async def _put_back(self, job: ClaimedJob) -> None:
        """Queue a job again, once its journal has room for that."""
        while True:
            try:
                await run_in_threadpool(self._store.put_back, job.id)
                return
            except sqlite3.OperationalError:
                if self._worker.stopping:  # the next start queues it
                    raise
                log.exception("the journal of jobs cannot be written, next try in %g s", RETRY_S)
                await asyncio.sleep(RETRY_S)

    def _failed(self, job: ClaimedJob, error: Exception) -> str:
        _, body = describe(error, job.request_id)
        try:
            self._store.fail(job.id, JobFailure(error=body.error, type=body.type, files=body.files))
        except UnknownJobError:  # its files were removed under it
            return "cancelled"
        return body.type


class _JobRun:
    """One run of one job, in a thread of its own but for what takes turns with requests."""

    def __init__(
        self, worker: Worker, store: JobStore, job: ClaimedJob, thread: ThreadPoolExecutor
    ) -> None:
        self._worker = worker
        self._store = store
        self._job = job
        self._thread = thread
        self._loop = asyncio.get_running_loop()
        self._end = monotonic() + worker.settings.job_deadline_s
        self._next_note = 0.0

    async def make(self) -> Answer:
        """Make the product.

        Raises
        ------
        UnknownJobError
            The job was cancelled.
        _StoppedError
            The service stops.
        FarsideError
            The product cannot be made.
        """
        request = self._job.request
        model = await run_in_threadpool(self._worker.model, request.model)
        RequestLog.current().model = model.recipe.name
        files = await self._in_thread(self._gather, model)
        stack = await self._registered(files, model)
        made = await self._in_thread(self._translated, stack, model)
        self._note("write")
        made, content = await self._worker.pack(made, stack, request.format, request.seed)
        if not isinstance(request, FilesRequest) and request.output is not None:
            check_below(request.output, self._worker.settings.job_outputs)  # may have changed since
            await self._in_thread(
                self._apart, partial(self._note, "write"), write_object, request.output, content
            )
        return Answer(content, MEDIA_TYPES[request.format], product_headers(made, request.format))

    async def _in_thread(self, work: Callable[..., T], *args: object) -> T:
        here = partial(copy_context().run, work, *args)
        return await self._loop.run_in_executor(self._thread, here)

    async def _registered(self, files: list[_File], model: Model) -> Stack:
        size = sum(file.path.stat().st_size for file in files)
        if size > self._worker.settings.max_upload_bytes:
            raise FileTooLargeError(
                f"the files of the job hold {size / 1e6:.6g} MB, allowed are "
                f"{self._worker.settings.max_upload_mb:g} MB in all"
            )
        async with self._worker.memory(CLIENT, size):
            form = await run_in_threadpool(_form, files)
            return await self._worker.register(form, model, CLIENT, self._timed)

    def _translated(self, stack: Stack, model: Model) -> Magnetogram:
        engine = _EngineInTurn(self._worker, self._wait)
        return translate_batch([stack], model, engine, self._timed, self._on_tile)[0]

    def _gather(self, model: Model) -> list[_File]:
        """Bring the input files to the folder of the job."""
        job, request = self._job, self._job.request
        if isinstance(request, FilesRequest):
            return [
                _File(role, name, job.folder / str(number))
                for number, (role, name) in enumerate(request.files)
            ]
        self._note("fetch")
        if isinstance(request, FetchRequest):
            return self._fetched(request, model)
        return self._read(request)

    def _fetched(self, request: FetchRequest, model: Model) -> list[_File]:
        from astropy.time import Time

        from farside.fetch import fetch, load_archives  # sunpy's readers take a second to import
        from farside.fetch.fetch import A_SET, BEACON

        stop = Event()
        download = partial(
            fetch,
            Time(request.time),
            request.spacecraft,
            self._job.folder / "fetched",
            model.recipe,
            what=BEACON if request.beacon else A_SET,
            archives=load_archives(self._worker.settings.archives),
            cache=self._job.folder / "cache",
            stop=stop,
        )
        try:
            found = self._apart(partial(self._note, "fetch"), download)
        finally:
            stop.set()
        roles: tuple[tuple[Role, tuple[Path, ...]], ...] = (
            ("observation", found.observations),
            ("reference", found.references),
        )
        return [_File(role, path.name, path) for role, paths in roles for path in paths]

    def _read(self, request: AddressRequest) -> list[_File]:
        folder, settings = self._job.folder / "read", self._worker.settings
        folder.mkdir(parents=True, exist_ok=True)
        files, total = [], 0
        for number, (role, address) in enumerate(request.files()):
            check_below(address, settings.job_inputs)  # the settings may have changed since
            note = partial(self._note, "fetch", number, len(request.files()))
            note()
            content = self._apart(note, read_object, address, settings.max_upload_bytes - total)
            total += len(content)
            if total > settings.max_upload_bytes:
                raise FileTooLargeError(
                    f"{address}: the objects up to here hold more than "
                    f"{settings.max_upload_mb:g} MB, which are allowed in all",
                    (name_in(address),),
                )
            path = folder / str(number)
            path.write_bytes(content)
            files.append(_File(role, plain_name(name_in(address)), path))
        return files

    @contextmanager
    def _timed(self, stage: Stage) -> Iterator[None]:
        self._note(stage)
        with self._worker.metrics.timed(stage):
            yield

    def _on_tile(self, done: int, tiles: int) -> None:
        self._note("infer", done, tiles)

    def _note(self, stage: str, done: int = 0, parts: int = 0) -> None:
        """Note the progress, not too often, and end the run where it must end."""
        self._check()
        if parts == 0 or monotonic() >= self._next_note:
            self._store.note(self._job.id, JobProgress(stage=stage, done=done, parts=parts))
            self._next_note = monotonic() + POLL_S

    def _check(self) -> None:
        if self._worker.stopping:
            raise _StoppedError("the service stops")
        if monotonic() > self._end:
            raise DeadlineError(
                f"the job ran longer than the {self._worker.settings.job_deadline_s:g} s it may"
            )

    def _wait(self, model: str, tensor: Tensor) -> Tensor:
        """Wait for a forward that takes its turn, or for a reason to give it up."""
        forward = asyncio.run_coroutine_threadsafe(self._worker.infer(model, tensor), self._loop)
        return _result(forward, self._check)

    def _apart(self, note: Callable[[], None], work: Callable[..., T], *args: object) -> T:
        """Do what waits for others, who may be silent for minutes: no end of the run waits for it.

        A thread of a pool would hold the end of the process up.
        """
        done: Future[T] = Future()
        Thread(target=_set_result, args=(done, work, args), daemon=True).start()
        return _result(done, note)


def _set_result(done: Future[T], work: Callable[..., T], args: tuple[object, ...]) -> None:
    done.set_running_or_notify_cancel()
    try:
        done.set_result(work(*args))
    except BaseException as error:
        done.set_exception(error)


def _result(done: Future[T], check: Callable[[], None]) -> T:
    """Result of what another thread does, unless a check in between finds a reason to end."""
    while True:
        try:
            return done.result(POLL_S)
        except TimeoutError:
            if done.done():  # its own
                raise
        try:
            check()
        except FarsideError:
            done.cancel()
            raise


class _EngineInTurn:
    """Engine of a worker, each of whose forwards waits for its turn."""

    def __init__(self, worker: Worker, infer: Callable[[str, Tensor], Tensor]) -> None:
        self.name = worker.engine.name
        self.precision = worker.engine.precision
        self.batch = 1
        self.models = worker.engine.models
        self.ready = worker.engine.ready
        self.buffer = worker.engine.buffer
        self.close = worker.engine.close
        self.infer = infer


def _remove_fetched(folder: Path) -> None:
    for path in folder.glob("*/"):  # what was uploaded are files
        shutil.rmtree(path, ignore_errors=True)


def _is_full(error: Exception) -> bool:
    """Whether a disk is full, that of the files or that of the journal."""
    is_full = isinstance(error, OSError) and error.errno in NO_ROOM
    return is_full or isinstance(error, DiskFullError | sqlite3.OperationalError)


def _form(files: list[_File]) -> GenerateForm:
    """Read the files of a job into memory."""

    def of(role: Role) -> tuple[Upload, ...]:
        return tuple(
            upload_of(plain_name(file.name), file.path.read_bytes())
            for file in files
            if file.role == role
        )

    return GenerateForm(observation=of("observation"), reference=of("reference"))
