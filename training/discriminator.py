"""Conditional PatchGAN discriminators at one or several scales."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Norm = Literal["instance", "batch"]

_NORMS = {"instance": nn.InstanceNorm2d, "batch": nn.BatchNorm2d}

_WIDEST = 8


class Discriminator(nn.Module):
    """Multi-scale PatchGAN: (input, image) → outputs of all blocks at each scale.

    With three strided blocks of five it is the discriminator of Jeong et al. (2022, ApJS 262:50)
    and of Isola et al. (2017, CVPR); attributes have the names of the former, so that its state
    dicts load.

    Parameters
    ----------
    input_channels, target_channels
        7 and 1 for AISFM 3.0.
    n_df
        Channels after the first block: 40 for AISFM 3.0.
    n_scales
        Number of PatchGANs, each at half the scale of the one before.
    balance
        Copies of the target beside the input: ``int(balance · input / target)`` where that ratio
        exceeds one, so that seven inputs do not drown one target. 1.5 for AISFM 3.0: ten copies.
    strided
        Number of blocks of stride 2, before two of stride 1. The receptive field is 16, 34, 70,
        142, 286, 574 or 1150 pixels for 1 to 7 of them.
    norm
        Normalisation of all blocks but the first and the last.
    """

    def __init__(
        self,
        input_channels: int = 7,
        target_channels: int = 1,
        n_df: int = 64,
        n_scales: int = 1,
        balance: float = 1.5,
        strided: int = 3,
        norm: Norm = "instance",
    ) -> None:
        super().__init__()
        ratio = balance * input_channels / target_channels
        self.copies = int(ratio) if ratio > 1 else 1
        self.n_scales = n_scales
        channels = input_channels + self.copies * target_channels
        for scale in range(n_scales):
            setattr(self, f"Scale_{scale}", _PatchGan(channels, n_df, strided, norm))

    def forward(self, given: Tensor, image: Tensor) -> list[list[Tensor]]:
        """Outputs of the blocks by scale, for (n, input, y, x) and (n, target, y, x)."""
        pair = torch.cat([given] + [image] * self.copies, dim=1)
        answers = []
        for scale in range(self.n_scales):
            answers.append(getattr(self, f"Scale_{scale}")(pair))
            pair = functional.avg_pool2d(pair, 3, stride=2, padding=1, count_include_pad=False)
        return answers


class Discriminators(nn.Module):
    """Discriminators of a run, one for each stage."""

    def __init__(self, discriminators: Iterable[Discriminator]) -> None:
        super().__init__()
        self.of_stage = nn.ModuleList(discriminators)

    def forward(self, given: Tensor, image: Tensor, stage: int) -> list[list[Tensor]]:
        """Outputs of the discriminator of one stage; see :class:`Discriminator`."""
        answers: list[list[Tensor]] = self.of_stage[stage](given, image)
        return answers


class _PatchGan(nn.Module):
    def __init__(self, channels: int, n_df: int, strided: int, norm: Norm) -> None:
        super().__init__()
        inner = [n_df * min(2**block, _WIDEST) for block in range(strided + 1)]
        widths = [channels, *inner, 1]
        self.blocks = len(widths) - 1
        for index, (narrow, wide) in enumerate(pairwise(widths)):
            stride = 2 if index < strided else 1
            layers: list[nn.Module] = [nn.Conv2d(narrow, wide, 4, stride=stride, padding=1)]
            if 0 < index < self.blocks - 1:
                layers.append(_NORMS[norm](wide))
            if index < self.blocks - 1:
                layers.append(nn.LeakyReLU(0.2))
            setattr(self, f"block_{index}", nn.Sequential(*layers))

    def forward(self, pair: Tensor) -> list[Tensor]:
        outputs = []
        for index in range(self.blocks):
            pair = getattr(self, f"block_{index}")(pair)
            outputs.append(pair)
        return outputs
