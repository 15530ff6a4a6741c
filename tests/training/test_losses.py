import numpy as np
import pytest
import torch

from training.losses import concordance, multiscale_discord


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


def test_full_scale_concordance_agrees_with_the_authors_numbers() -> None:
    from pathlib import Path

    with np.load(Path(__file__).parents[1] / "golden" / "pix2pixcc_small.npz") as golden:
        target, generated = (torch.from_numpy(golden[k]) for k in ("target", "generated"))
        expected = float(golden["loss_concordance_fullscale"])
    # Theirs takes the unbiased variance: the difference is of order 1 / pixels.
    assert 1 - concordance(generated, target).mean().item() == pytest.approx(expected, abs=1e-3)
