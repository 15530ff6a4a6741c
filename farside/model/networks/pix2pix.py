"""Generator of AISFM 1.0: Pix2Pix as in Kim et al. (2019, Nature Astronomy 3:397)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from farside.model.networks import Network
from farside.model.networks.unet import UNet


class Generator(Network):
    """U-Net with output between -1 and 1, deterministic at inference.

    Kim et al. kept normalisation and dropout in training mode at inference: each image is
    normalised by its own statistics, half of the pixels in the innermost channels are dropped at
    random, and no two outputs are equal. With `stochastic` this network does so too, with a dropout
    mask fixed by `seed`.

    Parameters
    ----------
    input_channels, output_channels
        1 and 1 for AISFM 1.0.
    n_gf
        Channels after the first convolution: 64 for AISFM 1.0.
    levels
        Halvings of the image: 10 for AISFM 1.0, at 1024² pixels.
    dropout
        Dropout rate.
    stochastic
        Keep normalisation and dropout in training mode at inference.
    seed
        Seed of the dropout mask at inference; stored with the weights, as an argument in the
        Recipe.

    Raises
    ------
    ValueError
        Fewer than two levels.
    """

    def __init__(
        self,
        input_channels: int = 1,
        output_channels: int = 1,
        n_gf: int = 64,
        levels: int = 8,
        dropout: float = 0.5,
        stochastic: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.input_channels = input_channels
        self.output_channels = output_channels
        self.side_multiple = self.min_side = 2**levels
        chance = torch.Generator().manual_seed(seed)

        def drop(channels: int, side: int) -> nn.Module:
            if not stochastic:
                return nn.Dropout(dropout)
            return SeededDropout(dropout, (channels, side, side), chance)

        norm = OwnStatistics if stochastic else nn.BatchNorm2d
        self.unet = UNet(input_channels, output_channels, n_gf, levels, norm, drop)

    def forward(self, x: Tensor) -> Tensor:
        """(n, input, y, x) → (n, output, y, x), between -1 and 1.

        Raises
        ------
        InputShapeError
            A side is not a multiple of ``2**levels``.
        """
        self.check_sides(x)
        out: Tensor = self.unet(x)
        return out


class OwnStatistics(nn.BatchNorm2d):
    """Batch normalisation that uses each image's own mean and variance at inference."""

    def forward(self, x: Tensor) -> Tensor:
        """(n, channel, y, x) → the same shape."""
        if self.training:
            return super().forward(x)
        return functional.instance_norm(x, weight=self.weight, bias=self.bias, eps=self.eps)


class SeededDropout(nn.Module):
    """Dropout with a fixed mask at inference, drawn when the network is built.

    Parameters
    ----------
    rate
        Dropout rate.
    shape
        Shape (channel, y, x) of the mask, which is repeated over a larger image.
    chance
        Random generator of the mask.
    """

    def __init__(self, rate: float, shape: tuple[int, int, int], chance: torch.Generator) -> None:
        super().__init__()
        self.rate = rate
        # On the CPU even if the network is built on the meta device: the mask is not a weight.
        kept = torch.rand(shape, generator=chance, device="cpu") >= rate
        self.register_buffer("kept", kept / (1 - rate), persistent=False)
        self.side = shape[-1]

    def forward(self, x: Tensor) -> Tensor:
        """(n, channel, y, x) → the same shape."""
        if self.training:
            return functional.dropout(x, self.rate)
        kept: Tensor = self.get_buffer("kept")
        return x * kept.repeat(1, 1, x.shape[-2] // self.side, x.shape[-1] // self.side)
