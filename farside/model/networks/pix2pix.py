"""The generator of AISFM 1.0: Pix2Pix as Kim et al. (2019, Nature Astronomy 3:397) have it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from farside.model.networks import Network
from farside.model.networks.unet import UNet


class Generator(Network):
    """A U-Net between -1 and 1, which gives the same answer to the same image.

    Kim et al. left normalisation and dropout at inference as they are in training: each image is
    normalised by itself, half of the innermost channels' pixels are left out at random, and no two
    answers are equal. With `stochastic` this does so too, but what is left out follows from `seed`.

    Parameters
    ----------
    input_channels, output_channels
        1 and 1 for AISFM 1.0.
    n_gf
        Channels after the first convolution: 64 for AISFM 1.0.
    levels
        Halvings of the image: 10 for AISFM 1.0, at 1024² pixels.
    dropout
        Share that is left out.
    stochastic
        Leave normalisation and dropout on at inference.
    seed
        Of what is left out then. It goes with the weights, as an argument in their Recipe.

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
        self.side_multiple = self.least_side = 2**levels
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
        self.refuse_misfit(x)
        out: Tensor = self.unet(x)
        return out


class OwnStatistics(nn.BatchNorm2d):
    """Batch normalisation that at inference, too, takes each image's own mean and variance."""

    def forward(self, x: Tensor) -> Tensor:
        """(n, channel, y, x) → the same."""
        if self.training:
            return super().forward(x)
        return functional.instance_norm(x, weight=self.weight, bias=self.bias, eps=self.eps)


class SeededDropout(nn.Module):
    """Dropout that at inference leaves out what was drawn when the network was built.

    Parameters
    ----------
    rate
        Share that is left out.
    shape
        (channel, y, x) of one draw; a larger image is covered with it, side by side.
    chance
        Draws.
    """

    def __init__(self, rate: float, shape: tuple[int, int, int], chance: torch.Generator) -> None:
        super().__init__()
        self.rate = rate
        # On the CPU even where the network is laid out on the meta device: it is no weight.
        kept = torch.rand(shape, generator=chance, device="cpu") >= rate
        self.register_buffer("kept", kept / (1 - rate), persistent=False)
        self.side = shape[-1]

    def forward(self, x: Tensor) -> Tensor:
        """(n, channel, y, x) → the same."""
        if self.training:
            return functional.dropout(x, self.rate)
        kept: Tensor = self.get_buffer("kept")
        return x * kept.repeat(1, 1, x.shape[-2] // self.side, x.shape[-1] // self.side)
