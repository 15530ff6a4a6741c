import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from export import onnx as export_onnx
from export import torchscript, triton
from export.build import Build, Format, Precision
from export.convert import export
from export.errors import ExportError, GateError
from export.inputs import Inputs, noise_inputs
from export.manifest import Manifest, sha256_of
from export.precision import ServedNetwork
from farside.model import checkpoint
from tests.support.small_model import generator, recipe_of


def store(
    repository: Path, version: str = "1", seed: int = 1, instrument: str | None = None
) -> Path:
    """Write a model file; its first channel takes images of `instrument`, if one is given."""
    network = generator(seed)
    recipe = recipe_of(network).model_copy(update={"version": version})
    if instrument:
        first, *others = recipe.channels
        channels = (first.model_copy(update={"accepts": (instrument,)}), *others)
        recipe = recipe.model_copy(update={"channels": channels})
    path = repository / recipe.name / version / checkpoint.FILE_NAME
    path.parent.mkdir(parents=True)
    checkpoint.write(path, network.state_dict(), recipe)
    return path


def run(
    source: Path, format_: Format, precision: Precision = "fp32", max_batch: int = 4
) -> tuple[Path, Manifest]:
    recipe = checkpoint.read(source).recipe
    build = Build.of(recipe, format_, precision, max_batch=max_batch)
    ((folder, manifest),) = export(source, [build], noise_inputs(recipe))
    return folder, manifest


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store(tmp_path_factory.mktemp("repository"))


@pytest.fixture(scope="module")
def onnx_folder(source: Path) -> Path:
    return run(source, "onnx")[0]


@pytest.fixture(scope="module")
def torchscript_folder(source: Path) -> Path:
    return run(source, "torchscript")[0]


@pytest.fixture
def inputs(source: Path) -> Inputs:
    return noise_inputs(checkpoint.read(source).recipe, seed=7)


def eager(source: Path, tensor: np.ndarray) -> np.ndarray:
    model = checkpoint.read(source)
    with torch.inference_mode():
        answer: np.ndarray = checkpoint.build(model.recipe, model.state)(
            torch.from_numpy(tensor.copy())
        ).numpy()
    return answer


def relative(answer: np.ndarray, truth: np.ndarray) -> float:
    return float(np.linalg.norm(answer - truth) / np.linalg.norm(truth))


def test_a_directory_holds_what_triton_loads_and_nothing_else(onnx_folder: Path) -> None:
    held = sorted(str(p.relative_to(onnx_folder)) for p in onnx_folder.rglob("*") if p.is_file())
    assert onnx_folder.name == "demo-onnx"
    assert held == ["1/manifest.json", "1/model.onnx", "config.pbtxt"]


def test_onnx_answers_as_torch_for_any_batch(
    source: Path, onnx_folder: Path, inputs: Inputs
) -> None:
    for tensor in (inputs.tensor[:1], np.concatenate([inputs.tensor, inputs.tensor[:1]])):
        answer = export_onnx.run(onnx_folder / "1" / "model.onnx", tensor)
        assert relative(answer, eager(source, tensor)) < 5e-4


def test_onnx_states_its_opset_and_carries_its_weights(onnx_folder: Path) -> None:
    graph = onnx.load(onnx_folder / "1" / "model.onnx", load_external_data=False)
    assert [(each.domain, each.version) for each in graph.opset_import] == [("", 18)]
    assert not any(onnx.external_data_helper.uses_external_data(w) for w in graph.graph.initializer)
    (given,) = graph.graph.input
    assert given.name == "INPUT__0"
    assert [d.dim_value or d.dim_param for d in given.type.tensor_type.shape.dim][1:] == [2, 64, 64]


def test_torchscript_is_frozen_and_answers_as_torch_at_sizes_it_was_not_traced_at(
    source: Path, torchscript_folder: Path, inputs: Inputs
) -> None:
    path = torchscript_folder / "1" / "model.pt"
    assert relative(torchscript.run(path, inputs.tensor), eager(source, inputs.tensor)) <= 1e-5
    loaded = torchscript.load(path)
    assert not list(loaded.parameters())


