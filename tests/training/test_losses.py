"""The paper's objective, against numbers computed with the authors' code on random weights."""

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.live import ROOT
from training.discriminator import Discriminator
from training.losses import (
    Weights,
    concordance,
    discriminator_loss,
    feature_matching,
    generator_loss,
    multiscale_discord,
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
    span = float(expected.max() - expected.min())
    torch.testing.assert_close(patches, expected, rtol=0, atol=1e-5 * span)


def test_all_losses_agree_with_the_authors(
    golden: Mapping[str, Tensor], discriminator: Discriminator
) -> None:
    given, made, true = (golden[key] for key in ("input", "generated", "target"))
    losses = {
        "loss_generator": generator_loss(discriminator, given, made, true, Weights()),
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
    torch.autograd.backward(multiscale_discord(made, torch.randn(1, 1, 32, 32)))
    assert made.grad is not None
    assert bool(made.grad.isfinite().all())


def test_only_the_weak_term_misses_the_quiet_sun_beside_a_strong_region() -> None:
    quiet = 0.01 * torch.randn(1, 1, 64, 64, generator=torch.Generator().manual_seed(1))
    spot = torch.zeros(1, 1, 64, 64)
    spot[..., 20:26, 20:26], spot[..., 20:26, 30:36] = 1.0, -1.0
    alone, both = (
        generator_loss(None, spot, spot, spot + quiet, Weights(0, 0, concordance, weak))
        for concordance, weak in ((1, 0), (1, 1))
    )
    assert alone < 0.01
    assert both > 0.05
    whole = generator_loss(None, spot, spot + quiet, spot + quiet, Weights(0, 0, 1, 1))
    assert whole == pytest.approx(0, abs=1e-5)


def test_only_the_unsigned_term_holds_for_a_region_of_the_wrong_sign() -> None:
    spot = torch.zeros(1, 1, 64, 64)
    spot[..., 20:26, 20:26], spot[..., 20:26, 30:36] = 1.0, -1.0
    signed, unsigned = (
        generator_loss(None, spot, -spot, spot, weights)
        for weights in (Weights(0, 0, 1), Weights(0, 0, 0, unsigned=1))
    )
    assert signed == pytest.approx(2, abs=1e-3)
    assert unsigned == pytest.approx(0, abs=1e-5)
