"""The paper's objective, against numbers computed with the authors' code on random weights."""

import math
from collections.abc import Mapping

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.support.live import ROOT
from tests.support.rounding import same
from training.discriminator import Discriminator
from training.losses import (
    LossWeights,
    concordance,
    cross_entropy,
    discriminator_loss,
    feature_matching,
    generator_loss,
    multiscale_discordance,
)


@pytest.fixture(scope="module")
def golden() -> Mapping[str, Tensor]:
    with np.load(ROOT / "tests" / "golden" / "pix2pixcc_small.npz") as arrays:
        return {key: torch.from_numpy(np.asarray(arrays[key])) for key in arrays.files}


@pytest.fixture(scope="module")
def discriminator(golden: Mapping[str, Tensor]) -> Discriminator:
    network = Discriminator(7, 1, n_df=4, n_scales=1, balance=1.5)
    network.load_state_dict(
        {key.removeprefix("D/"): value for key, value in golden.items() if key.startswith("D/")}
    )
    return network


def test_the_discriminator_sees_what_the_authors_does(
    golden: Mapping[str, Tensor], discriminator: Discriminator
) -> None:
    patches = discriminator(golden["input"], golden["target"])[0][-1]
    expected = golden["discriminator_patch_real"]
    assert same(patches.detach(), expected, discriminator)


def test_all_losses_agree_with_the_authors(
    golden: Mapping[str, Tensor], discriminator: Discriminator
) -> None:
    given, made, true = (golden[key] for key in ("input", "generated", "target"))
    losses = {
        "loss_generator": generator_loss(discriminator, given, made, true, LossWeights()),
        "loss_discriminator": discriminator_loss(
            discriminator(given, true), discriminator(given, made)
        ),
        "loss_concordance_fullscale": 1 - concordance(made, true).mean(),
    }
    for name, loss in losses.items():
        assert loss.item() == pytest.approx(golden[name].item(), rel=1e-5), name


def test_the_discriminator_of_aisfm_3_has_the_papers_size() -> None:
    with torch.device("meta"):
        network = Discriminator(7, 1, n_df=40)
    assert sum(parameter.numel() for parameter in network.parameters()) == 1_091_801


def test_each_scale_counts_once_in_feature_matching() -> None:
    torch.manual_seed(0)
    network = Discriminator(2, 1, n_df=4, n_scales=2)
    given, made, true = (
        torch.randn(2, 2, 64, 64),
        torch.randn(2, 1, 64, 64),
        torch.zeros(2, 1, 64, 64),
    )
    on_true, on_made = network(given, true), network(given, made)
    alone = sum(feature_matching([a], [b]).item() for a, b in zip(on_true, on_made, strict=True))
    assert feature_matching(on_true, on_made).item() == pytest.approx(alone, rel=1e-6)


def test_feature_matching_does_not_teach_through_the_target() -> None:
    network = Discriminator(2, 1, n_df=4)
    given = torch.randn(1, 2, 64, 64)
    true = torch.randn(1, 1, 64, 64, requires_grad=True)
    made = torch.randn(1, 1, 64, 64, requires_grad=True)
    torch.autograd.backward(feature_matching(network(given, true), network(given, made)))
    assert true.grad is None
    assert made.grad is not None


