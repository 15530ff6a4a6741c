"""Journal of jobs and their files: nothing is lost or doubled by a kill at any moment.

A folder holds the journal, ``jobs.sqlite``, and a folder for each job, named by its id. A job is
there from the moment at which its row is committed, after its files are on the disk; it is done
from the moment at which its row says so, after its result is on the disk. Files without a row are
removed. Several processes may share the folder; the one that holds its lock runs the jobs.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
import secrets
import shutil
import sqlite3
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock

from farside.errors import (
    FarsideError,
    JobUnfinishedError,
    OtherRequestError,
    OverloadedError,
    UnknownJobError,
)
from farside.io.atomic import atomic_path, flush_to_disk
from farside.io.transaction import transaction
from farside.job import JOB_STATES, JobFailure, JobProgress, JobState, JobStatus
from service.job_request import JobRequest, parse_stored
from service.multipart import Upload
from service.settings import Settings

FILE_NAME = "jobs.sqlite"
LOCK = ".running.lock"
RESULT = "result"

SCHEMA_VERSION = 2

MOST_RUNS = 2
"""Runs of one job: one that was cut off by a kill is queued again once, a choice. A job that ends
the process each time, for example by its memory, would otherwise do so for ever."""

_ID = re.compile(r"[A-Za-z0-9_-]{32}")
"""Pattern of the ids that are made here: other folders, such as `lost+found`, are never touched."""

ORPHAN_S = 3600.0
"""Age at which a folder without a row is removed: longer than any upload is written."""

BUSY_S = 30.0
"""How long to wait for another process to end its transaction."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS job (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, repeat_key TEXT UNIQUE,
    digest TEXT NOT NULL, client TEXT NOT NULL, request_id TEXT NOT NULL, request TEXT NOT NULL,
    state TEXT NOT NULL, runs INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL,
    created REAL NOT NULL, started REAL, ended REAL,
    stage TEXT NOT NULL DEFAULT '', done INTEGER NOT NULL DEFAULT 0,
    parts INTEGER NOT NULL DEFAULT 0, answer TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS job_state ON job (state, number);
