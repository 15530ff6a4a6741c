"""Denoiser: layers of the paper, and tiles equivalent to the whole image."""

from __future__ import annotations

import pytest
import torch

from farside.model.networks.denoiser import Generator
from tests.support.rounding import same


def test_the_defaults_are_those_of_the_paper() -> None:
    with torch.device("meta"):
        network = Generator()
        answer = network(torch.zeros(2, 1, 256, 256))
    kernels = {
        name: weight.shape for name, weight in network.named_parameters() if weight.ndim == 4
    }
    widths = [shape[0] for name, shape in kernels.items() if name.startswith(("stem", "down"))]
    assert widths == [64, 128, 256, 512, 512]
    assert len(network.middle) == 9
    assert answer.shape == (2, 1, 256, 256)
    assert isinstance(list(network.modules())[-1], torch.nn.Conv2d)  # no tanh


def test_each_decoder_layer_has_its_skip_connection() -> None:
    network = Generator(n_gf=4, n_downsample=3, n_residual=1)
    kernels = {name: weight.shape for name, weight in network.up.named_parameters()}
    into = [shape[0] for shape in kernels.values() if len(shape) == 4]  # transposed: in, out
    assert into == [32, 2 * 16, 2 * 8]
    assert network.head.in_channels == 2 * 4


def test_an_additive_network_changes_its_input_by_what_it_answers() -> None:
    torch.manual_seed(0)
    plain = Generator(n_gf=4, n_downsample=2, n_residual=1).eval()
    additive = Generator(n_gf=4, n_downsample=2, n_residual=1, additive=True).eval()
    additive.load_state_dict(plain.state_dict())
    x = torch.randn(1, 1, 32, 32)
    torch.testing.assert_close(additive(x), x + plain(x))


def test_an_additive_network_of_two_channels_is_refused() -> None:
    with pytest.raises(ValueError, match="got 2 inputs and 1 outputs, expected equal numbers"):
        Generator(input_channels=2, additive=True)


def test_inside_a_tile_the_answer_is_that_of_the_whole_image() -> None:
    torch.manual_seed(1)
    network = Generator(n_gf=4, n_downsample=2, n_residual=2)
    network(torch.randn(4, 1, 64, 64))  # statistics that are none of the tile's
    network.eval()
    image = torch.randn(1, 1, 256, 256)
    with torch.no_grad():
        whole, tile = network(image), network(image[..., 64:192, 64:192])
    margin = 40
    inner = slice(margin, 128 - margin)
    expected = whole[..., 64:192, 64:192][..., inner, inner]
    assert same(tile[..., inner, inner], expected, network)
