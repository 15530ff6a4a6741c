"""The objectives: an adversary, its features, Lin's concordance, and plain distances.

Images are (n, channel, y, x) in network units. Pix2PixCC has adversary, features and concordance
(Jeong et al. 2022, ApJS 262:50, Sect. 3), Pix2PixHD the first two (Jeong et al. 2020, ApJL 903
L25), Pix2Pix adversary and L1 (Kim et al. 2019, Nature Astronomy 3:397), the multi-layer GAN
adversary and L2 (Alshehhi 2020, CVPR Workshops).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Weights:
    """Of the terms of the generator's loss.

    Attributes
    ----------
    adversary, features, concordance
        λ1 to λ3 of Jeong et al. (2022). The adversary's term is halved, as in theirs: 2 gives what
        the other papers have.
    weak
        Of the concordance of weak fields, which no paper has: see :func:`compressed`.
    weak_scale
        Field above which it is compressed, network units.
    unsigned
        Of the concordance of |B|, which no paper has: EUV shows how strong a new region is,
        also where its polarity is a guess.
    l1, l2
        Of the mean absolute and the mean squared difference.
    likelihood, strength, strength_concordance, polarity
        Of the scores of :mod:`training.statistics`, for networks that answer σ, |B| and p(+) with
        the field; `weak_scale` is where their strengths are compressed too.
    """

    adversary: float = 2.0
    features: float = 10.0
    concordance: float = 5.0
    weak: float = 0.0
    weak_scale: float = 0.02
    unsigned: float = 0.0
    l1: float = 0.0
    l2: float = 0.0
    likelihood: float = 0.0
    strength: float = 0.0
    strength_concordance: float = 0.0
    polarity: float = 0.0

    @property
    def needs_adversary(self) -> bool:
        """Whether any term asks the discriminator."""
        return self.adversary > 0 or self.features > 0


Features = Sequence[Sequence[Tensor]]
"""By scale, then by block: what :class:`training.discriminator.Discriminator` answers."""

Judge = Callable[[Tensor, Tensor], list[list[Tensor]]]
"""A discriminator: what was given, and an image, to features."""


Game = Literal["least-squares", "cross-entropy"]

Distance = Callable[[Tensor, float], Tensor]
"""Of a discriminator's answers from what they should be: 1 for true, 0 for generated."""


def least_squares(patches: Tensor, wanted: float) -> Tensor:
    """Mean of (D - expected)²: the least squares GAN, Mao et al. (2017, ICCV)."""
    return ((patches - wanted) ** 2).mean()


def cross_entropy(patches: Tensor, wanted: float) -> Tensor:
    """Binary cross-entropy of the sigmoid of D: the first GAN, and Pix2Pix."""
    return functional.binary_cross_entropy_with_logits(patches, torch.full_like(patches, wanted))


DISTANCES: Mapping[Game, Distance] = {
    "least-squares": least_squares,
    "cross-entropy": cross_entropy,
}


def discriminator_loss(
    on_true: Features, on_generated: Features, distance: Distance = least_squares
) -> Tensor:
    """½ [distance(D(x, y), 1) + distance(D(x, G(x)), 0)], summed over scales."""
    return torch.stack(
        [
            (distance(true[-1], 1) + distance(generated[-1], 0)) / 2
            for true, generated in zip(on_true, on_generated, strict=True)
        ]
    ).sum()


def generator_loss(
    discriminator: Judge | None,
    given: Tensor,
    generated: Tensor,
    target: Tensor,
    weights: Weights,
    distance: Distance = least_squares,
) -> Tensor:
    """λ1 ½ distance(D(x, G(x)), 1) + λ2 FM + what :func:`likeness_loss` asks.

    Without a discriminator, no λ1 and λ2.
    """
    loss = likeness_loss(generated, target, weights)
    if discriminator is None:
        return loss
    on_generated = discriminator(given, generated)
    adversary = torch.stack([distance(scale[-1], 1) / 2 for scale in on_generated]).sum()
    loss = loss + weights.adversary * adversary
    if weights.features:
        with torch.no_grad():
            on_true = discriminator(given, target)
        loss = loss + weights.features * feature_matching(on_true, on_generated)
    return loss


def likeness_loss(generated: Tensor, target: Tensor, weights: Weights) -> Tensor:
    """The terms that compare the generated image with the true one, each where it has a weight.

    Planes of several outputs count as images of their own.
    """
    generated, target = (planes.flatten(0, 1)[:, None] for planes in (generated, target))
    made, true = (compressed(image, weights.weak_scale) for image in (generated, target))
    terms: tuple[tuple[float, Callable[[Tensor, Tensor], Tensor], Tensor, Tensor], ...] = (
        (weights.concordance, multiscale_discord, generated, target),
        (weights.weak, multiscale_discord, made, true),
        (weights.unsigned, multiscale_discord, generated.abs(), target.abs()),
        (weights.l1, functional.l1_loss, generated, target),
        (weights.l2, functional.mse_loss, generated, target),
    )
    found = [weight * term(one, other) for weight, term, one, other in terms if weight]
    return torch.stack(found).sum() if found else generated.new_zeros(())


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


def _halve(image: Tensor) -> Tensor:
    return functional.avg_pool2d(image, 3, stride=2, padding=1, count_include_pad=False)
