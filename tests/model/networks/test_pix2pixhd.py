"""Pix2PixHD generator: the authors' outputs, keys and limits."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from farside.errors import CheckpointError
from farside.model import checkpoint
from farside.model.networks import pix2pixcc
from farside.model.networks.pix2pixhd import Generator
from tests.support.live import ROOT
from tests.support.rounding import same

GOLDEN = ROOT / "tests" / "golden"


def read(name: str) -> dict[str, torch.Tensor]:
    with np.load(GOLDEN / f"{name}_small.npz") as arrays:
        return {key: torch.from_numpy(np.asarray(arrays[key])) for key in arrays}


@pytest.fixture(scope="module")
def golden() -> dict[str, torch.Tensor]:
    return read("pix2pixhd")


def state_of(golden: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {key[2:]: tensor for key, tensor in golden.items() if key.startswith("G/")}


def test_output_equals_that_of_the_authors_network(golden: dict[str, torch.Tensor]) -> None:
    network = Generator.from_authors(state_of(golden))
    with torch.inference_mode():
        generated = network(golden["input"])
    assert same(generated, golden["generated"], network)


def test_the_size_is_read_off_the_authors_shapes(golden: dict[str, torch.Tensor]) -> None:
    arguments = Generator.from_authors(state_of(golden)).arguments
    named = {"input_ch": "input_channels", "output_ch": "output_channels"}
    for key, value in golden.items():
        if option := key.removeprefix("option/") if key.startswith("option/") else "":
            assert arguments[named.get(option, option)] == value.item()


def test_aisfm2_has_the_published_number_of_parameters_and_the_authors_keys() -> None:
    with torch.device("meta"):
        network = Generator()
    assert sum(parameter.numel() for parameter in network.parameters()) == 45_617_729
    places = [int(i) for i in re.findall(r"model\.(\d+)\.weight", " ".join(network.state_dict()))]
    assert places == [1, 4, 7, 10, 13, 25, 28, 31, 34, 38]
    blocks = {int(i) for i in re.findall(r"model\.(\d+)\.block", " ".join(network.state_dict()))}
    assert blocks == set(range(16, 25))


@settings(max_examples=10)
@given(
    input_channels=st.integers(1, 4),
    n_gf=st.integers(1, 4),
    n_downsample=st.integers(1, 4),
    n_residual=st.integers(0, 3),
)
def test_hyper_parameters_are_read_off_the_shapes(**arguments: int) -> None:
    network = Generator(**arguments)  # type: ignore[arg-type]  # none of them is the bool
    assert arguments.items() <= Generator.from_authors(network.state_dict()).arguments.items()


def test_weights_of_the_other_generation_are_refused(golden: dict[str, torch.Tensor]) -> None:
    with pytest.raises(CheckpointError, match=r"model\.4\.weight: got \(4, 2, 5, 5\), expected"):
        Generator.from_authors(state_of(read("pix2pixcc")))
    with pytest.raises(CheckpointError, match=r"model\.4\.weight: got \(4, 2, 3, 3\), expected"):
        pix2pixcc.Generator.from_authors(state_of(golden))


def test_the_authors_file_becomes_a_model_file(
    golden: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    recipe = tmp_path / "recipe.toml"
    text = (ROOT / "training" / "recipes" / "aisfm2.toml").read_text()
    recipe.write_text(re.sub(r"arguments = .*\n", "", text))
    torch.save(state_of(golden), tmp_path / "1_G.pt")
    checkpoint.import_weights(tmp_path / "1_G.pt", recipe, tmp_path / "model.safetensors")
    model = checkpoint.read(tmp_path / "model.safetensors")
    network = checkpoint.build(model.recipe, model.state)
    with torch.inference_mode():
        generated = network(golden["input"])
    assert same(generated, golden["generated"], network)
