"""Pix2Pix generator: deterministic for an image, or for an image and a seed."""

import pytest
import torch
from torch import Tensor

from farside.errors import CheckpointError
from farside.model import checkpoint
from farside.model.networks import Network
from farside.model.networks.pix2pix import Generator, OwnStatistics
from tests.support.small_networks import recipe_for


def state() -> dict[str, Tensor]:
    torch.manual_seed(0)
    return Generator(n_gf=4, levels=4).state_dict()


def built(**arguments: float) -> Network:
    """Network built as in the service, with the weights of :func:`state`."""
    recipe = recipe_for("pix2pix:Generator", input_channels=1, n_gf=4, levels=4, **arguments)
    return checkpoint.build(recipe, state())


IMAGE = torch.randn(1, 1, 32, 32, generator=torch.Generator().manual_seed(1))


def test_it_has_the_parameters_of_isola_s_u_net() -> None:
    with torch.device("meta"):
        network = Generator(3, 3)
    count = sum(parameter.numel() for parameter in network.parameters())
    assert count // 1000 == 54_414


def test_ten_levels_reach_from_1024_pixels_to_one() -> None:
    with torch.device("meta"):
        network = Generator(levels=10)
        widths = [parameter.shape[0] for parameter in network.unet.down.parameters()]
        assert network(torch.empty(1, 1, 1024, 1024)).shape == (1, 1, 1024, 1024)
    assert network.min_side == 1024
    assert sorted(set(widths)) == [64, 128, 256, 512]


def test_without_dropout_and_statistics_of_the_image_there_is_one_answer() -> None:
    network = built()
    assert torch.equal(network(IMAGE), network(IMAGE))
    assert network(1e3 * IMAGE).abs().max() <= 1


def test_stochastic_output_is_fixed_by_the_seed() -> None:
    one, again, other = (built(stochastic=True, seed=seed)(IMAGE) for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert (one - other).abs().mean() > 0.01 * one.abs().mean()


def test_stochastic_normalisation_uses_the_image_s_own_statistics() -> None:
    norm = OwnStatistics(1)
    wanted = norm.train()(IMAGE)
    bright = norm.eval()(torch.cat([IMAGE, 100 * IMAGE + 7]))
    torch.testing.assert_close(bright, wanted.expand_as(bright), atol=1e-4, rtol=0)


def test_stochastic_dropout_has_the_rate_of_training() -> None:
    network = built(stochastic=True, dropout=0.25)
    kept = torch.cat([b.flatten() for name, b in network.named_buffers() if "kept" in name])
    assert sorted(set(kept.tolist())) == pytest.approx([0, 4 / 3])
    assert (kept == 0).float().mean() == pytest.approx(0.25, abs=0.05)


def test_a_larger_image_repeats_the_dropout_mask() -> None:
    network = Generator(n_gf=2, levels=3, stochastic=True, seed=3).eval()
    dropout = network.unet.up[0][-1]  # type: ignore[index]  # a Sequential
    covered = dropout(torch.ones(1, 4, 4, 6))
    assert torch.equal(covered[..., :2, :2], covered[..., 2:, 4:])


def test_in_training_no_two_answers_are_equal() -> None:
    network = Generator(n_gf=4, levels=4)
    assert not torch.equal(network(IMAGE), network(IMAGE))


def test_stochastic_inference_is_of_the_same_weights() -> None:
    assert built(stochastic=True, seed=9).state_dict().keys() == state().keys()


def test_fewer_than_two_levels_are_refused() -> None:
    recipe = recipe_for("pix2pix:Generator", input_channels=1, levels=1)
    with pytest.raises(CheckpointError, match="levels of a U-Net: got 1, expected at least 2"):
        checkpoint.initialise(recipe)
