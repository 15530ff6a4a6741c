"""OpenVINO engine: accuracy, explicit precision, no usage data."""

import logging
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from farside.errors import (
    CheckpointError,
    EngineFailedError,
)
from farside.model import checkpoint
from farside.model.checkpoint import Checkpoint
from farside.model.defaults import Precision
from farside.model.engine import Engine, Tensor
from farside.model.engines import embedded
from farside.model.engines.torch import TorchEngine
from farside.model.networks.pix2pixcc import Generator
from farside.model.recipe import Recipe
from tests.support.once import once
from tests.support.shipped import (
    SHIPPED,
    OpenVinoErrors,
    compare_openvino,
    difference,
    name_of,
)
from tests.support.small_model import generator, recipe_of

ov = pytest.importorskip("openvino")
from farside.model.engines import openvino, openvino_graph  # noqa: E402  they need the package
from farside.model.engines.openvino import GATES, OpenVinoEngine  # noqa: E402
from farside.model.engines.openvino_trace import trace  # noqa: E402
from farside.model.engines.processor import openvino_has_bfloat16  # noqa: E402

NO_BFLOAT16 = "OpenVINO has no bfloat16 on this processor"


def as_the_processor_has(precision: Precision) -> AbstractContextManager[object]:
    """Expectation for opening an engine: refused in bfloat16 on a processor without it."""
    if precision == "float32" or openvino_has_bfloat16():
        return nullcontext()
    return pytest.raises(EngineFailedError, match=NO_BFLOAT16)


@pytest.fixture(scope="module")
def network() -> Generator:
    return generator(seed=2)


@pytest.fixture(scope="module")
def recipe(network: Generator) -> Recipe:
    return recipe_of(network)


@pytest.fixture(scope="module")
def repository(
    tmp_path_factory: pytest.TempPathFactory, network: Generator, recipe: Recipe
) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    path = folder / "demo" / "1" / "model.safetensors"
    path.parent.mkdir(parents=True)
    checkpoint.write(path, network.state_dict(), recipe)
    return folder


@pytest.fixture(scope="module")
def engine(repository: Path) -> OpenVinoEngine:
    return OpenVinoEngine.from_repository(repository, threads=1)


@pytest.fixture(scope="module")
def openvino_errors(tmp_path_factory: pytest.TempPathFactory) -> OpenVinoErrors:
    """Errors of all shipped models; compiling them takes memory that no worker then keeps."""
    return once(tmp_path_factory, "openvino-errors", compare_openvino)


def noise(engine: Engine, model: str = "demo", batch: int = 1, seed: int = 0) -> Tensor:
    tensor = engine.buffer(model, batch)
    tensor[...] = np.random.default_rng(seed).random(tensor.shape)
    return tensor


def test_answer_is_torchs(engine: OpenVinoEngine, repository: Path) -> None:
    tensor = noise(engine, batch=3)
    exact = TorchEngine.from_repository(repository).infer("demo", tensor)
    answer = engine.infer("demo", tensor)
    assert answer.shape == exact.shape
    assert answer.dtype == np.float32
    assert difference(answer, exact) < 1e-5


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("path", SHIPPED, ids=name_of)
def test_shipped_models_stay_inside_the_gate(
    path: Path, precision: Precision, openvino_errors: OpenVinoErrors
) -> None:
    error = openvino_errors[name_of(path), precision]
    if precision == "float32" or openvino_has_bfloat16():
        assert isinstance(error, float), error
        assert error < GATES[precision]
    else:
        assert NO_BFLOAT16 in str(error)


def test_normalisation_of_large_planes_is_exact(network: Generator, recipe: Recipe) -> None:
    grid = replace(recipe.disk, size_px=1024, disk_radius_px=450.0)
    large = Checkpoint(recipe.model_copy(update={"grid": grid}), "", network.state_dict())
    fast = OpenVinoEngine({"demo": trace(large)})
    tensor = noise(fast)
    exact = TorchEngine({"demo": large}).infer("demo", tensor)
    assert difference(fast.infer("demo", tensor), exact) < 2e-5


def test_winograd_gives_the_same_answer(
    engine: OpenVinoEngine, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openvino_graph, "MIN_CHANNELS", 8)
    faster = OpenVinoEngine.from_repository(repository, winograd=True)
    products = [
        node.get_friendly_name()
        for node in faster._networks["demo"].get_compiled_model().get_runtime_model().get_ops()
        if node.get_rt_info()["layerType"].astype(str) == "MatMul"
    ]
    assert len(products) == 2  # the one residual block
    tensor = noise(engine)
    assert difference(faster.infer("demo", tensor), engine.infer("demo", tensor)) < 1e-5


