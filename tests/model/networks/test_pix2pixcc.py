"""Pix2PixCC generator: the authors' outputs, keys and limits."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from farside.errors import CheckpointError, InputShapeError
from farside.model.networks.pix2pixcc import Generator
from tests.support.rounding import same

GOLDEN = Path(__file__).parents[2] / "golden" / "pix2pixcc_small.npz"


@pytest.fixture(scope="module")
def golden() -> dict[str, torch.Tensor]:
    with np.load(GOLDEN) as arrays:
        return {key: torch.from_numpy(arrays[key]) for key in arrays if arrays[key].ndim}


@pytest.fixture(scope="module")
def golden_state(golden: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {key[2:]: tensor for key, tensor in golden.items() if key.startswith("G/")}


def test_output_equals_that_of_the_authors_network(
    golden: dict[str, torch.Tensor], golden_state: dict[str, torch.Tensor]
) -> None:
    network = Generator.from_authors(golden_state)
    with torch.inference_mode():
        generated = network(golden["input"])
    assert same(generated, golden["generated"], network)


def test_training_and_evaluation_mode_agree(golden_state: dict[str, torch.Tensor]) -> None:
    network = Generator.from_authors(golden_state)
    x = torch.rand(1, 7, 64, 64)
    with torch.inference_mode():
        assert torch.equal(network.train()(x), network.eval()(x))


def test_aisfm3_has_the_published_number_of_parameters() -> None:
    with torch.device("meta"):
        network = Generator(n_gf=40, n_downsample=5, n_residual=9)
    assert sum(parameter.numel() for parameter in network.parameters()) == 302_564_081
    assert len(network.state_dict()) == 60
    assert network.state_dict()["model.28.weight"].shape == (1280, 640, 3, 3)
    assert network.state_dict()["model.44.weight"].shape == (1, 40, 7, 7)


def test_interpolating_decoder_has_the_authors_keys() -> None:
    with torch.device("meta"):
        keys = Generator(n_gf=40, n_downsample=5, n_residual=9, trans_conv=False).state_dict()
    decoder = [int(key.split(".")[1]) for key in keys if key.endswith("weight")][-6:]
    assert decoder == [30, 35, 40, 45, 50, 54]


@settings(max_examples=15)
@given(
    input_channels=st.integers(1, 8),
    output_channels=st.integers(1, 2),
    n_gf=st.integers(1, 4),
    n_downsample=st.integers(1, 4),
    n_residual=st.integers(0, 3),
    trans_conv=st.booleans(),
)
def test_hyper_parameters_are_read_off_the_shapes(**arguments: int) -> None:
    network = Generator(**arguments)  # type: ignore[arg-type]  # one of the six is a bool
    assert Generator.from_authors(network.state_dict()).arguments == arguments


@pytest.mark.parametrize("trans_conv", [True, False])
def test_output_has_the_size_of_the_input(trans_conv: bool) -> None:
    network = Generator(2, 1, n_gf=2, n_downsample=3, n_residual=1, trans_conv=trans_conv)
    assert network(torch.rand(2, 2, 16, 40)).shape == (2, 1, 16, 40)


@pytest.mark.parametrize("side", [8, 20, 33, 1000])
def test_side_that_cannot_be_halved_is_refused_with_the_reason(side: int) -> None:
    with torch.device("meta"):
        network = Generator(2, 1, n_gf=2, n_downsample=4, n_residual=1)
        x = torch.empty(1, 2, side, side)
    with pytest.raises(InputShapeError, match=rf"4 times: got {side} × {side}.*multiples of 16"):
        network(x)


def test_missing_unknown_and_misshapen_tensors_are_all_listed(
    golden_state: dict[str, torch.Tensor],
) -> None:
    state = golden_state | {"model.99.bias": torch.zeros(3), "model.7.bias": torch.zeros(5)}
    del state["model.10.bias"]
    with pytest.raises(CheckpointError) as caught:
        Generator.from_authors(state)
    message = str(caught.value)
    assert "missing model.10.bias (16,)" in message
    assert "unknown model.99.bias (3,)" in message
    assert "model.7.bias: got (5,), expected (8,)" in message


def test_state_of_another_network_is_refused() -> None:
    with pytest.raises(CheckpointError, match="not a state of pix2pixcc:Generator"):
        Generator.from_authors(torch.nn.Linear(2, 2).state_dict())
