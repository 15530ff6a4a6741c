"""One real Triton for all tests that need one, and the small models in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from tritonclient.grpc.model_config_pb2 import ModelParameter

from export import onnx, torchscript, triton
from export.build import FILES, Build, Format
from export.precision import Served, served
from farside import checkpoint
from farside.checkpoint import Checkpoint
from farside.engine import Tensor
from farside.recipe import Recipe
from tests.small_model import generator, recipe_of
from tests.tritonserver import TritonServer, triton_serving

SLOW_S = 0.6
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
def triton_repository(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``demo``, ``slow``, and the ``tiny`` that the service's tests know."""
    folder = tmp_path_factory.mktemp("triton_repository")
    publish(folder, small_checkpoint(), max_batch=8, delay_s=0.02)
    publish(folder, small_checkpoint("slow"), max_batch=1, delay_s=SLOW_S, queue=QUEUE)
    tiny = checkpoint.read(repository / "tiny" / "1" / checkpoint.FILE_NAME)
    publish(folder, tiny, max_batch=4)
    publish(folder, tiny, max_batch=4, kind="onnx")
    return folder


@pytest.fixture(scope="session")
def triton_server(
    triton_repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TritonServer]:
    """A Triton with those models, for the whole session: whoever breaks it repairs it."""
    with triton_serving(triton_repository, tmp_path_factory.mktemp("triton")) as running:
        yield running
