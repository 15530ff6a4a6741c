"""The objective of Pix2PixCC: an adversary, its features, and Lin's concordance.

Jeong et al. (2022, ApJS 262:50), Sect. 3; images are (n, channel, y, x) in network units.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Weights:
    """Of the terms of the generator's loss.

    Attributes
    ----------
    adversary, features, concordance
        λ1 to λ3 of the paper.
    weak
        Of the concordance of weak fields, which the paper has not: see :func:`compressed`.
    weak_scale
        Field above which it is compressed, network units.
    unsigned
        Of the concordance of |B|, which the paper has not: EUV shows how strong a new region is,
        also where its polarity is a guess.
    """

    adversary: float = 2.0
    features: float = 10.0
    concordance: float = 5.0
    weak: float = 0.0
    weak_scale: float = 0.02
    unsigned: float = 0.0

    @property
    def needs_adversary(self) -> bool:
        """Whether any term asks the discriminator."""
        return self.adversary > 0 or self.features > 0


Features = Sequence[Sequence[Tensor]]
"""By scale, then by block: what :class:`training.discriminator.Discriminator` answers."""

Judge = Callable[[Tensor, Tensor], list[list[Tensor]]]
"""A discriminator: what was given, and an image, to features."""


def discriminator_loss(on_true: Features, on_generated: Features) -> Tensor:
    """½ [MSE(D(x, y), 1) + MSE(D(x, G(x)), 0)], summed over scales (least squares GAN)."""
    return torch.stack(
        [
            (_distance(true[-1], 1) + _distance(generated[-1], 0)) / 2
            for true, generated in zip(on_true, on_generated, strict=True)
        ]
    ).sum()


def generator_loss(
    discriminator: Judge | None,
    given: Tensor,
    generated: Tensor,
    target: Tensor,
    weights: Weights,
) -> Tensor:
    """λ1 ½ MSE(D(x, G(x)), 1) + λ2 FM + λ3 CC; without a discriminator, no λ1 and λ2.

    To it the concordances of weak fields and of |B| are added, where they have a weight.
    """
    loss = weights.concordance * multiscale_discord(generated, target)
    if weights.weak:
        made, true = (compressed(image, weights.weak_scale) for image in (generated, target))
        loss = loss + weights.weak * multiscale_discord(made, true)
    if weights.unsigned:
        loss = loss + weights.unsigned * multiscale_discord(generated.abs(), target.abs())
    if discriminator is None:
        return loss
    on_generated = discriminator(given, generated)
    with torch.no_grad():
        on_true = discriminator(given, target)
    adversary = torch.stack([_distance(scale[-1], 1) / 2 for scale in on_generated]).sum()
    matching = feature_matching(on_true, on_generated)
    return loss + weights.adversary * adversary + weights.features * matching


def feature_matching(on_true: Features, on_generated: Features) -> Tensor:
    """Mean absolute difference of each block's output, summed over blocks and scales (Eq. 1).

    The final patch map counts as a feature. Each scale counts once.
    """
    return torch.stack(
        [
            functional.l1_loss(generated, true.detach())
            for true_scale, generated_scale in zip(on_true, on_generated, strict=True)
            for true, generated in zip(true_scale, generated_scale, strict=True)
        ]
    ).sum()


def concordance(generated: Tensor, target: Tensor) -> Tensor:
    """Lin's concordance correlation coefficient of each image with its target, (n,).

    2 cov / (var + var + (mean - mean)²) with unbiased moments; 1 where they agree, and finite,
    with a finite gradient, for a constant image.
    """
    over = (1, 2, 3)
    made = generated - generated.mean(over, keepdim=True)
    true = target - target.mean(over, keepdim=True)
    unbiased = made[0].numel() - 1
    covariance = (made * true).sum(over) / unbiased
    spread = ((made**2).sum(over) + (true**2).sum(over)) / unbiased
    offset = (generated.mean(over) - target.mean(over)) ** 2
    return 2 * covariance / (spread + offset + 1e-8)


def multiscale_discord(generated: Tensor, target: Tensor, scales: int = 4) -> Tensor:
    """Mean of 1 - concordance at full scale and after each of three halvings (Eq. 3)."""
    losses = []
    for _ in range(scales):
        losses.append(1 - concordance(generated, target).mean())
        generated, target = _halve(generated), _halve(target)
    return torch.stack(losses).mean()


def compressed(image: Tensor, scale: float) -> Tensor:
    """asinh(B / scale): linear for weak fields, logarithmic for strong ones.

    The concordance of a disk is that of its strongest regions; that of the compressed field is of
    the quiet Sun too.
    """
    return torch.asinh(image / scale)


def _distance(patches: Tensor, wanted: float) -> Tensor:
    return ((patches - wanted) ** 2).mean()


def _halve(image: Tensor) -> Tensor:
    return functional.avg_pool2d(image, 3, stride=2, padding=1, count_include_pad=False)
