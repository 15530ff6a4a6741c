"""Triton engine against a real Triton Inference Server on the CPU."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import NamedTuple

import numpy as np
import pytest
from tritonclient.grpc import InferInput
from tritonclient.utils import InferenceServerException

from deploy.local_triton.server import TritonServer
from farside.errors import (
    DeadlineError,
    EngineUnavailableError,
    InputShapeError,
    UnknownModelError,
)
from farside.model.engine import Tensor, find_model
from farside.model.engines.triton import TritonEngine
from tests.support.live import eventually
from tests.support.triton_live import SLOW_S, alike, noise, small_checkpoint, truth

DEMO = "demo-torchscript"


@pytest.fixture
def engine(triton_server: TritonServer) -> Iterator[TritonEngine]:
    opened = TritonEngine(triton_server.url)
    yield opened
    opened.close()


@pytest.fixture(params=[4, 0], ids=["shared memory", "bytes"])
def either(request: pytest.FixtureRequest, triton_server: TritonServer) -> Iterator[TritonEngine]:
    opened = TritonEngine(triton_server.url, slots=request.param)
    yield opened
    opened.close()


class Counts(NamedTuple):
    images: int
    forwards: int


def counted(server: TritonServer) -> Counts:
    """Number of executions of ``demo``, from the statistics of the server."""
    with server.client() as client:
        (model,) = client.get_inference_statistics(DEMO).model_stats
    return Counts(model.inference_count, model.execution_count)


def raw_input(dtype: str = "FP32", channels: int = 2) -> list[InferInput]:
    given = InferInput("INPUT__0", [1, channels, 64, 64], dtype)
    kind = np.float32 if dtype == "FP32" else np.int32
    given.set_data_from_numpy(np.zeros((1, channels, 64, 64), kind))
    return [given]


def test_answer_is_torchs_bit_for_bit(either: TritonEngine) -> None:
    tensor = either.buffer("demo")
    tensor[...] = noise()
    np.testing.assert_array_equal(either.infer("demo", tensor), truth(noise()))


def test_array_from_elsewhere_is_answered_too(either: TritonEngine) -> None:
    turned = np.asfortranarray(noise())
    turned.flags.writeable = False
    np.testing.assert_array_equal(either.infer("demo", turned), truth(noise()))


def test_more_images_than_the_server_takes_at_once_are_answered_in_parts(
    either: TritonEngine,
) -> None:
    tensor = either.buffer("demo", 11)
    tensor[...] = noise(batch=11)
    assert alike(either.infer("demo", tensor), truth(noise(batch=11)))
    np.testing.assert_array_equal(tensor, noise(batch=11))


def test_model_is_described_by_the_server_alone(engine: TritonEngine) -> None:
    model, published = engine.models()["demo"], small_checkpoint()
    assert (model.recipe, model.identity) == (published.recipe, published.identity)
    assert (model.precision, model.handle) == ("float32", "demo:1")
    assert find_model(engine, "demo:1") == model


def test_wrong_shape_and_type_are_refused(either: TritonEngine) -> None:
    wrong: list[Tensor] = [np.zeros((1, 3, 64, 64), np.float32), np.zeros((1, 2, 64, 64), np.int32)]
    for tensor in wrong:
        with pytest.raises(InputShapeError, match=r"expected float32 \('n', 2, 64, 64\)"):
            either.infer("demo", tensor)


@pytest.mark.parametrize("given", [raw_input(channels=3), raw_input(dtype="INT32")])
def test_the_servers_configuration_refuses_them_too(
    triton_server: TritonServer, given: list[InferInput]
) -> None:
    with (
        triton_server.client() as client,
        pytest.raises(InferenceServerException, match="INVALID_ARGUMENT"),
    ):
        client.infer(DEMO, given)


@pytest.mark.parametrize("name", ["aisfm", "demo:7", DEMO])
def test_unknown_model_or_version_is_refused_with_those_loaded(
    engine: TritonEngine, name: str
) -> None:
    for ask in (engine.buffer, lambda name: engine.infer(name, noise())):
        with pytest.raises(
            UnknownModelError, match=f"no model '{name}' is loaded: got demo, newer, slow"
        ):
            ask(name)


def test_requests_side_by_side_share_forwards(triton_server: TritonServer) -> None:
    before = counted(triton_server)
    with closing(TritonEngine(triton_server.url, slots=8)) as engine, ThreadPoolExecutor(8) as many:
        answers = list(many.map(lambda seed: engine.infer("demo", noise(seed)), range(32)))
    after = counted(triton_server)
    assert after.images - before.images == 32
    assert after.forwards - before.forwards < 32
    for seed, answer in enumerate(answers):
        assert alike(answer, truth(noise(seed)))


def test_metrics_are_those_of_the_statistics(
    engine: TritonEngine, triton_server: TritonServer
) -> None:
    def metric(name: str) -> int:
        found = re.search(rf'^{name}{{model="{DEMO}".*}} (\d+)', triton_server.metrics(), re.M)
        return int(found[1]) if found else 0

    before = counted(triton_server)
    engine.infer("demo", noise(batch=3))
    after = counted(triton_server)
    assert (after.images, after.forwards) == (before.images + 3, before.forwards + 1)
    eventually(lambda: metric("nv_inference_count") == after.images)
    eventually(lambda: metric("nv_inference_exec_count") == after.forwards)


def test_late_answer_is_a_deadline(triton_server: TritonServer) -> None:
    with (
        closing(TritonEngine(triton_server.url, slots=0, deadline_s=SLOW_S / 2)) as hasty,
        pytest.raises(DeadlineError, match="slow-torchscript version 1"),
    ):
        hasty.infer("slow", noise())


def test_full_queue_is_said_at_once(engine: TritonEngine) -> None:
    outcomes: list[str] = []

    def ask(seed: int) -> None:
        try:
            engine.infer("slow", noise(seed))
            outcomes.append("answered")
        except EngineUnavailableError as error:
            outcomes.append(str(error))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(ask, range(8)))
    assert "Exceeds maximum queue size" in outcomes[0]
    assert outcomes[-1] == "answered"


def test_client_that_cancels_disturbs_nobody(
    engine: TritonEngine, triton_server: TritonServer
) -> None:
    outcomes: list[str] = []

    def note(result: object, error: Exception | None) -> None:
        outcomes.append(f"{result} {error}")

    with triton_server.client() as client, ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(engine.infer, "slow", noise())
        time.sleep(SLOW_S / 3)
        client.async_infer("slow-torchscript", raw_input(), note).cancel()
        np.testing.assert_array_equal(waiting.result(), truth(noise()))
        eventually(lambda: bool(outcomes))
    assert "cancelled" in outcomes[0].lower()
    np.testing.assert_array_equal(engine.infer("slow", noise(3)), truth(noise(3)))


def test_nothing_at_the_address_is_said(caplog: pytest.LogCaptureFixture) -> None:
    engine = TritonEngine("127.0.0.1:9", patience_s=0.2)
    assert not engine.ready()
    assert "no answer from Triton at 127.0.0.1:9" in caplog.text
    for ask in (engine.models, lambda: engine.infer("demo", noise())):
        with pytest.raises(EngineUnavailableError, match="no answer from Triton"):
            ask()
    engine.close()
