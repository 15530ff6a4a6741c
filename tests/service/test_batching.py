"""Who runs with whom: real stacks, and an engine that takes several at a time."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import numpy as np
import pytest
from astropy.time import Time
from prometheus_client import CollectorRegistry

from deploy.local_triton.processes import PATIENCE_S
from farside.disk.registration import Disk
from farside.errors import DamagedImageError, EngineFailedError
from farside.magnetogram.magnetogram import Magnetogram
from farside.magnetogram.stack import Stack
from farside.model.engine import Model, Tensor
from farside.observation.image import Origin
from farside.quality import Quality
from farside.sun.grid import Image
from farside.sun.observer import Observer
from service.batching import Batcher
from service.metrics import Metrics
from tests.support.small_model import RECIPE, Echo

TIME = Time("2026-11-14T00:00:00", scale="utc")
STEREO = Observer(70.0, 3.0, 1.44e11)
CURSED = 666.0


class Counting(Echo):
    """Answers with the field; fails on a field of 666 G, and on all once it is closed."""

    def __init__(self, batch: int, *names: str) -> None:
        super().__init__(planes=slice(1, None))
        self.batch = batch
        self.runs: list[tuple[str, int]] = []
        self._named = {
            name: Model(RECIPE.model_copy(update={"name": name}), "ab" * 32)
            for name in names or ("demo",)
        }

    def models(self) -> dict[str, Model]:
        return self._named

    def infer(self, model: str, tensor: Tensor) -> Tensor:
        self.runs.append((model, len(tensor)))
        if np.isclose(tensor[:, 1].max(axis=(1, 2)), CURSED / 1500).any():
            raise EngineFailedError("answered values that are not finite")
        return tensor[:, 1:]


def stack_of(field_gauss: float, brightness: float = 4.0) -> Stack:
    def disk(level: float, instrument: str, band: str) -> Disk:
        image: Image = np.full((RECIPE.disk.size_px,) * 2, level, np.float32)
        return Disk(image, RECIPE.disk, Origin(instrument, band, TIME, STEREO, band, "0" * 64))

    disks = disk(brightness, "EUVI-A", "195"), disk(field_gauss, "HMI", "LOS")
    return Stack(disks, TIME, STEREO, "STEREO_A", Quality.GOOD)


def field_of(made: Magnetogram) -> float:
    return float(np.nanmedian(made.image))


def served(engine: Counting, asked: Mapping[float, str]) -> list[float]:
    """Let all sit down, then serve one after the other as a thread with turns does."""
    batcher = Batcher(engine, Metrics(CollectorRegistry()))
    with ExitStack() as table:
        requests = [
            table.enter_context(batcher.pending(stack_of(gauss), engine.models()[name]))
            for gauss, name in asked.items()
        ]
        return [field_of(batcher.run(pending)) for pending in requests]


def test_those_who_wait_run_together_and_each_gets_its_own() -> None:
    engine = Counting(4)
    fields = [10.0 * k for k in range(1, 7)]
    np.testing.assert_allclose(served(engine, dict.fromkeys(fields, "demo")), fields, rtol=1e-5)
    assert engine.runs == [("demo", 4), ("demo", 2)]


def test_where_batches_do_not_pay_each_runs_alone() -> None:
    engine = Counting(1)
    np.testing.assert_allclose(served(engine, {10.0: "demo", 20.0: "demo"}), [10, 20], rtol=1e-5)
    assert engine.runs == [("demo", 1), ("demo", 1)]


def test_only_the_same_model_keeps_company() -> None:
    engine = Counting(4, "one", "other")
    asked = {10.0: "one", 20.0: "other", 30.0: "one", 40.0: "other"}
    np.testing.assert_allclose(served(engine, asked), list(asked), rtol=1e-5)
    assert engine.runs == [("one", 2), ("other", 2)]


@pytest.mark.parametrize(
    ("bad", "error"),
    [(stack_of(20.0, brightness=0.0), DamagedImageError), (stack_of(CURSED), EngineFailedError)],
    ids=["dark image", "failed forward"],
)
def test_one_bad_stack_fails_alone(bad: Stack, error: type[Exception]) -> None:
    engine = Counting(3)
    batcher, model = Batcher(engine, Metrics(CollectorRegistry())), engine.models()["demo"]
    with ExitStack() as table:
        first, second, third = (
            table.enter_context(batcher.pending(stack, model))
            for stack in (stack_of(10.0), bad, stack_of(30.0))
        )
        assert field_of(batcher.run(first)) == pytest.approx(10.0, rel=1e-5)
        with pytest.raises(error):
            batcher.run(second)
        assert field_of(batcher.run(third)) == pytest.approx(30.0, rel=1e-5)


def test_who_leaves_before_the_turn_is_not_run() -> None:
    engine = Counting(3)
    batcher, model = Batcher(engine, Metrics(CollectorRegistry())), engine.models()["demo"]
    with batcher.pending(stack_of(10.0), model) as stays:
        with batcher.pending(stack_of(20.0), model):
            pass
        batcher.run(stays)
    assert engine.runs == [("demo", 1)]


def test_who_comes_while_a_forward_runs_goes_with_the_next() -> None:
    engine = Slow(2)
    batcher, model = Batcher(engine, Metrics(CollectorRegistry())), engine.models()["demo"]
    with ExitStack() as table, ThreadPoolExecutor(1) as thread:
        requests = [table.enter_context(batcher.pending(stack_of(10.0), model))]
        running = thread.submit(batcher.run, requests[0])
        assert engine.begun.wait(PATIENCE_S)
        requests += [table.enter_context(batcher.pending(stack_of(g), model)) for g in (20.0, 30.0)]
        engine.go.set()
        running.result(PATIENCE_S)
        assert [field_of(batcher.run(pending)) for pending in requests] == pytest.approx(
            [10, 20, 30]
        )
    assert engine.runs == [("demo", 1), ("demo", 2)]


class Slow(Counting):
    """Waits in each forward until it is let go."""

    def __init__(self, batch: int) -> None:
        super().__init__(batch)
        self.begun, self.go = threading.Event(), threading.Event()

    def infer(self, model: str, tensor: Tensor) -> Tensor:
        self.begun.set()
        assert self.go.wait(PATIENCE_S)
        return super().infer(model, tensor)


def test_a_turn_that_comes_while_another_runs_this_stack_waits_for_its_answer() -> None:
    engine = Slow(2)
    batcher, model = Batcher(engine, Metrics(CollectorRegistry())), engine.models()["demo"]
    with ExitStack() as table, ThreadPoolExecutor(2) as threads:
        requests = [table.enter_context(batcher.pending(stack_of(g), model)) for g in (10.0, 20.0)]
        first = threads.submit(batcher.run, requests[0])
        assert engine.begun.wait(PATIENCE_S)
        second = threads.submit(batcher.run, requests[1])
        assert not second.done()
        engine.go.set()
        assert [field_of(one.result(PATIENCE_S)) for one in (first, second)] == pytest.approx(
            [10, 20]
        )
    assert engine.runs == [("demo", 2)]
