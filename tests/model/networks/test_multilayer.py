"""Multi-layer generator: coarse-to-fine layers, one trained at a time."""

import pytest
import torch
from torch.nn import functional

from farside.errors import CheckpointError
from farside.model import checkpoint
from farside.model.networks.multilayer import VARIANTS, Generator
from tests.support.small_networks import recipe_for

IMAGE = torch.randn(1, 1, 64, 64, generator=torch.Generator().manual_seed(1))


def small(variant: str = "unet") -> Generator:
    torch.manual_seed(0)
    return Generator(n_gf=2, n_downsample=2, variant=variant)


def test_the_paper_s_layers_are_three_u_nets_of_six_halvings_from_64_channels() -> None:
    with torch.device("meta"):
        network = Generator()
        coarse = network(torch.empty(1, 1, 512, 512), 2)
    assert coarse.shape == (1, 1, 128, 128)
    assert len(network.layers) == 3
    for index, layer in enumerate(network.layers):
        shapes = [tuple(p.shape) for p in layer.parameters() if p.ndim == 4]
        assert len(shapes) == 12
        assert {shape[2:] for shape in shapes} == {(4, 4)}
        assert shapes[0] == (64, 2 if index else 1, 4, 4)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("halvings", [0, 1, 2])
def test_each_layer_answers_at_its_scale(variant: str, halvings: int) -> None:
    side = 64 // 2**halvings
    answer = small(variant).eval()(IMAGE, halvings)
    assert answer.shape == (1, 1, side, side)
    assert answer.abs().max() <= 1


def test_a_layer_sees_the_image_at_its_scale_and_the_coarser_answer() -> None:
    network = small().eval()
    coarse = functional.interpolate(network(IMAGE, 1), scale_factor=2.0, mode="bilinear")
    wanted = network.layers[2](torch.cat([IMAGE, coarse], dim=1))
    torch.testing.assert_close(network(IMAGE), wanted)


@pytest.mark.parametrize("halvings", [0, 1, 2])
def test_only_the_layer_that_answers_learns(halvings: int) -> None:
    network = small()
    before = {key: value.clone() for key, value in network.named_buffers()}
    network(IMAGE, halvings).sum().backward()
    learning = {name.split(".")[1] for name, p in network.named_parameters() if p.grad is not None}
    moved = {
        name.split(".")[1]
        for name, b in network.named_buffers()
        if not torch.equal(b, before[name])
    }
    assert learning == moved == {str(2 - halvings)}


def test_a_scale_that_no_layer_has_is_refused() -> None:
    with pytest.raises(ValueError, match="halvings: got 3, expected fewer than 3"):
        small()(IMAGE, 3)


def test_a_variant_that_is_not_there_is_refused() -> None:
    recipe = recipe_for("multilayer:Generator", input_channels=1, variant="vit")
    with pytest.raises(CheckpointError, match="got 'vit', expected unet or resnet or atrous"):
        checkpoint.initialise(recipe)
