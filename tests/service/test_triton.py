"""The service in front of a real Triton: the same product, and honest errors while it is away."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from farside.engines.torch import TorchEngine
from farside.magnetogram import Magnetogram
from farside.pipeline import generate
from farside.simulation.files import SimulatedSet
from tests.live import Server, serving
from tests.tritonserver import TritonServer


@pytest.fixture(scope="module")
def server(
    triton_server: TritonServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("service")
    with serving(
        folder, triton_url=triton_server.url, model_repository=folder, default_model="tiny"
    ) as running:
        yield running


def post(server: Server, files: SimulatedSet, model: str = "tiny") -> httpx.Response:
    parts = [("observation", (p.name, p.read_bytes())) for p in files.observations]
    parts += [("reference", (p.name, p.read_bytes())) for p in files.references]
    return httpx.post(f"{server.url}/generate", files=parts, data={"model": model}, timeout=60)


@pytest.mark.parametrize("model", ["tiny", "tiny:1"])
def test_product_is_the_embedded_engines(
    server: Server, simulated: SimulatedSet, repository: Path, model: str
) -> None:
    answer = post(server, simulated, model)
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
    answer = post(server, simulated, "tiny:7")
    assert (answer.status_code, answer.json()["type"]) == (422, "UnknownModelError")


def test_killed_triton_is_no_end_of_the_service(
    server: Server, triton_server: TritonServer, simulated: SimulatedSet
) -> None:
    triton_server.kill()
    try:
        assert httpx.get(f"{server.url}/readyz", timeout=60).status_code == 503
        assert "tiny" in httpx.get(f"{server.url}/models", timeout=60).text
    finally:
        triton_server.launch()
    answer = post(server, simulated)  # waits for the server to come back, or says that it is away
    while answer.status_code == 503:
        assert answer.json()["type"] == "EngineUnavailableError"
        assert int(answer.headers["retry-after"]) > 0
        time.sleep(1)
        answer = post(server, simulated)
    assert answer.is_success, answer.text
    assert httpx.get(f"{server.url}/readyz", timeout=60).is_success
