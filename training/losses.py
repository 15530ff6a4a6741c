"""Losses that compare a generated image with its target, both (n, 1, y, x)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def concordance(generated: Tensor, target: Tensor) -> Tensor:
    """Lin's concordance correlation coefficient of each image with its target, (n,).

    2 cov / (var + var + (mean - mean)²); 1 where they agree, and finite for a constant image.
    """
    over = (1, 2, 3)
    generated_mean, target_mean = generated.mean(over), target.mean(over)
    covariance = (generated * target).mean(over) - generated_mean * target_mean
    spread = generated.var(over, unbiased=False) + target.var(over, unbiased=False)
    return 2 * covariance / (spread + (generated_mean - target_mean) ** 2 + 1e-8)


def multiscale_discord(generated: Tensor, target: Tensor, scales: int = 4) -> Tensor:
    """Mean of 1 - concordance at full scale and after each halving (Jeong et al. 2022, Eq. 3)."""
    losses = []
    for _ in range(scales):
        losses.append(1 - concordance(generated, target).mean())
        generated, target = _halve(generated), _halve(target)
    return torch.stack(losses).mean()


def _halve(image: Tensor) -> Tensor:
    return functional.avg_pool2d(image, 3, stride=2, padding=1, count_include_pad=False)
