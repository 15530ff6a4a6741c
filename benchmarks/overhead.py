"""Overhead of the service over the bare engine and over the pipeline without a server.

Each round processes the same set of files three times, in an order that rotates between rounds: one
forward pass of the bare engine, the pipeline in this process (read, register, translate, write),
and a request to the service by one client. Reported are medians, and medians of the differences
within rounds, so that a temporarily slow machine affects all three. Engine, threads and settings
are the service's own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx
import numpy as np
from numpy.typing import NDArray

from benchmarks.load import Request, connect, post, run_clients
from farside.magnetogram.encoding import encode
from farside.model.engine import Engine, Model, find_model
from farside.pipeline import prepare, translate

Seconds = NDArray[np.float64]

HEADER = (
    f"{'network':22s}{'engine':9s}{'files':7s}{'engine s':>9s}{'prepare s':>10s}"
    f"{'pipeline s':>11s}{'service s':>10s}  over the pipeline: ms (quartiles)     %"
    f"  over the engine %  beyond both ms  2 clients, s each (over the engine)"
)


@dataclass(frozen=True)
class Overhead:
    """Seconds of each round.

    Attributes
    ----------
    engine
        One forward pass.
    prepare
        Reading and registration in the pipeline.
    pipeline
        From files to product in one process.
    service
        From request to answer.
    under_two_s
        Seconds per magnetogram with two clients: reading for one overlaps the forward pass of the
        other.
    """

    engine: Seconds
    prepare: Seconds
    pipeline: Seconds
    service: Seconds
    under_two_s: float

    def row(self, network: str, engine: str, files: str) -> str:
        """Line of the table."""
        over_pipeline = self.service - self.pipeline
        low, high = 1e3 * np.quantile(over_pipeline, (0.25, 0.75))
        over_engine = np.median(self.service - self.engine)
        beyond = np.median(self.service - self.engine - self.prepare)
        alone = np.median(self.engine)
        return (
            f"{network:22s}{engine:9s}{files:7s}{alone:9.3f}{np.median(self.prepare):10.3f}"
            f"{np.median(self.pipeline):11.3f}{np.median(self.service):10.3f}"
            f"{1e3 * np.median(over_pipeline):20.1f} ({low:6.1f} to {high:6.1f})"
            f"{np.median(over_pipeline) / np.median(self.pipeline):6.1%}"
            f"{over_engine / alone:19.1%}{1e3 * beyond:16.1f}"
            f"{self.under_two_s:12.3f} ({self.under_two_s / alone - 1:+.1%})"
        )


def measure(engine: Engine, model: str, url: str, request: Request, rounds: int) -> Overhead:
    """Measure the overhead over a number of rounds, after one warm-up round."""
    found = find_model(engine, model)
    pipeline = _Pipeline(engine, found, request)
    with connect(url) as client:
        arms = (pipeline.forward, pipeline.run, lambda: _answered(client, request))
        engine_s, pipeline_s, service_s = alternate(arms, rounds)
    pair = run_clients(url, request, clients=2, each=max(2, rounds // 2))
    if pair.counts.keys() != {"200"}:
        raise RuntimeError(f"two clients got {dict(pair.counts)}, expected 200 alone")
    return Overhead(
        engine_s,
        np.array(pipeline.prepare_s[1:]),
        pipeline_s,
        service_s,
        pair.seconds / pair.counts.total(),
    )


def alternate(arms: Sequence[Callable[[], object]], rounds: int) -> list[Seconds]:
    """Time each arm once a round, starting with another arm each round, after a warm-up round."""
    seconds = np.empty((len(arms), rounds + 1))
    for number in range(rounds + 1):
        for step in range(len(arms)):
            arm = (number + step) % len(arms)
            start = time.perf_counter()
            arms[arm]()
            seconds[arm, number] = time.perf_counter() - start
    return list(seconds[:, 1:])


class _Pipeline:
    """Bare engine, and the pipeline of :mod:`farside.pipeline` around it.

    Attributes
    ----------
    prepare_s
        Seconds of reading and registration in every run.
    """

    def __init__(self, engine: Engine, model: Model, request: Request) -> None:
        self._engine, self._model, self._request = engine, model, request
        self.prepare_s: list[float] = []
        stack = prepare(request.observations, request.references, model.recipe)
        self._tensor = engine.buffer(model.handle)
        encode(stack, model.recipe, out=self._tensor)

    def forward(self) -> None:
        self._engine.infer(self._model.handle, self._tensor)

    def run(self) -> None:
        start = time.perf_counter()
        stack = prepare(self._request.observations, self._request.references, self._model.recipe)
        self.prepare_s.append(time.perf_counter() - start)
        translate(stack, self._model, self._engine).to_bytes()


def _answered(client: httpx.Client, request: Request) -> None:
    status = post(client, request)
    if status != "200":
        raise RuntimeError(f"the service answered {status}, expected 200")