"""


@dataclass(frozen=True)
class Submission:
    """A job as it comes in.

    Attributes
    ----------
    request
        What is asked for.
    files
        Uploaded files, in the order of those of the request.
    client
        Name of its API key or its address; one client may have half of all jobs.
    request_id
        Id of the HTTP request.
    repeat_key
        Key of the client under which a repeated submission gives the same job; may be empty.
    """

    request: JobRequest
    files: Sequence[Upload]
    client: str
    request_id: str
    repeat_key: str = ""

    def digest(self) -> str:
        """SHA-256 of the request and its files, hexadecimal; empty without a key."""
        if not self.repeat_key:
            return ""
        found = hashlib.sha256(self.request.model_dump_json().encode())
        for file in self.files:
            found.update(hashlib.sha256(file.getbuffer()).digest())
        return found.hexdigest()


@dataclass(frozen=True)
class ClaimedJob:
    """A job that begins to run: id, request, folder of its files, and their bytes."""

    id: str
    request_id: str
    request: JobRequest
    folder: Path
    bytes: int


@dataclass(frozen=True)
class Answer:
    """HTTP answer with the result of a job."""

    content: bytes
    media_type: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class KeptAnswer:
    """HTTP answer whose content lies on the disk."""

    path: Path
    media_type: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class JobCounts:
    """Number of jobs in each state, age of the oldest that waits (s), and bytes of all files."""

    states: Mapping[JobState, int]
    oldest_queued_s: float
    bytes: int


class JobStore:
    """Jobs of one folder, which is created if missing.

    Raises
    ------
    FarsideError
        The folder or its journal cannot be used.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder = folder
        self._settings = settings
        self._lock = RLock()  # rows are read inside transactions too
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._journal = _opened(folder / FILE_NAME)
        except (OSError, sqlite3.Error) as error:
            raise FarsideError(f"the folder of jobs {folder} cannot be used: {error}") from error

    @property
    def is_full(self) -> bool:
        """Whether the results alone take as many bytes as all files may; they leave in time."""
        kept = self._rows("SELECT sum(bytes) AS bytes FROM job WHERE ended IS NOT NULL")[0]
        return (kept["bytes"] or 0) >= self._settings.jobs_gb * 1e9

    def submit(self, given: Submission) -> JobStatus:
        """Take a job: once this returns, no kill and no power cut loses it.

        Raises
        ------
        OverloadedError
            There are as many jobs as there may be, or no room for its files.
        OtherRequestError
            Its key was that of another request.
        """
        self.expire()
        digest = given.digest()
        if given.repeat_key and (known := self._rows(_OF_KEY, given.repeat_key)):
            return self._repeated(known[0], digest)
        size = sum(file.getbuffer().nbytes for file in given.files)
        self._check_room(given.client, size)
        name = secrets.token_urlsafe(24)
        try:
            self._write_files(name, given.files)
            with self._transaction():
                self._check_room(given.client, size)  # another process may have taken it meanwhile
                self._journal.execute(
                    "INSERT INTO job (id, repeat_key, digest, client, request_id, request, state,"
                    " bytes, created) VALUES (?, ?, ?, ?, ?, ?, 'queued', ?, ?)",
                    (name, given.repeat_key or None, digest, given.client, given.request_id,
                     given.request.model_dump_json(), size, time.time()),
                )  # fmt: skip
        except BaseException as error:
            self._remove_files(name)
            if isinstance(error, sqlite3.IntegrityError):  # the same key came twice at once
                return self._repeated(self._rows(_OF_KEY, given.repeat_key)[0], digest)
            if isinstance(error, OSError | sqlite3.OperationalError):
                raise OverloadedError(f"no room for a job: {error}; try again later") from error
            raise
        return self.status(name)

    def _repeated(self, known: sqlite3.Row, digest: str) -> JobStatus:
        """State of the job of a repeated submission."""
        if known["digest"] != digest:
            raise OtherRequestError(
                "got an Idempotency-Key that came before with another request, expected the same"
                " request, or a new key"
            )
        return self.status(known["id"])

    def status(self, name: str) -> JobStatus:
        """State of a job.

        Raises
        ------
        UnknownJobError
            There is none of this id.
        """
        row = self._row(name)
        waits, runs = row["state"] == "queued", row["state"] == "running"
        ahead = "SELECT count(*) AS n FROM job WHERE state = 'queued' AND number <= ?"
        kept_s = self._settings.job_kept_hours * 3600
        return JobStatus(
            id=name,
            state=row["state"],
            position=self._rows(ahead, row["number"])[0]["n"] if waits else None,
            progress=JobProgress(stage=row["stage"], done=row["done"], parts=row["parts"])
            if runs
            else None,
            failure=JobFailure.model_validate_json(row["answer"])
            if row["state"] == "failed"
            else None,
            created=_time(row["created"]),
            started=_time(row["started"]) if row["started"] else None,
            ended=_time(row["ended"]) if row["ended"] else None,
            expires=_time(row["ended"] + kept_s) if row["ended"] else None,
            request_id=row["request_id"],
        )

    def result(self, name: str) -> KeptAnswer | JobFailure:
        """Result of a job that is over: the product, or why there is none.

        Raises
        ------
        UnknownJobError, JobUnfinishedError
            There is none of this id; it waits or runs.
        """
        row = self._row(name)
        if row["state"] == "failed":
            return JobFailure.model_validate_json(row["answer"])
        if row["state"] != "done":
            raise JobUnfinishedError(f"the job is {row['state']}: it has no result yet")
        head = json.loads(row["answer"])
        return KeptAnswer(self._folder / name / RESULT, head["media_type"], head["headers"])

    def remove(self, name: str) -> None:
        """Forget a job: it leaves the queue, stops at its next report, or loses its result.

        Raises
        ------
        UnknownJobError
            There is none of this id.
        """
        with self._transaction():
            if not self._journal.execute("DELETE FROM job WHERE id = ?", (name,)).rowcount:
                raise _unknown()
        self._remove_files(name)

    def expire(self) -> None:
        """Remove the jobs whose result was kept for its time."""
        end = time.time() - self._settings.job_kept_hours * 3600
        for row in self._rows("SELECT id FROM job WHERE ended < ?", end):
            try:
                self.remove(row["id"])
            except UnknownJobError:  # another process was faster
                continue

    def counts(self) -> JobCounts:
        """Number of jobs by state, age of the oldest that waits, and bytes of all files."""
        rows = self._rows(
            "SELECT state, count(*) AS n, sum(bytes) AS bytes, min(created) AS oldest"
            " FROM job GROUP BY state"
        )
        by_state = {row["state"]: row for row in rows}
        waiting = by_state.get("queued")
        return JobCounts(
            {state: by_state[state]["n"] if state in by_state else 0 for state in JOB_STATES},
            max(0.0, time.time() - waiting["oldest"]) if waiting else 0.0,
            sum(row["bytes"] for row in rows),
        )

    @contextmanager
    def running(self) -> Iterator[bool]:
        """Hold the lock of the process that runs the jobs; False if another one holds it.

        The lock belongs to the open file, so it ends with the process, however that ends.
        """
        with (self._folder / LOCK).open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def recover(self) -> None:
        """Queue again what was cut off by a kill, in its old place; a second time it fails."""
        failure = JobFailure(
            error="the service ended each time while it ran this job; its log may say why",
            type="EngineFailedError",
            files=(),
        )
        with self._transaction():
            self._journal.execute(
                "UPDATE job SET state = 'failed', ended = ?, answer = ?"
                " WHERE state = 'running' AND runs >= ?",
                (time.time(), failure.model_dump_json(), MOST_RUNS),
            )
            self._journal.execute("UPDATE job SET state = 'queued' WHERE state = 'running'")
        known = {row["id"] for row in self._rows("SELECT id FROM job")}
        for path in self._folder.iterdir():
            is_orphan = _ID.fullmatch(path.name) and path.is_dir() and path.name not in known
            if is_orphan and time.time() - path.stat().st_mtime > ORPHAN_S:
                self._remove_files(path.name)

    def claim(self, without: Collection[str] = ()) -> ClaimedJob | None:
        """Begin the job that has waited longest, without some; None if none waits."""
        with self._transaction():
            rows = self._journal.execute(
                "UPDATE job SET state = 'running', runs = runs + 1, started = ?, stage = '',"
                " done = 0, parts = 0 WHERE number = (SELECT min(number) FROM job"
                " WHERE state = 'queued' AND id NOT IN (SELECT value FROM json_each(?)))"
                " RETURNING id, request_id, request, bytes",
                (time.time(), json.dumps(list(without))),
            ).fetchall()
        if not rows:
            return None
        (row,) = rows
        request = parse_stored(row["request"])
        return ClaimedJob(
            row["id"], row["request_id"], request, self._folder / row["id"], row["bytes"]
        )

    def note(self, name: str, progress: JobProgress) -> None:
        """Note the progress of a running job.

        Raises
        ------
        UnknownJobError
            It was cancelled.
        """
        with self._transaction():
            changed = self._journal.execute(
                "UPDATE job SET stage = ?, done = ?, parts = ? WHERE id = ?",
                (progress.stage, progress.done, progress.parts, name),
            ).rowcount
        self._check_there(name, changed)

    def put_back(self, name: str) -> None:
        """Queue a running job again, in its old place; its run does not count."""
        with self._transaction():
            changed = self._journal.execute(
                "UPDATE job SET state = 'queued', runs = runs - 1 WHERE id = ?", (name,)
            ).rowcount
        if not changed:
            self._remove_files(name)

    def finish(self, name: str, answer: Answer) -> None:
        """Keep the result of a job; its inputs are removed.

        Raises
        ------
        UnknownJobError
            It was cancelled.
        """
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        with atomic_path(folder / RESULT) as temporary:
            temporary.write_bytes(answer.content)
            flush_to_disk(temporary)
        flush_to_disk(folder)
        head = json.dumps({"media_type": answer.media_type, "headers": dict(answer.headers)})
        self._end(name, "done", head, len(answer.content))

    def fail(self, name: str, failure: JobFailure) -> None:
        """Keep why a job failed; its files are removed.

        Raises
        ------
        UnknownJobError
            It was cancelled.
        """
        self._end(name, "failed", failure.model_dump_json(), 0)

    def close(self) -> None:
        """Close the journal."""
        with self._lock:
            self._journal.close()

    def _end(self, name: str, state: JobState, answer: str, size: int) -> None:
        with self._transaction():
            changed = self._journal.execute(
                "UPDATE job SET state = ?, ended = ?, answer = ?, bytes = ? WHERE id = ?",
                (state, time.time(), answer, size, name),
            ).rowcount
        self._check_there(name, changed)
        for path in (self._folder / name).glob("*"):
            if path.name != RESULT:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _check_room(self, client: str, size: int) -> None:
        most, most_bytes = self._settings.jobs_most, self._settings.jobs_gb * 1e9
        row = self._rows(
            "SELECT count(*) AS n, sum(client = ?) AS own, sum(bytes) AS bytes FROM job", client
        )[0]
        if row["n"] >= most or (row["own"] or 0) >= (most + 1) // 2:
            raise OverloadedError(
                f"{row['n']} jobs wait, run or have a result, {row['own'] or 0} of this client:"
                f" expected fewer than {most}, and {(most + 1) // 2} of one client; try again"
                " later, or delete results"
            )
        if (row["bytes"] or 0) + size > most_bytes:
            raise OverloadedError(
                f"the files of all jobs take {(row['bytes'] or 0) / 1e9:.3g} GB, with this one more"
                f" than {self._settings.jobs_gb:g} GB; try again later, or delete results"
            )

    def _write_files(self, name: str, files: Sequence[Upload]) -> None:
        folder = self._folder / name
        folder.mkdir(mode=0o700)
        for number, file in enumerate(files):
            path = folder / str(number)
            path.write_bytes(file.getbuffer())
            flush_to_disk(path)
        flush_to_disk(folder)
        flush_to_disk(self._folder)

    def _check_there(self, name: str, changed: int) -> None:
        """Raise of a job that was cancelled, and remove what it wrote since."""
        if not changed:
            self._remove_files(name)
            raise _unknown()

    def _remove_files(self, name: str) -> None:
        shutil.rmtree(self._folder / name, ignore_errors=True)

    def _row(self, name: str) -> sqlite3.Row:
        rows = self._rows("SELECT * FROM job WHERE id = ?", name)
        if not rows:
            raise _unknown()
        return rows[0]

    def _rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self._journal.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock, transaction(self._journal):
            yield


_OF_KEY = "SELECT id, digest FROM job WHERE repeat_key = ?"


def _opened(path: Path) -> sqlite3.Connection:
    journal = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    journal.row_factory = sqlite3.Row
    journal.execute("PRAGMA journal_mode = WAL")
    # With WAL, NORMAL could lose the last transactions in a power cut.
    journal.execute("PRAGMA synchronous = FULL")
    version = journal.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        journal.executescript(
            f"BEGIN IMMEDIATE;{_SCHEMA}PRAGMA user_version = {SCHEMA_VERSION};COMMIT;"
        )
    elif version != SCHEMA_VERSION:
        raise FarsideError(
            f"{path} has version {version}, expected {SCHEMA_VERSION}: let its jobs end with the"
            " Farside that made it, then remove the folder"
        )
    return journal


def _unknown() -> UnknownJobError:
    return UnknownJobError("no job has this id: it was cancelled or has expired, or never was")


def _time(unix_s: float) -> datetime:
    return datetime.fromtimestamp(unix_s, UTC)
