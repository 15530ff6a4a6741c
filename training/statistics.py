"""Proper scores of a field that is answered with its error, strength and polarity.

Each is least, in the mean, where what is answered is right: the conditional mean and variance of
the field, the mean of its compressed strength, the probability of its sign (Gneiting & Raftery
2007, JASA 102, 359). Fields are in network units, (n, 1, y, x).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from farside.magnetogram.error_distribution import WITHIN_SIGMA, half_width
from farside.model.recipe import Recipe
from training.losses import LossWeights, compressed, multiscale_discordance

TAMED = 0.5
"""Exponent β of the variance that weighs each pixel's likelihood, so that the mean is learnt where
the error is large too: Seitzer et al. (2022, ICLR)."""

FIELD_SCALES_PX = (1, 4, 8)
STRENGTH_SCALES_PX = (1, 2, 4, 8)
"""Sides of the blocks whose means are compared."""

CORRELATED_PX = 2.0
"""Distance within which errors of the field are taken to be correlated. A choice."""

WEAK = 0.15
"""Strength, network units, from which on a polarity counts: 15 G with a unit of 100 G. A choice."""

LEAST_PROBABILITY = 1e-4


class Statistics(NamedTuple):
    """Statistics of the field that a network predicts, network units."""

    field: Tensor
    sigma: Tensor
    strength: Tensor
    positive: Tensor
    degrees_of_freedom: float | None = None


def statistics_of(answer: Tensor, recipe: Recipe) -> Statistics | None:
    """Select the planes of an answer (n, output, y, x); None if the Recipe has not all of them."""
    quantities: list[str] = [output.quantity for output in recipe.outputs]
    wanted = (
        "line-of-sight magnetic field",
        "sigma",
        "unsigned magnetic field",
        "probability of positive polarity",
    )
    if not set(wanted) <= set(quantities):
        return None
    # Logarithms of probabilities and of variances need more digits than bfloat16 has.
    field, sigma, strength, positive = (
        answer[:, [quantities.index(each)]].float() for each in wanted
    )
    return Statistics(field, sigma, strength, positive, recipe.degrees_of_freedom)


def statistics_loss(made: Statistics, truth: Tensor, disk: Tensor, weights: LossWeights) -> Tensor:
    """The terms that have a weight, summed.

    Parameters
    ----------
    truth
        The measured field, 0 off the disk.
    disk
        Where it counts, (1, y, x), 1 or 0.
    """
    terms: tuple[tuple[float, Callable[[], Tensor]], ...] = (
        (weights.likelihood, lambda: field_score(made, truth, disk)),
        (weights.strength, lambda: strength_score(made.strength, truth, disk, weights.weak_scale)),
        (
            weights.strength_concordance,
            lambda: multiscale_discordance(made.strength * disk, truth.abs() * disk),
        ),
        (weights.polarity, lambda: polarity_score(made.positive, made.strength, truth, disk)),
    )
    found = [weight * term() for weight, term in terms if weight]
    return torch.stack(found).sum() if found else truth.new_zeros(())


def field_score(made: Statistics, truth: Tensor, disk: Tensor) -> Tensor:
    """Likelihood of the pixels, and squared errors of block means in units of their variance.

    The field is taught by squared errors, so that it is the conditional mean, σ by the likelihood
    of a Gaussian or of Student's t-distribution. The variance of a block's mean is taken to be
    that of its pixels over the number of them that err independently.
    """
    error, variance = (made.field - truth) * disk, made.sigma**2
    scores = []
    for side in FIELD_SCALES_PX:
        here, weight = _pooled(variance, side), _pooled(disk.expand_as(truth), side)
        square = _pooled(error, side) ** 2
        if side == 1:
            pixels = _surprise(square, here, made.degrees_of_freedom) * here.detach() ** TAMED
        else:
            independent = max(1.0, (side / CORRELATED_PX) ** 2)
            pixels = square / 2 * independent / here.detach() ** (1 - TAMED)
        scores.append(_mean(pixels, weight))
    return torch.stack(scores).mean()


def _surprise(square: Tensor, variance: Tensor, degrees: float | None) -> Tensor:
    """Minus the logarithm of the likelihood, up to a constant; `variance` is σ²."""
    if degrees is None:
        return (square / variance + variance.log()) / 2
    scaled = square.detach() / variance * half_width(WITHIN_SIGMA, degrees) ** 2 / degrees
    tails = (degrees + 1) / 2 * scaled.log1p() + variance.log() / 2
    return tails + square / (2 * variance.detach())


def strength_score(strength: Tensor, truth: Tensor, disk: Tensor, scale: float) -> Tensor:
    """Squared difference of asinh(block mean of |B| / scale), mean over blocks of all scales."""
    made, true = strength * disk, truth.abs() * disk
    scores = [
        _mean(
            (compressed(_pooled(made, side), scale) - compressed(_pooled(true, side), scale)) ** 2,
            _pooled(disk.expand_as(truth), side),
        )
        for side in STRENGTH_SCALES_PX
    ]
    return torch.stack(scores).mean()


def polarity_score(positive: Tensor, strength: Tensor, truth: Tensor, disk: Tensor) -> Tensor:
    """Cross-entropy of the share of positive flux in blocks; strong blocks count more.

    The share that is answered is the mean of p(+) weighted by the answered strength, which this
    term does not teach.
    """
    weight = strength.detach() * disk + 1e-4
    scores = []
    for side in STRENGTH_SCALES_PX:
        flux = _pooled(truth.abs() * disk, side)
        share = _pooled(truth.clamp(min=0) * disk, side) / flux.clamp(min=1e-6)
        made = _pooled(positive * weight, side) / _pooled(weight, side)
        made = made.clamp(LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
        entropy = -(share * made.log() + (1 - share) * (1 - made).log())
        scores.append(_mean(entropy, flux / (flux + WEAK)))
    return torch.stack(scores).mean()


def _pooled(image: Tensor, side: int) -> Tensor:
    return functional.avg_pool2d(image, side) if side > 1 else image


def _mean(values: Tensor, weight: Tensor) -> Tensor:
    return (values * weight).sum() / weight.sum().clamp(min=1e-6)
