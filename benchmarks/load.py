"""Clients of the service, and what its own metrics say that it did meanwhile."""

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

from farside.simulation import write_set

TIMEOUT_S = 900.0
STAGES = ("upload", "read", "register", "encode", "infer", "decode", "write", "vitals")
WAITING, OTHER = "waiting", "other"


@dataclass(frozen=True)
class Request:
    """Seven files, and the multipart body that carries them.

    Attributes
    ----------
    observations, references
        For the pipeline without a server.
    body, content_type
        Encoded once: on the machine of the server a client's own work would be measured with it.
    """

    observations: tuple[bytes, ...]
    references: tuple[bytes, ...]
    body: bytes
    content_type: str


@dataclass(frozen=True)
class Load:
    """What some clients, each posting again as soon as it is answered, saw.

    Attributes
    ----------
    seconds
        From the first request to the last answer.
    latencies_s
        Of the answers with status 200.
    counts
        Requests by status, or by the name of httpx's error.
    """

    clients: int
    seconds: float
    latencies_s: NDArray[np.float64]
    counts: Counter[str]

    @property
    def unexpected(self) -> Counter[str]:
        """All that is neither an answer nor a refusal for want of a place."""
        good = ("200", "429")
        return Counter({kind: n for kind, n in self.counts.items() if kind not in good})


def simulated_request(size: str) -> Request:
    """Simulate a set of a key of :data:`farside.simulation.instruments.files.SIZES`."""
    with TemporaryDirectory() as folder:
        files = write_set(Path(folder), Time("2026-02-14T00:00:00"), 120.0, seed=3, size=size)
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
    """Open the connection of one client, which it keeps."""
    return httpx.Client(base_url=url, timeout=TIMEOUT_S)


def post(client: httpx.Client, request: Request) -> str:
    """Post to ``/generate`` and give the status, or the name of what went wrong."""
    headers = {"content-type": request.content_type}
    try:
        answer = client.post("/generate", content=request.body, headers=headers)
    except httpx.TransportError as error:
        return type(error).__name__
    return str(answer.status_code)


def press(url: str, request: Request, clients: int, each: int) -> Load:
    """Let clients that begin together post `each` requests one after the other."""
    together = Barrier(clients)

    def run() -> list[tuple[str, float, float]]:
        with connect(url) as client:
            together.wait()
            return [_timed(client, request) for _ in range(each)]

    with ThreadPoolExecutor(clients) as pool:
        runs = [pool.submit(run) for _ in range(clients)]
        answers = [answer for done in runs for answer in done.result()]
    return Load(
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
    """Read what the service has spent on each stage, and let requests wait, from its metrics."""
    seconds = dict.fromkeys((*STAGES, WAITING), 0.0)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "farside_stage_seconds_sum":
                stage = sample.labels["stage"]
                seconds[stage] = seconds.get(stage, 0.0) + sample.value
            if sample.name == "farside_queue_seconds_sum":
                seconds[WAITING] += sample.value
    return seconds


def shares(before: dict[str, float], after: dict[str, float], load: Load) -> dict[str, float]:
    """Share of each stage in the time that clients waited; the rest is ``other``.

    Other is what no stage counts: the answer's way, HTTP, and the wait for the interpreter.
    """
    total = float(load.latencies_s.sum())
    found = {stage: (after[stage] - before.get(stage, 0.0)) / total for stage in after}
    return found | {OTHER: 1 - sum(found.values())}
