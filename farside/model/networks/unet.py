"""U-Net of Pix2Pix: Isola et al. (2017, CVPR), after Ronneberger et al. (2015, MICCAI)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

DROPOUT_LAYERS = 3
"""Number of innermost decoder layers with dropout."""

MAX_WIDTH = 8
"""Maximum width of a layer, as a multiple of the first layer's channels."""


class UNet(nn.Module):
    """U-Net with strided convolutions, transposed convolutions, skip connections and tanh output.

    Kernels are 4×4 with stride 2. The first and the innermost convolution are not normalised: the
    innermost may have a single pixel, which is its own mean.

    Parameters
    ----------
    input_channels, output_channels
        Number of input and output planes.
    n_gf
        Channels after the first convolution; they double at each level, up to eight times as many.
    levels
        Halvings of the image, at least 2.
    norm
        Function channels → normalisation layer.
    dropout
        Function (channels, side) → dropout layer of the three innermost decoder layers, where the
        side is that of the smallest input, ``2**levels``; no dropout if omitted.

    Raises
    ------
    ValueError
        Fewer than two levels.
    """

    def __init__(
        self,
        input_channels: int,
        output_channels: int,
        n_gf: int,
        levels: int,
        norm: Callable[[int], nn.Module] = nn.BatchNorm2d,
        dropout: Callable[[int, int], nn.Module] | None = None,
    ) -> None:
        if levels < 2:
            raise ValueError(f"levels of a U-Net: got {levels}, expected at least 2")
        super().__init__()
        widths = [n_gf * min(2**level, MAX_WIDTH) for level in range(levels)]
        self.down = nn.ModuleList([nn.Conv2d(input_channels, n_gf, 4, stride=2, padding=1)])
        for level in range(1, levels):
            innermost = level == levels - 1
            narrow, wide = widths[level - 1 : level + 1]
            layers: list[nn.Module] = [
                nn.LeakyReLU(0.2),
                nn.Conv2d(narrow, wide, 4, stride=2, padding=1, bias=innermost),
            ]
            self.down.append(nn.Sequential(*layers, *([] if innermost else [norm(wide)])))
        self.up = nn.ModuleList()
        for depth, level in enumerate(range(levels - 1, 0, -1)):
            wide, narrow = widths[level] * (2 if depth else 1), widths[level - 1]
            layers = [nn.ReLU(), _doubling(wide, narrow, bias=False), norm(narrow)]
            if dropout and depth < DROPOUT_LAYERS:
                layers.append(dropout(narrow, 2 ** (depth + 1)))
            self.up.append(nn.Sequential(*layers))
        last = _doubling(2 * n_gf, output_channels, bias=True)
        self.up.append(nn.Sequential(nn.ReLU(), last, nn.Tanh()))

    def forward(self, x: Tensor) -> Tensor:
        """(n, input, y, x) → (n, output, y, x), between -1 and 1."""
        passed = []
        for layer in self.down:
            x = layer(x)
            passed.append(x)
        x = self.up[0](passed.pop())
        for layer in self.up[1:]:
            x = layer(torch.cat([x, passed.pop()], dim=1))
        return x


def _doubling(wide: int, narrow: int, bias: bool) -> nn.Module:
    return nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1, bias=bias)
