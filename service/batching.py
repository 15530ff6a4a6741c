"""Micro-batching: requests queued for the same model share one forward pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Lock

from farside.magnetogram.magnetogram import Magnetogram
from farside.magnetogram.stack import Stack
from farside.model.engine import Engine, Model
from farside.pipeline import translate_batch
from service.metrics import Metrics
from service.request_log import RequestLog


@dataclass(frozen=True, eq=False)
class PendingRequest:
    """Request that waits for its model: model input, future result and log entry."""

    stack: Stack
    model: Model
    answer: Future[Magnetogram] = field(default_factory=Future)
    record: RequestLog = field(default_factory=RequestLog.current)


class Batcher:
    """Queue of requests for an engine, in order of arrival.

    The request at the head of the queue takes up to `Engine.batch` − 1 others for the same model
    with it. No request waits for others to arrive, and none is answered later than one by one.
    """

    def __init__(self, engine: Engine, metrics: Metrics) -> None:
        self._engine = engine
        self._metrics = metrics
        self._waiting: list[PendingRequest] = []
        self._lock = Lock()

    @contextmanager
    def pending(self, stack: Stack, model: Model) -> Iterator[PendingRequest]:
        """Queue a request until the end of the block; leaving the block early cancels it."""
        pending = PendingRequest(stack, model)
        with self._lock:
            self._waiting.append(pending)
        try:
            yield pending
        finally:
            with self._lock:
                if pending.answer.cancel():
                    self._waiting.remove(pending)

    def run(self, pending: PendingRequest) -> Magnetogram:
        """Run the network for a request, unless it already ran in the batch of another.

        Raises
        ------
        DamagedImageError, EngineError
            If this request fails alone: after a failed batch each of its requests runs again.
        """
        batch = self._next_batch(pending)
        if batch:
            self._run_batch(batch)
        return pending.answer.result()

    def _next_batch(self, pending: PendingRequest) -> list[PendingRequest]:
        with self._lock:
            if pending not in self._waiting:
                return []
            others = [
                one for one in self._waiting if one is not pending and one.model == pending.model
            ]
            batch = [pending, *others[: self._engine.batch - 1]]
            for one in batch:
                self._waiting.remove(one)
                one.answer.set_running_or_notify_cancel()  # from here on `cancel` does nothing
        return batch

    def _run_batch(self, batch: Sequence[PendingRequest]) -> None:
        model, stacks = batch[0].model, [one.stack for one in batch]
        timer = partial(self._metrics.timed, records=[one.record for one in batch])
        self._metrics.batch_size.labels(model.recipe.name).observe(len(batch))
        try:
            made = translate_batch(stacks, model, self._engine, timer)
        except Exception as error:  # whatever it is, each request gets its own
            if len(batch) == 1:
                batch[0].answer.set_exception(error)
                return
            for one in batch:
                self._run_batch([one])
            return
        for one, magnetogram in zip(batch, made, strict=True):
            one.answer.set_result(magnetogram)
