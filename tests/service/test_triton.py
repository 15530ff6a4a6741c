"""The service in front of a real Triton: the same product, and honest errors while it is away."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest

from deploy.local_triton.processes import PATIENCE_S
from deploy.local_triton.server import TritonServer
from farside.magnetogram.magnetogram import Magnetogram
from farside.model.engines.torch import TorchEngine
from farside.pipeline import generate
from farside.simulation.instruments.files import SimulatedSet
from tests.support.live import Server, eventually, serving

DEADLINE_S = 20
"""Of a request: many times what one takes, and what the test of it has to wait for."""


@pytest.fixture(scope="module")
def server(tiny_triton: TritonServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("service")
    with serving(
        folder,
        triton_url=tiny_triton.url,
        model_repository=folder,
        default_model="tiny",
        deadline_s=DEADLINE_S,
    ) as running:
        yield running


def post(server: Server, files: SimulatedSet, model: str = "tiny") -> httpx.Response:
    parts = [("observation", (p.name, p.read_bytes())) for p in files.observations]
    parts += [("reference", (p.name, p.read_bytes())) for p in files.references]
    return httpx.post(
        f"{server.url}/generate", files=parts, data={"model": model}, timeout=PATIENCE_S
    )


def answered(server: Server, files: SimulatedSet, model: str = "tiny") -> httpx.Response:
    """The answer that comes in time; on a busy machine one may be late."""
    late = (504, "DeadlineError")
    while not (answer := post(server, files, model)).is_success and refusal(answer) == late:
        pass
    return answer


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"]


@pytest.mark.parametrize("model", ["tiny", "tiny:1"])
def test_product_is_the_embedded_engines(
    server: Server, simulated: SimulatedSet, repository: Path, model: str
) -> None:
    answer = answered(server, simulated, model)
    assert answer.is_success, answer.text
    made = Magnetogram.read(io.BytesIO(answer.content))
    engine = TorchEngine.from_repository(repository, threads=1)
    expected = generate(simulated.observations, simulated.references, "tiny", engine)
    span = float(np.nanmax(expected.image) - np.nanmin(expected.image))
    np.testing.assert_allclose(made.image, expected.image, rtol=0, atol=1e-5 * span)
    assert made.generator.identity == expected.generator.identity
    assert (made.generator.engine, made.generator.precision) == ("triton", "float32")


def test_model_that_triton_does_not_have_is_unknown(
    server: Server, simulated: SimulatedSet
) -> None:
    answer = answered(server, simulated, "tiny:7")
    assert refusal(answer) == (422, "UnknownModelError")


def test_silent_triton_is_504_until_it_speaks_again(
    server: Server, mortal_triton: TritonServer, simulated: SimulatedSet
) -> None:
    assert mortal_triton.process is not None
    mortal_triton.process.send_signal(signal.SIGSTOP)
    try:
        assert refusal(post(server, simulated)) == (504, "DeadlineError")
    finally:
        mortal_triton.process.send_signal(signal.SIGCONT)
    eventually(lambda: post(server, simulated).is_success)


def test_dead_backend_is_424_a_dead_triton_503_and_its_return_is_noticed(
    server: Server, mortal_triton: TritonServer, simulated: SimulatedSet
) -> None:
    def readiness() -> httpx.Response:
        return httpx.get(f"{server.url}/readyz", timeout=PATIENCE_S)

    for pid in mortal_triton.stubs():
        os.kill(pid, signal.SIGKILL)
    assert refusal(answered(server, simulated)) == (424, "EngineFailedError")
    assert refusal(readiness()) == (503, "EngineUnavailableError")
    mortal_triton.kill()
    assert refusal(readiness()) == (503, "EngineUnavailableError")
    assert int(readiness().headers["retry-after"]) > 0
    assert "tiny" in httpx.get(f"{server.url}/models", timeout=PATIENCE_S).text
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(post, server, simulated)
        mortal_triton.start()
        answer = waiting.result()
    if not answer.is_success:  # it was away for longer than a request may take
        assert refusal(answer) in {(503, "EngineUnavailableError"), (504, "DeadlineError")}
    eventually(lambda: readiness().is_success)
    assert answered(server, simulated).is_success