@pytest.mark.parametrize(
    ("precision", "least", "most"), [("fp16", 1e-5, 3e-3), ("bf16", 1e-3, 3e-2)]
)
def test_reduced_torchscript_keeps_float32_at_its_ends(
    tmp_path: Path, precision: Precision, least: float, most: float
) -> None:
    folder, manifest = run(store(tmp_path), "torchscript", precision)
    assert least < manifest.relative_l2 <= most
    tensor = np.zeros((1, 2, 64, 64), dtype=np.float32)
    assert torchscript.run(folder / "1" / "model.pt", tensor).dtype == np.float32


def test_half_precision_onnx_reports_the_rounding_that_onnxruntime_hides(tmp_path: Path) -> None:
    folder, manifest = run(store(tmp_path), "onnx", "fp16")
    assert 1e-4 < manifest.relative_l2 <= 3e-3
    assert manifest.device == "cpu, fp16 emulated"
    graph = onnx.load(folder / "1" / "model.onnx")
    halves = {w.data_type for w in graph.graph.initializer if len(w.dims) == 4}
    assert halves == {onnx.TensorProto.FLOAT16}
    ends = (graph.graph.input[0], graph.graph.output[0])
    assert {end.type.tensor_type.elem_type for end in ends} == {onnx.TensorProto.FLOAT}


def test_the_manifest_says_what_it_is_of_and_what_was_measured(
    source: Path, onnx_folder: Path
) -> None:
    manifest = Manifest.read(onnx_folder / "1" / "manifest.json")
    artefact = onnx_folder / "1" / manifest.file
    assert manifest.identity == checkpoint.read(source).identity
    assert manifest.sha256 == sha256_of(artefact)
    assert (manifest.format, manifest.precision, manifest.opset) == ("onnx", "fp32", 18)
    assert 0 < manifest.relative_l2 <= manifest.gate == 5e-4
    assert 0 < manifest.max_delta_over_span < 1e-3
    assert {"torch", "onnx", "onnxruntime", "onnxscript"} <= manifest.libraries.keys()
    assert manifest.shape == (2, 2, 64, 64)
    config = triton.read(onnx_folder / "config.pbtxt")
    assert config.parameters["identity"].string_value == manifest.identity
    assert config.max_batch_size == manifest.max_batch == 4


def test_outside_its_gate_nothing_is_published_and_what_was_there_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = store(tmp_path)
    folder, _ = run(source, "torchscript")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    write = torchscript.write

    def write_another(network: ServedNetwork, path: Path) -> None:
        with torch.no_grad():
            list(network.parameters())[-1].add_(0.001)
        write(network, path)

    monkeypatch.setattr(torchscript, "write", write_another)
    with pytest.raises(
        GateError, match=r"demo-torchscript in fp32 differs.*expected at most 1e-05"
    ):
        run(source, "torchscript")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo", "demo-torchscript"]
    assert [path.name for path in (tmp_path / "demo").iterdir()] == ["1"]


def test_a_new_version_joins_the_old_one_and_the_configuration_follows_it(tmp_path: Path) -> None:
    run(store(tmp_path, "1"), "torchscript")
    folder, manifest = run(store(tmp_path, "2", seed=2), "torchscript")
    assert sorted(path.name for path in folder.iterdir()) == ["1", "2", "config.pbtxt"]
    parameters = triton.read(folder / "config.pbtxt").parameters
    assert parameters["identity"].string_value == manifest.identity
    assert json.loads(parameters["recipe"].string_value)["version"] == "2"


def test_an_older_version_does_not_take_the_place_of_a_newer_one(tmp_path: Path) -> None:
    run(store(tmp_path, "10"), "torchscript")
    with pytest.raises(ExportError, match="holds version 10: got the older 9"):
        run(store(tmp_path, "9", seed=2), "torchscript")


def test_the_engine_of_the_source_does_not_take_an_artefact_for_a_model(onnx_folder: Path) -> None:
    assert [path.parts[-3] for path in checkpoint.newest_versions(onnx_folder.parent)] == ["demo"]
