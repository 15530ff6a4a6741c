"""The adversary of Pix2PixCC: PatchGANs that see an image beside what it was made from."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

_STRIDES = (2, 2, 2, 1, 1)
_NORMED = (1, 2, 3)


class Discriminator(nn.Module):
    """(input, target or generated) → the outputs of five blocks at each scale.

    Jeong et al. (2022, ApJS 262:50); attributes have the authors' names, so that their state dicts
    load.

    Parameters
    ----------
    input_channels, target_channels
        7 and 1 for AISFM 3.0.
    n_df
        Channels after the first block: 40 for AISFM 3.0.
    n_scales
        How many PatchGANs, each at half the scale of the one before.
    balance
        Copies of the target beside the input: ``int(balance · input / target)`` where that ratio
        exceeds one, so that seven inputs do not drown one target. 1.5 for AISFM 3.0: ten copies.
    """

    def __init__(
        self,
        input_channels: int = 7,
        target_channels: int = 1,
        n_df: int = 64,
        n_scales: int = 1,
        balance: float = 1.5,
    ) -> None:
        super().__init__()
        ratio = balance * input_channels / target_channels
        self.copies = int(ratio) if ratio > 1 else 1
        self.n_scales = n_scales
        channels = input_channels + self.copies * target_channels
        for scale in range(n_scales):
            setattr(self, f"Scale_{scale}", _PatchGan(channels, n_df))

    def forward(self, given: Tensor, image: Tensor) -> list[list[Tensor]]:
        """(n, input, y, x) and (n, target, y, x) → by scale, the outputs of the five blocks."""
        pair = torch.cat([given] + [image] * self.copies, dim=1)
        answers = []
        for scale in range(self.n_scales):
            answers.append(getattr(self, f"Scale_{scale}")(pair))
            pair = functional.avg_pool2d(pair, 3, stride=2, padding=1, count_include_pad=False)
        return answers


class _PatchGan(nn.Module):
    def __init__(self, channels: int, n_df: int) -> None:
        super().__init__()
        widths = (channels, n_df, 2 * n_df, 4 * n_df, 8 * n_df, 1)
        for index, ((narrow, wide), stride) in enumerate(
            zip(pairwise(widths), _STRIDES, strict=True)
        ):
            layers: list[nn.Module] = [nn.Conv2d(narrow, wide, 4, stride=stride, padding=1)]
            if index in _NORMED:
                layers.append(nn.InstanceNorm2d(wide))
            if wide > 1:
                layers.append(nn.LeakyReLU(0.2))
            setattr(self, f"block_{index}", nn.Sequential(*layers))

    def forward(self, pair: Tensor) -> list[Tensor]:
        outputs = []
        for index in range(len(_STRIDES)):
            pair = getattr(self, f"block_{index}")(pair)
            outputs.append(pair)
        return outputs
