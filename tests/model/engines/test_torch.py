"""Torch engine: loading, inference and errors."""

import platform
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from farside.errors import (
    CheckpointError,
    EngineFailedError,
)
from farside.model import checkpoint
from farside.model.engine import Engine, Tensor
from farside.model.engines.torch import TorchEngine
from farside.model.networks.pix2pixcc import Generator
from farside.model.recipe import Recipe
from tests.support.small_model import generator, recipe_of


@pytest.fixture(scope="module")
def network() -> Generator:
    return generator(seed=2)


@pytest.fixture(scope="module")
def recipe(network: Generator) -> Recipe:
    return recipe_of(network)


@pytest.fixture
def repository(tmp_path: Path, network: Generator, recipe: Recipe) -> Path:
    path = tmp_path / "demo" / "1" / "model.safetensors"
    path.parent.mkdir(parents=True)
    checkpoint.write(path, network.state_dict(), recipe)
    return tmp_path


@pytest.fixture
def engine(repository: Path) -> TorchEngine:
    return TorchEngine.from_repository(repository, threads=1)


def noise(engine: Engine, batch: int = 1) -> Tensor:
    tensor = engine.buffer("demo", batch)
    tensor[...] = np.random.default_rng(0).normal(size=tensor.shape)
    return tensor


def wrap(engine: TorchEngine, forward: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """Replace the network by a function."""
    engine._networks["demo"].forward = forward


def test_answer_is_the_networks(engine: TorchEngine, network: Generator) -> None:
    tensor = noise(engine, batch=2)
    with torch.inference_mode():
        expected = network(torch.from_numpy(tensor)).numpy()
    np.testing.assert_array_equal(engine.infer("demo", tensor), expected)


def test_highest_version_is_loaded(repository: Path, network: Generator, recipe: Recipe) -> None:
    for version in ("2", "10"):
        path = repository / "demo" / version / "model.safetensors"
        path.parent.mkdir()
        newer = recipe.model_copy(update={"version": version})
        checkpoint.write(path, network.state_dict(), newer)
    engine = TorchEngine.from_repository(repository)
    assert engine.models()["demo"].recipe.version == "10"


def test_bfloat16_is_near_float32_and_answers_float32(
    repository: Path, engine: TorchEngine
) -> None:
    half = TorchEngine.from_repository(repository, precision="bfloat16")
    answer, exact = half.infer("demo", noise(half)), engine.infer("demo", noise(engine))
    assert answer.dtype == np.float32
    assert half.precision == "bfloat16"
    assert 0 < np.linalg.norm(answer - exact) < 0.1 * np.linalg.norm(exact)


def test_ready_after_a_small_input_was_answered(engine: TorchEngine) -> None:
    seen: list[tuple[int, ...]] = []
    network = engine._networks["demo"]
    network.register_forward_pre_hook(lambda _, given: seen.append(tuple(given[0].shape)))
    assert engine.ready()
    assert engine.ready()
    assert seen == [(1, 2, 8, 8)]


def test_not_ready_and_the_reason_logged_when_the_answer_is_not_finite(
    engine: TorchEngine, caplog: pytest.LogCaptureFixture
) -> None:
    wrap(engine, lambda x: x * float("nan"))
    assert not engine.ready()
    assert "demo answered values that are not finite" in caplog.text


def test_answer_that_is_not_finite_is_a_failure(engine: TorchEngine) -> None:
    wrap(engine, lambda x: x[:, :1] / 0)
    with pytest.raises(EngineFailedError, match="not finite"):
        engine.infer("demo", noise(engine))


def test_lack_of_memory_is_a_failure_and_the_next_forward_succeeds(engine: TorchEngine) -> None:
    wrap(engine, lambda _: torch.empty(2**60))
    with pytest.raises(EngineFailedError, match="demo failed"):
        engine.infer("demo", noise(engine))
    wrap(engine, lambda x: x[:, :1])
    assert engine.infer("demo", noise(engine)).shape == (1, 1, 64, 64)


def test_one_forward_at_a_time(engine: TorchEngine) -> None:
    running, most = [0], [0]

    def slow(x: torch.Tensor) -> torch.Tensor:
        running[0] += 1
        most[0] = max(most[0], running[0])
        time.sleep(0.02)
        running[0] -= 1
        return x[:, :1]

    wrap(engine, slow)
    threads = [
        threading.Thread(target=engine.infer, args=("demo", noise(engine))) for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_model_in_a_folder_of_another_name_is_refused(repository: Path) -> None:
    (repository / "demo").rename(repository / "other")
    with pytest.raises(CheckpointError, match="in other/1 says that it is demo/1"):
        TorchEngine.from_repository(repository)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_large_block_that_was_freed_is_used_again_in_any_thread() -> None:
    # The settings are the process's, hence one of its own.
    program = """
import resource, threading
import numpy as np
from farside.model.engines.allocator import keep_freed_memory

assert keep_freed_memory()
def allocate():
    np.ones(2**26, dtype=np.uint8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(2**26, dtype=np.uint8)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
thread = threading.Thread(target=allocate)
thread.start()
thread.join()
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  ours
    assert int(done.stdout) < 100  # of 16384 pages
