"""Load generator for the service, and stage times from the service's metrics."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier

import httpx
import numpy as np
from astropy.time import Time
from numpy.typing import NDArray
from prometheus_client.parser import text_string_to_metric_families

from farside.simulation import SimulatedSet, write_set

TIMEOUT_S = 900.0
STAGES = ("upload", "read", "register", "encode", "infer", "decode", "write", "vitals")
WAITING, OTHER = "waiting", "other"


@dataclass(frozen=True)
class Request:
    """Seven files of a simulated set, and the multipart body that contains them.

    Attributes
    ----------
    observations, references
        Files for the pipeline without a server.
    body, content_type
        Request body, encoded once: on the same machine the client's own work would distort the
        measurement.
    """

    observations: tuple[bytes, ...]
    references: tuple[bytes, ...]
    body: bytes
    content_type: str


@dataclass(frozen=True)
class LoadResult:
    """Latencies and outcomes seen by clients that each post again as soon as they are answered.

    Attributes
    ----------
    seconds
        Time from the first request to the last answer.
    latencies_s
        Latencies of the answers with status 200.
    counts
        Requests by status, or by the name of httpx's error.
    """

    clients: int
    seconds: float
    latencies_s: NDArray[np.float64]
    counts: Counter[str]

    @property
    def unexpected(self) -> Counter[str]:
        """Outcomes other than a product (200) or a refusal by a full queue (429)."""
        good = ("200", "429")
        return Counter({kind: n for kind, n in self.counts.items() if kind not in good})


def simulated_request(size: str) -> Request:
    """Simulate a request of a size in :data:`farside.simulation.instruments.files.SIZES`."""
    with TemporaryDirectory() as folder:
        return request_of(
            write_set(Path(folder), Time("2026-02-14T00:00:00"), 120.0, seed=3, size=size)
        )


def request_of(files: SimulatedSet) -> Request:
    """Request for a magnetogram from a set of files."""
    parts = [("observation", (p.name, p.read_bytes())) for p in files.observations]
    parts += [("reference", (p.name, p.read_bytes())) for p in files.references]
    encoded = httpx.Request("POST", "http://localhost/", files=parts)
    return Request(
        tuple(content for role, (_, content) in parts if role == "observation"),
        tuple(content for role, (_, content) in parts if role == "reference"),
        encoded.read(),
        encoded.headers["content-type"],
    )


def connect(url: str) -> httpx.Client:
    """Open the persistent connection of one client."""
    return httpx.Client(base_url=url, timeout=TIMEOUT_S)


def post(client: httpx.Client, request: Request) -> str:
    """Post to ``/generate``; return the status, or the name of httpx's error."""
    headers = {"content-type": request.content_type}
    try:
        answer = client.post("/generate", content=request.body, headers=headers)
    except httpx.TransportError as error:
        return type(error).__name__
    return str(answer.status_code)


def run_clients(url: str, request: Request, clients: int, each: int) -> LoadResult:
    """Run clients that start together and post `each` requests one after the other."""
    together = Barrier(clients)

    def run() -> list[tuple[str, float, float]]:
        with connect(url) as client:
            together.wait()
            return [_timed(client, request) for _ in range(each)]

    with ThreadPoolExecutor(clients) as pool:
        runs = [pool.submit(run) for _ in range(clients)]
        answers = [answer for done in runs for answer in done.result()]
    return LoadResult(
        clients,
        max(end for _, _, end in answers) - min(start for _, start, _ in answers),
        np.array([end - start for status, start, end in answers if status == "200"]),
        Counter(status for status, _, _ in answers),
    )


def _timed(client: httpx.Client, request: Request) -> tuple[str, float, float]:
    start = time.perf_counter()
    status = post(client, request)
    return status, start, time.perf_counter()


def stage_seconds(text: str) -> dict[str, float]:
    """Seconds spent in each stage and in the queue, from the text of the service's metrics."""
    seconds = dict.fromkeys((*STAGES, WAITING), 0.0)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "farside_stage_seconds_sum":
                stage = sample.labels["stage"]
                seconds[stage] = seconds.get(stage, 0.0) + sample.value
            if sample.name == "farside_queue_seconds_sum":
                seconds[WAITING] += sample.value
    return seconds


def shares(before: dict[str, float], after: dict[str, float], load: LoadResult) -> dict[str, float]:
    """Fraction of each stage in the total latency; the rest is ``other``.

    Other is time in no stage: transfer of the answer, HTTP, and waiting for the interpreter lock.
    """
    total = float(load.latencies_s.sum())
    found = {stage: (after[stage] - before.get(stage, 0.0)) / total for stage in after}
    return found | {OTHER: 1 - sum(found.values())}
