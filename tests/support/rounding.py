"""How far float32 answers of one network may differ between processors and libraries."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import nn

_CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


def rounding(network: nn.Module) -> float:
    """Greatest difference to be expected, as a ratio to the span of the answers.

    A sum of n terms, taken in another order, is off by about √n roundings; the errors of the
    convolutions add up.
    """
    weights = [each.weight for each in network.modules() if isinstance(each, _CONVOLUTIONS)]
    terms = [weight[0].numel() for weight in weights]
    return float(np.finfo(np.float32).eps * np.sqrt(terms).sum())


def same(answer: ArrayLike | torch.Tensor, expected: ArrayLike, network: nn.Module) -> bool:
    """Whether two answers of a network differ by no more than the :func:`rounding` of its sums."""
    one, other = np.asarray(answer), np.asarray(expected)
    assert one.shape == other.shape
    return bool(np.abs(one - other).max() <= rounding(network) * np.ptp(other))
