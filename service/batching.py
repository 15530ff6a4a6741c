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
from farside.pipeline import translate_together
from service.metrics import Metrics
from service.request_log import Record


@dataclass(frozen=True, eq=False)
class Seat:
    """Request that waits for its model: model input, future result and log entry."""

    stack: Stack
    model: Model
    answer: Future[Magnetogram] = field(default_factory=Future)
    record: Record = field(default_factory=Record.current)


class Company:
    """Queue of requests for an engine, in order of arrival.

    The request at the head of the queue takes up to `Engine.batch` − 1 others for the same model
    with it. No request waits for others to arrive, and none is answered later than one by one.
    """

    def __init__(self, engine: Engine, metrics: Metrics) -> None:
        self._engine = engine
        self._metrics = metrics
        self._waiting: list[Seat] = []
        self._lock = Lock()

    @contextmanager
    def seat(self, stack: Stack, model: Model) -> Iterator[Seat]:
        """Queue a request until the end of the block; leaving the block early cancels it."""
        seat = Seat(stack, model)
        with self._lock:
            self._waiting.append(seat)
        try:
            yield seat
        finally:
            with self._lock:
                if seat.answer.cancel():
                    self._waiting.remove(seat)

    def serve(self, seat: Seat) -> Magnetogram:
        """Run the network for a request, unless it already ran in the batch of another.

        Raises
        ------
        DamagedImageError, EngineError
            If this request fails alone: after a failed batch each of its requests runs again.
        """
        company = self._called(seat)
        if company:
            self._translate(company)
        return seat.answer.result()

    def _called(self, seat: Seat) -> list[Seat]:
        with self._lock:
            if seat not in self._waiting:
                return []
            others = [one for one in self._waiting if one is not seat and one.model == seat.model]
            company = [seat, *others[: self._engine.batch - 1]]
            for one in company:
                self._waiting.remove(one)
                one.answer.set_running_or_notify_cancel()  # from here on `cancel` does nothing
        return company

    def _translate(self, company: Sequence[Seat]) -> None:
        model, stacks = company[0].model, [one.stack for one in company]
        timer = partial(self._metrics.timed, records=[one.record for one in company])
        self._metrics.batch_size.labels(model.recipe.name).observe(len(company))
        try:
            made = translate_together(stacks, model, self._engine, timer)
        except Exception as error:  # whatever it is, each request gets its own
            if len(company) == 1:
                company[0].answer.set_exception(error)
                return
            for one in company:
                self._translate([one])
            return
        for one, magnetogram in zip(company, made, strict=True):
            one.answer.set_result(magnetogram)
