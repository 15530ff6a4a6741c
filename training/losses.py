"""Loss terms: adversarial, feature matching, Lin's concordance, L1 and L2.

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
class LossWeights:
    """Weights of the terms of the generator's loss.

    Attributes
    ----------
    adversary, features, concordance
        λ1 to λ3 of Jeong et al. (2022). The adversary's term is halved, as in theirs: 2 gives what
        the other papers have.
    weak
        Concordance of weak fields, in no paper: see :func:`compressed`.
    weak_scale
        Field above which the field is compressed, network units.
    unsigned
        Concordance of |B|, in no paper: EUV shows the strength of a new region even where its
        polarity is unknown.
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
        """Whether any term needs a discriminator."""
        return self.adversary > 0 or self.features > 0


Features = Sequence[Sequence[Tensor]]
"""Outputs of :class:`training.discriminator.Discriminator` by scale, then by block."""

DiscriminatorFunction = Callable[[Tensor, Tensor], list[list[Tensor]]]
"""Discriminator as a function: (input, image) → features."""


AdversarialLoss = Literal["least-squares", "cross-entropy"]

Distance = Callable[[Tensor, float], Tensor]
"""Distance of a discriminator's outputs from their label: 1 for true, 0 for generated."""


def least_squares(patches: Tensor, label: float) -> Tensor:
    """Mean of (D - expected)²: the least squares GAN, Mao et al. (2017, ICCV)."""
    return ((patches - label) ** 2).mean()


def cross_entropy(patches: Tensor, label: float) -> Tensor:
    """Binary cross-entropy of the sigmoid of D: the first GAN, and Pix2Pix."""
    return functional.binary_cross_entropy_with_logits(patches, torch.full_like(patches, label))


DISTANCES: Mapping[AdversarialLoss, Distance] = {
    "least-squares": least_squares,
    "cross-entropy": cross_entropy,
}


def discriminator_loss(
    on_true: Features, on_generated: Features, distance: Distance = least_squares
) -> Tensor:
    """Loss of the discriminator: ½ [distance(D(x, y), 1) + distance(D(x, G(x)), 0)].

    The terms of all scales are summed.
    """
    return torch.stack(
        [
            (distance(true[-1], 1) + distance(generated[-1], 0)) / 2
            for true, generated in zip(on_true, on_generated, strict=True)
        ]
    ).sum()


def generator_loss(
    discriminator: DiscriminatorFunction | None,
    given: Tensor,
    generated: Tensor,
    target: Tensor,
    weights: LossWeights,
    distance: Distance = least_squares,
    fields: Sequence[int] | None = None,
    on_true: Features | None = None,
) -> Tensor:
    """Loss of the generator: λ1 ½ distance(D(x, G(x)), 1) + λ2 FM + :func:`similarity_loss`.

    Without a discriminator the terms of λ1 and λ2 are left out. Its outputs for the true image,
    `on_true`, are computed here unless they are given.
    """
    loss = similarity_loss(generated, target, weights, fields)
    if discriminator is None:
        return loss
    on_generated = discriminator(given, generated)
    adversary = torch.stack([distance(scale[-1], 1) / 2 for scale in on_generated]).sum()
    loss = loss + weights.adversary * adversary
    if weights.features:
        if on_true is None:
            with torch.no_grad():
                on_true = discriminator(given, target)
        loss = loss + weights.features * feature_matching(on_true, on_generated)
    return loss


def similarity_loss(
    generated: Tensor,
    target: Tensor,
    weights: LossWeights,
    fields: Sequence[int] | None = None,
) -> Tensor:
    """Weighted sum of the terms that compare the generated image with the true one.

    Each output plane counts as an image of its own.

    Parameters
    ----------
    fields
        Planes that are magnetic fields, for the terms of concordance; all if omitted. Concordance
        rewards contrast, and where an EUV image cannot be known from the input, contrast is noise.
    """
    chosen = slice(None) if fields is None else list(fields)
    field, true = (each[:, chosen].flatten(0, 1)[:, None] for each in (generated, target))
    weak, true_weak = (compressed(each, weights.weak_scale) for each in (field, true))
    terms: tuple[tuple[float, Callable[[Tensor, Tensor], Tensor], Tensor, Tensor], ...] = (
        (weights.concordance, multiscale_discordance, field, true),
        (weights.weak, multiscale_discordance, weak, true_weak),
        (weights.unsigned, multiscale_discordance, field.abs(), true.abs()),
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


def multiscale_discordance(generated: Tensor, target: Tensor, scales: int = 4) -> Tensor:
    """Mean of 1 - concordance at full scale and after each of three halvings (Eq. 3)."""
    losses = []
    for _ in range(scales):
        losses.append(1 - concordance(generated, target).mean())
        generated, target = _halve(generated), _halve(target)
    return torch.stack(losses).mean()


def compressed(image: Tensor, scale: float) -> Tensor:
    """Compress a field as asinh(B / scale): linear where weak, logarithmic where strong.

    The strongest regions dominate the concordance of a disk; after compression the quiet Sun counts
    too.
    """
    return torch.asinh(image / scale)


def _halve(image: Tensor) -> Tensor:
    return functional.avg_pool2d(image, 3, stride=2, padding=1, count_include_pad=False)
