"""Stored graphs: the same network without torch, never of other weights, made anew when damaged."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from farside.errors import EngineUnavailableError
from farside.model import checkpoint
from farside.model.engine import Engine, Tensor
from farside.model.engines.torch import TorchEngine
from farside.model.networks import Network
from tests.support.live import ROOT
from tests.support.shipped import SHIPPED, difference, name_of
from tests.support.small_model import generator, recipe_of

pytest.importorskip("openvino")
from farside.model.engines import openvino_network
from farside.model.engines.openvino import OpenVinoEngine
from farside.model.engines.openvino_network import FILE_NAME, open_network, store_network

WITHOUT_TORCH = """
import importlib.abc, sys
from pathlib import Path
import numpy as np

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
from farside.model.engines import embedded
engine = embedded(Path(sys.argv[1]), threads=1)
np.save(sys.argv[3], engine.infer("demo", np.load(sys.argv[2])))
"""


def write(repository: Path, network: Network) -> Path:
    path = repository / "demo" / "1" / checkpoint.FILE_NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoint.write(path, network.state_dict(), recipe_of(network))
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write(tmp_path / "repository", generator(seed=2))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("FARSIDE_CACHE", str(folder))
    return folder


@pytest.fixture
def no_tracing(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """What makes torch look as if it were not installed."""
    return lambda: monkeypatch.setattr(openvino_network, "find_spec", lambda _: None)


def answer(engine: Engine) -> Tensor:
    tensor = engine.buffer("demo")
    tensor[...] = np.random.default_rng(0).normal(size=tensor.shape)
    return engine.infer("demo", tensor)


def opened(model: Path) -> Tensor:
    return answer(OpenVinoEngine.from_repository(model.parents[2], threads=1))


def test_a_graph_beside_the_model_needs_no_torch(model: Path, tmp_path: Path) -> None:
    expected = answer(TorchEngine.from_repository(model.parents[2]))
    given, found = tmp_path / "given.npy", tmp_path / "found.npy"
    np.save(given, np.random.default_rng(0).normal(size=(1, 2, 64, 64)).astype(np.float32))
    store_network(model)
    subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", WITHOUT_TORCH, str(model.parents[2]), str(given), str(found)],
        cwd=ROOT,
        check=True,
    )
    assert difference(np.load(found), expected) < 1e-5


def test_a_graph_is_a_small_part_of_its_model(model: Path) -> None:
    weights = checkpoint.read_arrays(model)
    graph = open_network(model)
    assert len(openvino_network.pack(graph, weights)) < 20_000
    assert len(openvino_network.pack(graph, {})) > sum(a.nbytes for a in weights.values()) / 2


def test_the_second_start_is_from_the_cache(
    model: Path, cache: Path, no_tracing: Callable[[], None]
) -> None:
    first = opened(model)
    (kept,) = cache.iterdir()
    written = kept.stat().st_mtime_ns
    no_tracing()
    np.testing.assert_array_equal(opened(model), first)
    assert kept.stat().st_mtime_ns == written


@pytest.mark.parametrize("damage", ["cut", "changed", "empty"])
def test_a_damaged_graph_is_made_anew(
    model: Path, cache: Path, damage: str, no_tracing: Callable[[], None]
) -> None:
    first = opened(model)
    (kept,) = cache.iterdir()
    content = kept.read_bytes()
    middle = len(content) // 2
    changed = {
        "cut": content[:middle],
        "changed": content[:middle] + bytes(64) + content[middle + 64 :],
        "empty": b"",
    }
    kept.write_bytes(changed[damage])
    np.testing.assert_array_equal(opened(model), first)
    no_tracing()
    np.testing.assert_array_equal(opened(model), first)


def test_a_graph_of_other_weights_is_not_used(model: Path, cache: Path) -> None:
    store_network(model)
    first = opened(model)
    other = generator(seed=3)
    write(model.parents[2], other)
    assert difference(opened(model), first) > 0.1
    assert difference(opened(model), answer(TorchEngine.from_repository(model.parents[2]))) < 1e-5


def test_a_graph_for_another_grid_is_not_used(
    model: Path, cache: Path, no_tracing: Callable[[], None]
) -> None:
    store_network(model)
    network = generator(seed=2)
    recipe = recipe_of(network)
    grid = replace(recipe.disk, size_px=128)
    state = network.state_dict()
    assert checkpoint.write(model, state, recipe) == checkpoint.write(
        model, state, recipe.model_copy(update={"grid": grid})
    )
    no_tracing()
    with pytest.raises(EngineUnavailableError):
        open_network(model)


def test_nothing_is_kept_where_the_cache_is_off(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARSIDE_CACHE", "off")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    opened(model)
    assert not (tmp_path / "home").exists()
    assert not model.with_name(FILE_NAME).exists()


def test_a_cache_that_cannot_be_written_is_done_without(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("FARSIDE_CACHE", str(tmp_path / "file" / "cache"))
    assert opened(model).shape == (1, 1, 64, 64)


def test_the_cache_keeps_the_newest_graphs(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openvino_network, "MAX_CACHED", 1)
    opened(write(tmp_path / "one", generator(seed=2)))
    (first,) = cache.iterdir()
    opened(write(tmp_path / "two", generator(seed=3)))
    (second,) = cache.iterdir()
    assert first != second


def test_without_a_graph_and_without_torch_the_error_names_both(
    model: Path, cache: Path, no_tracing: Callable[[], None]
) -> None:
    no_tracing()
    with pytest.raises(EngineUnavailableError, match=r"demo/1/.*: no openvino\.npz"):
        OpenVinoEngine.from_repository(model.parents[2])


@pytest.mark.parametrize("path", SHIPPED, ids=name_of)
def test_shipped_models_have_their_graph_beside_them(
    path: Path, cache: Path, no_tracing: Callable[[], None]
) -> None:
    no_tracing()
    network = open_network(path)  # python -m export.graphs makes it
    assert network.identity == checkpoint.identify(path)
    assert path.with_name(FILE_NAME).stat().st_size < 100_000