@pytest.mark.parametrize(
    ("precision", "kind"), [("float32", ov.Type.f32), ("bfloat16", ov.Type.bf16)]
)
def test_precision_and_threads_are_those_asked_for(
    repository: Path, precision: Precision, kind: object
) -> None:
    with as_the_processor_has(precision):
        engine = OpenVinoEngine.from_repository(repository, threads=1, precision=precision)
        compiled = engine._networks["demo"].get_compiled_model()
        assert compiled.get_property("INFERENCE_PRECISION_HINT") == kind
        assert compiled.get_property("INFERENCE_NUM_THREADS") == 1
        assert not compiled.get_property("ENABLE_CPU_PINNING")
        assert engine.precision == precision


def test_bfloat16_is_another_answer(engine: OpenVinoEngine, repository: Path) -> None:
    with as_the_processor_has("bfloat16"):
        half = OpenVinoEngine.from_repository(repository, precision="bfloat16")
        tensor = noise(engine)
        answer = half.infer("demo", tensor)
        assert answer.dtype == np.float32
        assert 1e-4 < difference(answer, engine.infer("demo", tensor)) < GATES["bfloat16"]


def test_a_processor_without_bfloat16_has_it_from_torch_and_the_reason_is_logged(
    repository: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(openvino, "openvino_has_bfloat16", lambda: False)
    with caplog.at_level(logging.WARNING):
        made = embedded(repository, precision="bfloat16")
    assert (made.name, made.precision) == ("torch", "bfloat16")
    assert f"torch instead of OpenVINO: {NO_BFLOAT16}: expected float32" in caplog.text


def test_ready_once_every_model_has_answered(engine: OpenVinoEngine) -> None:
    assert engine.ready()
    assert engine._answered == {"demo"}


def test_weights_that_give_nan_are_not_loaded(network: Generator, recipe: Recipe) -> None:
    state = {key: tensor * float("nan") for key, tensor in network.state_dict().items()}
    with pytest.raises(EngineFailedError, match="relative L2 norm of nan"):
        OpenVinoEngine({"demo": trace(Checkpoint(recipe, "", state))})


def test_signals_work_after_engines_of_several_models_were_closed() -> None:
    program = """
import signal
from farside.model.checkpoint import Checkpoint
from farside.model.engines.openvino import OpenVinoEngine
from farside.model.engines.openvino_trace import trace
from tests.support.small_model import generator, recipe_of
signal.signal(signal.SIGTERM, lambda *_: print("heard"))
network = generator(seed=0)
for name in "one", "two":
    recipe = recipe_of(network).model_copy(update={"name": name})
    traced = trace(Checkpoint(recipe, "", network.state_dict()))
    OpenVinoEngine({name + version: traced for version in "12"}, threads=1).close()
    signal.raise_signal(signal.SIGTERM)
"""
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "heard\nheard\n"), done.stderr


def test_damaged_model_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "demo" / "1" / "model.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no weights")
    with pytest.raises(CheckpointError, match="does not read"):
        OpenVinoEngine.from_repository(tmp_path)


def test_model_outside_the_gate_is_torchs_and_the_reason_logged(
    repository: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(openvino, "GATES", {"float32": 0.0})
    with pytest.raises(EngineFailedError, match="expected at most 0"):
        OpenVinoEngine.from_repository(repository)
    with caplog.at_level(logging.WARNING):
        assert embedded(repository).name == "torch"
    assert "torch instead of OpenVINO: demo: OpenVINO in float32 differs" in caplog.text


def test_openvino_is_the_default_where_it_is_installed(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert embedded(repository).name == "openvino"
    monkeypatch.setitem(sys.modules, "openvino", None)
    assert embedded(repository, precision="bfloat16").name == "torch"


def test_no_usage_data_is_collected(tmp_path: Path) -> None:
    # OpenVINO counts its uses in a folder of the home before it sends them.
    program = "import farside.model.engines.openvino, sys; print(sys.modules['openvino_telemetry'])"
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", program],
        env={"HOME": str(tmp_path)},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "None\n"
    assert list(tmp_path.iterdir()) == []