def test_concordance_is_one_for_equal_images_and_falls_with_scale_and_offset() -> None:
    image = torch.randn(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    assert concordance(image, image).tolist() == pytest.approx([1, 1])
    assert (concordance(0.5 * image, image) < 0.95).all()
    assert (concordance(image + 1, image) < 0.95).all()


def test_a_constant_image_gives_a_finite_gradient() -> None:
    made = torch.zeros(1, 1, 32, 32, requires_grad=True)
    torch.autograd.backward(multiscale_discordance(made, torch.randn(1, 1, 32, 32)))
    assert made.grad is not None
    assert bool(made.grad.isfinite().all())


def test_only_the_weak_term_misses_the_quiet_sun_beside_a_strong_region() -> None:
    quiet = 0.01 * torch.randn(1, 1, 64, 64, generator=torch.Generator().manual_seed(1))
    spot = torch.zeros(1, 1, 64, 64)
    spot[..., 20:26, 20:26], spot[..., 20:26, 30:36] = 1.0, -1.0
    alone, both = (
        generator_loss(None, spot, spot, spot + quiet, LossWeights(0, 0, concordance, weak))
        for concordance, weak in ((1, 0), (1, 1))
    )
    assert alone < 0.01
    assert both > 0.05
    whole = generator_loss(None, spot, spot + quiet, spot + quiet, LossWeights(0, 0, 1, 1))
    assert whole == pytest.approx(0, abs=1e-5)


def test_only_the_unsigned_term_holds_for_a_region_of_the_wrong_sign() -> None:
    spot = torch.zeros(1, 1, 64, 64)
    spot[..., 20:26, 20:26], spot[..., 20:26, 30:36] = 1.0, -1.0
    signed, unsigned = (
        generator_loss(None, spot, -spot, spot, weights)
        for weights in (LossWeights(0, 0, 1), LossWeights(0, 0, 0, unsigned=1))
    )
    assert signed == pytest.approx(2, abs=1e-3)
    assert unsigned == pytest.approx(0, abs=1e-5)


def test_the_plain_distances_are_the_mean_of_the_absolute_and_the_square() -> None:
    made, true = torch.full((1, 1, 32, 32), 0.5), torch.full((1, 1, 32, 32), 0.2)
    nothing = {"adversary": 0.0, "features": 0.0, "concordance": 0.0}
    l1, l2 = (LossWeights(**nothing, l1=100), LossWeights(**nothing, l2=100))
    assert generator_loss(None, made, made, true, l1).item() == pytest.approx(30)
    assert generator_loss(None, made, made, true, l2).item() == pytest.approx(9)


def test_a_discriminator_that_knows_nothing_loses_log_two_by_cross_entropy() -> None:
    undecided = [[torch.zeros(1, 1, 6, 6)]]
    lost = discriminator_loss(undecided, undecided, cross_entropy)
    assert lost.item() == pytest.approx(math.log(2))


def test_a_discriminator_that_is_sure_and_right_loses_little_by_cross_entropy() -> None:
    true, made = ([[torch.full((1, 1, 6, 6), answer)]] for answer in (9.0, -9.0))
    assert discriminator_loss(true, made, cross_entropy).item() == pytest.approx(0, abs=2e-4)
    assert discriminator_loss(made, true, cross_entropy).item() == pytest.approx(9, abs=1e-3)


def test_a_weight_of_two_is_the_adversary_s_term_unhalved() -> None:
    image = torch.zeros(1, 1, 64, 64)

    def undecided(given: Tensor, image: Tensor) -> list[list[Tensor]]:
        return [[torch.zeros(1, 1, 6, 6)]] * 2

    weights = LossWeights(adversary=2, features=0, concordance=0)
    lost = generator_loss(undecided, image, image, image, weights, cross_entropy)
    assert lost.item() == pytest.approx(2 * math.log(2))
    assert generator_loss(undecided, image, image, image, weights).item() == pytest.approx(2)


@pytest.mark.parametrize(
    ("strided", "patch"), [(1, 16), (2, 34), (3, 70), (4, 142), (5, 286), (6, 574), (7, 1150)]
)
def test_an_answer_judges_a_patch_of_the_stated_size(strided: int, patch: int) -> None:
    discriminator = Discriminator(1, 1, n_df=1, balance=1.0, strided=strided)
    side = 1
    blocks = [m for m in discriminator.modules() if isinstance(m, torch.nn.Conv2d)]
    for block in reversed(blocks):
        side = (side - 1) * block.stride[0] + block.kernel_size[0]
    assert side == patch


def test_an_answer_does_not_see_beyond_its_patch() -> None:
    discriminator = Discriminator(1, 1, n_df=2, balance=1.0, strided=1, norm="batch").eval()
    image = torch.zeros(1, 1, 64, 64, requires_grad=True)
    discriminator(image, image)[0][-1][0, 0, 15, 15].backward()
    assert image.grad is not None
    seen = image.grad[0, 0].nonzero()
    assert (seen.max(0).values - seen.min(0).values + 1).tolist() == [16, 16]


def test_the_discriminator_of_pix2pix_has_the_size_it_is_known_by() -> None:
    with torch.device("meta"):
        network = Discriminator(3, 3, n_df=64, balance=1.0, norm="batch")
    assert sum(parameter.numel() for parameter in network.parameters()) // 1000 == 2769


def test_concordance_is_of_the_fields_alone_and_l1_of_every_plane() -> None:
    made, true = torch.randn(2, 2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    agreed, apart = LossWeights(0, 0, concordance=1.0), LossWeights(0, 0, 0.0, l1=1.0)

    def loss(weights: LossWeights, planes: slice, fields: list[int] | None = None) -> float:
        given = made[:, planes], made[:, planes], true[:, planes]
        return generator_loss(None, *given, weights, fields=fields).item()

    everything, field = slice(None), slice(1)
    assert loss(agreed, everything, fields=[0]) == pytest.approx(loss(agreed, field))
    assert loss(agreed, everything, fields=[0]) != pytest.approx(loss(agreed, everything))
    expected = (made - true).abs().mean().item()
    assert loss(apart, everything, fields=[0]) == pytest.approx(expected)
