"""Small models for real Triton servers, and what they answer."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from tritonclient.grpc.model_config_pb2 import ModelParameter

from deploy.local_triton.server import TritonServer
from export import onnx, torchscript, triton
from export.build import FILES, Build, Format
from export.precision import ServedNetwork, served_network
from farside.model import checkpoint
from farside.model.checkpoint import Checkpoint
from farside.model.engine import Tensor
from farside.model.engines import shared_memory
from farside.model.recipe import Recipe
from tests.support.rounding import same
from tests.support.small_model import generator, recipe_of

SLOW_S = 0.5
"""Duration of a forward pass of the model ``slow``."""

QUEUE = 2
"""Size of the queue of ``slow``."""


def small_checkpoint(name: str = "demo", version: str = "1") -> Checkpoint:
    """Small network; each version has its own weights."""
    network = generator(seed=int(version))
    recipe = recipe_of(network).model_copy(update={"name": name, "version": version})
    return Checkpoint(recipe, f"{int(version):064x}", network.state_dict())


def truth(tensor: Tensor, version: str = "1") -> Tensor:
    """Output of torch."""
    model = small_checkpoint(version=version)
    with torch.inference_mode():
        answer: Tensor = checkpoint.build(model.recipe, model.state)(
            torch.from_numpy(tensor)
        ).numpy()
    return answer


def alike(answer: Tensor, expected: Tensor) -> bool:
    """Whether two outputs of the small network are equal within rounding."""
    return same(answer, expected, generator(seed=1))


def noise(seed: int = 0, batch: int = 1) -> Tensor:
    """Random input of the small network."""
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
    """Export a slower network with the production configuration."""
    recipe: Recipe = model.recipe
    build = Build(kind, "fp32", "cpu", max_batch)
    config = triton.config(recipe, model.identity, build)
    config.dynamic_batching.default_queue_policy.max_queue_size = queue
    config.parameters["delay_s"].CopyFrom(ModelParameter(string_value=str(delay_s)))
    folder = repository / config.name
    (folder / recipe.version).mkdir(parents=True)
    network: ServedNetwork = served_network(model, "fp32")
    artefact = folder / recipe.version / FILES[kind]
    if kind == "onnx":
        onnx.write(network, recipe, artefact)
    else:
        torchscript.write(network, artefact)
    triton.write(config, folder / triton.FILE_NAME)


def our_regions(pid: int | None = None) -> set[str]:
    """Names of the regions in /dev/shm of this process, or of another."""
    return {path.name for path in shared_memory.FOLDER.glob(f"farside-{pid or os.getpid()}-*")}


def known_regions(server: TritonServer) -> set[str]:
    """Names of the regions registered with the server."""
    with server.client() as client:
        return set(client.get_system_shared_memory_status().regions)
