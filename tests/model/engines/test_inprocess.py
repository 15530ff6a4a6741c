"""Contract of the in-process engines, torch and OpenVINO."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from farside.errors import (
    EngineFailedError,
    EngineUnavailableError,
    InputShapeError,
    UnknownModelError,
)
from farside.model import checkpoint
from farside.model.engine import Engine, Tensor
from farside.model.engines.torch import TorchEngine
from tests.support.rounding import same
from tests.support.small_model import generator, recipe_of

pytest.importorskip("openvino")
from farside.model.engines.openvino import OpenVinoEngine

Loader = Callable[[Path], Engine]


@pytest.fixture(scope="module", params=[TorchEngine, OpenVinoEngine])
def loader(request: pytest.FixtureRequest) -> Loader:
    kind: type[TorchEngine | OpenVinoEngine] = request.param
    return lambda folder: kind.from_repository(folder, threads=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    network = generator(seed=2)
    folder = tmp_path_factory.mktemp("repository")
    path = folder / "demo" / "1" / checkpoint.FILE_NAME
    path.parent.mkdir(parents=True)
    checkpoint.write(path, network.state_dict(), recipe_of(network))
    return folder


@pytest.fixture(scope="module")
def engine(loader: Loader, folder: Path) -> Engine:
    return loader(folder)


def noise(engine: Engine, batch: int = 1, seed: int = 0) -> Tensor:
    tensor = engine.buffer("demo", batch)
    tensor[...] = np.random.default_rng(seed).random(tensor.shape)
    return tensor


def test_model_carries_recipe_and_identity(engine: Engine, folder: Path) -> None:
    model, path = engine.models()["demo"], folder / "demo" / "1" / checkpoint.FILE_NAME
    assert model.recipe == checkpoint.read(path).recipe
    assert model.identity == checkpoint.identify(path)


def test_read_only_and_strided_tensors_are_taken(engine: Engine) -> None:
    tensor = noise(engine, batch=2)
    expected = engine.infer("demo", tensor)
    turned = np.ascontiguousarray(tensor.transpose(0, 1, 3, 2)).transpose(0, 1, 3, 2)
    turned.flags.writeable = False
    np.testing.assert_array_equal(engine.infer("demo", turned), expected)
    tensor.flags.writeable = False
    np.testing.assert_array_equal(engine.infer("demo", tensor), expected)


def test_threads_get_their_own_answers(engine: Engine) -> None:
    tensors = [noise(engine, seed=seed) for seed in range(16)]
    expected = [engine.infer("demo", tensor) for tensor in tensors]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda tensor: engine.infer("demo", tensor), tensors))
    np.testing.assert_array_equal(answers, expected)


def test_input_is_left_as_it_was_and_answers_outlive_the_next(engine: Engine) -> None:
    tensor = noise(engine)
    given, answer = tensor.copy(), engine.infer("demo", tensor)
    kept = answer.copy()
    engine.infer("demo", noise(engine, seed=1))
    np.testing.assert_array_equal(tensor, given)
    np.testing.assert_array_equal(answer, kept)


def test_a_batch_is_answered_as_one_by_one(engine: Engine) -> None:
    tensor = noise(engine, batch=3)
    answers = [engine.infer("demo", one[None])[0] for one in tensor]
    assert same(engine.infer("demo", tensor), answers, generator(seed=2))


def test_answer_that_is_not_finite_is_a_failure(engine: Engine) -> None:
    tensor = noise(engine)
    tensor[0, 0, 5, 5] = np.nan
    with pytest.raises(EngineFailedError, match="demo answered values that are not finite"):
        engine.infer("demo", tensor)


@pytest.mark.parametrize(
    "tensor",
    [
        np.zeros((1, 3, 64, 64), np.float32),
        np.zeros((1, 2, 32, 32), np.float32),
        np.zeros((2, 64, 64), np.float32),
        np.zeros((1, 2, 64, 64), np.float64),
    ],
)
def test_tensor_of_another_shape_is_refused(engine: Engine, tensor: Tensor) -> None:
    with pytest.raises(InputShapeError, match=r"expected float32 \('n', 2, 64, 64\)"):
        engine.infer("demo", tensor)


def test_unknown_model_is_refused_with_those_loaded(engine: Engine) -> None:
    asks: tuple[Callable[[str], Tensor], ...] = (
        engine.buffer,
        lambda name: engine.infer(name, noise(engine)),
    )
    for ask in asks:
        with pytest.raises(UnknownModelError, match="no model 'aisfm' is loaded: got demo"):
            ask("aisfm")


def test_closed_engine_answers_no_more(loader: Loader, folder: Path) -> None:
    engine = loader(folder)
    tensor = noise(engine)
    engine.close()
    assert not engine.ready()
    with pytest.raises(EngineUnavailableError, match="closed"):
        engine.infer("demo", tensor)


def test_empty_repository_is_refused(loader: Loader, tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailableError, match="no model in"):
        loader(tmp_path)
