"""Encoder-decoder with atrous spatial pyramid pooling: DeepLab v3+, Chen et al. (2018, ECCV)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

RATES = (2, 4, 8)
"""Dilation rates of the pyramid, pixels at a quarter of the image's resolution."""


class AtrousEncoderDecoder(nn.Module):
    """Encoder with two halvings, atrous spatial pyramid, decoder with skip connection; tanh output.

    Parameters
    ----------
    input_channels, output_channels
        Number of input and output planes.
    n_gf
        Channels after the first convolution.
    """

    def __init__(self, input_channels: int, output_channels: int, n_gf: int) -> None:
        super().__init__()
        self.near = nn.Sequential(
            nn.Conv2d(input_channels, n_gf, 4, stride=2, padding=1), nn.LeakyReLU(0.2)
        )
        self.far = nn.Sequential(
            nn.Conv2d(n_gf, 2 * n_gf, 4, stride=2, padding=1),
            nn.InstanceNorm2d(2 * n_gf),
            nn.LeakyReLU(0.2),
            _Pyramid(2 * n_gf, 4 * n_gf),
            *_doubled(4 * n_gf, n_gf),
        )
        self.head = nn.Sequential(
            *_doubled(2 * n_gf, n_gf), nn.Conv2d(n_gf, output_channels, 3, padding=1), nn.Tanh()
        )

    def forward(self, x: Tensor) -> Tensor:
        """(n, input, y, x) → (n, output, y, x), between -1 and 1."""
        near = self.near(x)
        out: Tensor = self.head(torch.cat([near, self.far(near)], dim=1))
        return out


class _Pyramid(nn.Module):
    """Atrous spatial pyramid: 1×1, dilated 3×3 at each rate, and global mean, concatenated."""

    def __init__(self, given: int, wanted: int) -> None:
        super().__init__()
        self.views = nn.ModuleList([_normed(nn.Conv2d(given, given, 1), given)])
        for rate in RATES:
            view = nn.Conv2d(given, given, 3, padding=rate, dilation=rate)
            self.views.append(_normed(view, given))
        self.whole = nn.Sequential(nn.Conv2d(given, given, 1), nn.ReLU())
        self.together = _normed(nn.Conv2d((len(RATES) + 2) * given, wanted, 1), wanted)

    def forward(self, x: Tensor) -> Tensor:
        whole = self.whole(x.mean((2, 3), keepdim=True)).expand_as(x)
        out: Tensor = self.together(torch.cat([*(view(x) for view in self.views), whole], dim=1))
        return out


def _normed(convolution: nn.Module, channels: int) -> nn.Sequential:
    return nn.Sequential(convolution, nn.InstanceNorm2d(channels), nn.ReLU())


def _doubled(wide: int, narrow: int) -> tuple[nn.Module, ...]:
    up = nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1)
    return up, nn.InstanceNorm2d(narrow), nn.ReLU()
