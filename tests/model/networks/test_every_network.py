"""Contract of all networks with checkpoint, export and engines."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from export import onnx, parity, torchscript
from export.precision import ServedNetwork
from farside.errors import CheckpointError, InputShapeError
from farside.model import checkpoint
from farside.model.engines.openvino import OpenVinoEngine
from farside.model.engines.torch import TorchEngine
from farside.model.networks import Network
from farside.model.recipe import Recipe
from tests.support.rounding import same
from tests.support.small_networks import EVERY_NETWORK

pytestmark = pytest.mark.parametrize("recipe", EVERY_NETWORK.values(), ids=list(EVERY_NETWORK))


def trained(recipe: Recipe) -> Network:
    """Network with random weights and non-default batch statistics."""
    torch.manual_seed(3)
    network = checkpoint.initialise(recipe)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.get_buffer("running_var"), 0.5, 2.0)
            nn.init.normal_(module.get_buffer("running_mean"), std=0.1)
            nn.init.normal_(module.weight, 1.0, 0.1)
    return network.eval().requires_grad_(False)


def noise(recipe: Recipe, count: int = 2) -> np.ndarray:
    size = recipe.side_px
    shape = (count, recipe.input_planes, size, size)
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def difference(answer: np.ndarray, exact: np.ndarray) -> float:
    return float(np.linalg.norm(answer - exact) / np.linalg.norm(exact))


@pytest.mark.parametrize("half", [False, True])
def test_a_model_file_gives_the_same_network(recipe: Recipe, half: bool, tmp_path: Path) -> None:
    network, path = trained(recipe), tmp_path / "model.safetensors"
    checkpoint.write(path, network.state_dict(), recipe, half)
    read = checkpoint.read(path)
    rebuilt = checkpoint.build(read.recipe, read.state)
    assert {p.dtype for p in rebuilt.parameters()} == {torch.float32}
    answer, exact = (parity.run(each, noise(recipe)) for each in (rebuilt, network))
    assert difference(answer, exact) <= (3e-3 if half else 0)


def test_images_of_a_batch_do_not_see_each_other(recipe: Recipe) -> None:
    network, tensor = trained(recipe), noise(recipe)
    with torch.inference_mode():
        together = network(torch.from_numpy(tensor)).numpy()
    assert same(together, parity.run(network, tensor), network)


def test_torchscript_answers_as_torch_at_sizes_it_was_not_traced_at(
    recipe: Recipe, tmp_path: Path
) -> None:
    network = trained(recipe)
    assert network.min_side < recipe.side_px
    torchscript.write(ServedNetwork(network, torch.float32).eval(), tmp_path / "model.pt")
    answer = torchscript.run(tmp_path / "model.pt", noise(recipe))
    assert difference(answer, parity.run(network, noise(recipe))) <= parity.TORCHSCRIPT_GATE


def test_onnx_answers_as_torch(recipe: Recipe, tmp_path: Path) -> None:
    network = trained(recipe)
    onnx.write(ServedNetwork(network, torch.float32).eval(), recipe, tmp_path / "model.onnx")
    answer = onnx.run(tmp_path / "model.onnx", noise(recipe, 3), threads=1)
    assert difference(answer, parity.run(network, noise(recipe, 3))) < parity.GATES["fp32"]


def test_both_embedded_engines_answer_as_torch(recipe: Recipe, tmp_path: Path) -> None:
    network, path = trained(recipe), tmp_path / "demo" / "1" / "model.safetensors"
    path.parent.mkdir(parents=True)
    checkpoint.write(path, network.state_dict(), recipe)
    exact = parity.run(network, noise(recipe))
    for engine in (
        TorchEngine.from_repository(tmp_path, threads=1),
        OpenVinoEngine.from_repository(tmp_path, threads=1),
    ):
        assert engine.ready()
        assert difference(engine.infer("demo", noise(recipe)), exact) < 5e-4


def test_a_side_that_cannot_be_halved_is_refused_with_the_reason(recipe: Recipe) -> None:
    network = trained(recipe)
    for side in (network.min_side - network.side_multiple, network.min_side + 1):
        with pytest.raises(InputShapeError, match=rf"multiples of {network.side_multiple} from"):
            network(torch.zeros(1, network.input_channels, side, side))


def test_weights_of_unknown_authors_are_refused_with_the_network_s_name(recipe: Recipe) -> None:
    with torch.device("meta"):
        network = type(checkpoint.initialise(recipe))
    with pytest.raises(CheckpointError, match=recipe.network.name):
        network.from_authors(nn.Linear(2, 2).state_dict())
