"""The real Tritons of the tests, and the small models in them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from tritonclient.grpc.model_config_pb2 import ModelParameter

from deploy.local_triton.server import TritonServer, triton_serving
from export import onnx, torchscript, triton
from export.build import FILES, Build, Format
from export.precision import Served, served
from farside.model import checkpoint
from farside.model.checkpoint import Checkpoint
from farside.model.engine import Tensor
from farside.model.engines import shared_memory
from farside.model.engines.triton import TritonEngine
from farside.model.recipe import Recipe
from tests.support.processes import PATIENCE_S
from tests.support.rounding import same
from tests.support.small_model import generator, recipe_of

SLOW_S = 0.5
"""How long one forward of the model ``slow`` takes."""

QUEUE = 2
"""Requests for ``slow`` that may wait."""


def small_checkpoint(name: str = "demo", version: str = "1") -> Checkpoint:
    """The small network; each version has weights of its own."""
    network = generator(seed=int(version))
    recipe = recipe_of(network).model_copy(update={"name": name, "version": version})
    return Checkpoint(recipe, f"{int(version):064x}", network.state_dict())


def truth(tensor: Tensor, version: str = "1") -> Tensor:
    """What torch answers."""
    model = small_checkpoint(version=version)
    with torch.inference_mode():
        answer: Tensor = checkpoint.build(model.recipe, model.state)(
            torch.from_numpy(tensor)
        ).numpy()
    return answer


def alike(answer: Tensor, expected: Tensor) -> bool:
    """Whether two answers of the small network differ by its rounding alone."""
    return same(answer, expected, generator(seed=1))


def noise(seed: int = 0, batch: int = 1) -> Tensor:
    """Something to ask the small network."""
    shape = (batch, 2, 64, 64)
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def publish(
    repository: Path,
    model: Checkpoint,
    max_batch: int,
    delay_s: float = 0,
    queue: int = 64,
    kind: Format = "torchscript",
) -> None:
    """Export with the production configuration, but for a slower stand-in."""
    recipe: Recipe = model.recipe
    build = Build(kind, "fp32", "cpu", max_batch)
    config = triton.config(recipe, model.identity, build)
    config.dynamic_batching.default_queue_policy.max_queue_size = queue
    config.parameters["delay_s"].CopyFrom(ModelParameter(string_value=str(delay_s)))
    folder = repository / config.name
    (folder / recipe.version).mkdir(parents=True)
    network: Served = served(model, "fp32")
    artefact = folder / recipe.version / FILES[kind]
    if kind == "onnx":
        onnx.write(network, recipe, artefact)
    else:
        torchscript.write(network, artefact)
    triton.write(config, folder / triton.FILE_NAME)


@pytest.fixture(scope="session")
def triton_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TritonServer]:
    """One Triton for all tests that break nothing: ``demo``, ``slow``, ``newer``."""
    folder = tmp_path_factory.mktemp("triton_repository")
    publish(folder, small_checkpoint(), max_batch=8, delay_s=0.02)
    publish(folder, small_checkpoint("slow"), max_batch=1, delay_s=SLOW_S, queue=QUEUE)
    publish(folder, small_checkpoint("newer"), max_batch=8)
    with triton_serving(folder, tmp_path_factory.mktemp("triton")) as running:
        yield running


@pytest.fixture(scope="session")
def tiny_triton(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TritonServer]:
    """Another, of the ``tiny`` that the service's tests know."""
    folder = tmp_path_factory.mktemp("tiny_triton_repository")
    tiny = checkpoint.read(repository / "tiny" / "1" / checkpoint.FILE_NAME)
    publish(folder, tiny, max_batch=4)
    with triton_serving(folder, tmp_path_factory.mktemp("tiny_triton")) as running:
        yield running


@pytest.fixture
def mortal_triton(tiny_triton: TritonServer) -> Iterator[TritonServer]:
    """The Triton of ``tiny``, which a test may kill or maim: the next test finds it whole."""
    yield tiny_triton
    engine = TritonEngine(tiny_triton.url)
    whole = engine.ready()
    engine.close()
    if not whole:
        tiny_triton.kill()
        tiny_triton.start()


def our_regions(pid: int | None = None) -> set[str]:
    """Names of the regions in /dev/shm that this process made, or another."""
    return {path.name for path in shared_memory.FOLDER.glob(f"farside-{pid or os.getpid()}-*")}


def known_regions(server: TritonServer) -> set[str]:
    """Names of the regions that the server knows."""
    with server.client() as client:
        return set(client.get_system_shared_memory_status().regions)


def eventually(promise: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Wait until something is so; a slow machine is no failure."""
    end = time.monotonic() + seconds
    while not promise():
        assert time.monotonic() < end
        time.sleep(0.02)
