"""Residual image translators: the generators of Pix2PixHD and Pix2PixCC."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn

from farside.errors import CheckpointError
from farside.model.networks import Network, StateDict, load_state, network_name


class Size(NamedTuple):
    """Hyper-parameters of a translator.

    Attributes
    ----------
    input_channels, output_channels
        Number of input and output planes.
    n_gf
        Channels after the stem.
    n_downsample
        Halvings of the image; each doubles the channels.
    n_residual
        Residual blocks.
    trans_conv
        Upsample by transposed convolution, or by bilinear interpolation and convolution.
    """

    input_channels: int
    output_channels: int
    n_gf: int
    n_downsample: int
    n_residual: int
    trans_conv: bool = True


class Parts(NamedTuple):
    """Building blocks of a translator: padding, activation, and kernel size of the encoder."""

    padding: type[nn.ReplicationPad2d] | type[nn.ReflectionPad2d]
    activation: Callable[[], nn.Module]
    down_kernel: int

    def normed(self, channels: int) -> tuple[nn.Module, nn.Module]:
        """Instance normalisation without weights, followed by the activation."""
        return nn.InstanceNorm2d(channels), self.activation()


class Translator(Network):
    """Fully convolutional image translator with a linear output.

    The layers of `model` are in the order of the authors' code (Jeong et al. 2020, 2022), so that
    their state dicts load. Instance normalisation uses statistics of the whole image: inference in
    tiles is not equivalent.
    """

    def __init__(self, size: Size, parts: Parts) -> None:
        super().__init__()
        self.input_channels = size.input_channels
        self.output_channels = size.output_channels
        self.side_multiple = 2**size.n_downsample
        self.min_side = 2 * self.side_multiple
        self.arguments = size._asdict()
        self.model = sequence(size, parts)

    def forward(self, x: Tensor) -> Tensor:
        """(n, input, y, x) → (n, output, y, x).

        Raises
        ------
        InputShapeError
            A side is not a multiple of ``2**n_downsample``, or is less than twice that.
        """
        self.check_sides(x)
        out: Tensor = self.model(x)
        return out

    @classmethod
    def from_authors(cls, state: StateDict) -> Self:
        """Build the translator that fits `state`, with its size inferred from the shapes.

        Raises
        ------
        CheckpointError
            `state` is of another network; the message lists the keys that do not fit.
        """
        kernels = {
            int(match[1]): tuple(tensor.shape)
            for key, tensor in state.items()
            if (match := re.fullmatch(r"model\.(\d+)\.weight", key)) and tensor.ndim == 4
        }
        if 1 not in kernels:
            raise CheckpointError(
                f"not a state of {network_name(cls)}: expected a convolution 'model.1.weight', got "
                f"{', '.join(sorted(state)[:8]) or 'nothing'}"
            )
        n_downsample = (len(kernels) - 2) // 2  # besides stem and head, as many down as up
        n_residual = sum(
            re.fullmatch(r"model\.\d+\.block\.1\.weight", key) is not None for key in state
        )
        size = Size(
            input_channels=kernels[1][1],
            output_channels=kernels[max(kernels)][0],
            n_gf=kernels[1][0],
            n_downsample=n_downsample,
            n_residual=n_residual,
            # Only a transposed convolution follows the residual blocks immediately.
            trans_conv=4 + 3 * n_downsample + n_residual in kernels,
        )
        with torch.device("meta"):
            network = cls(**size._asdict())
        load_state(network, state)
        return network


def sequence(size: Size, parts: Parts) -> nn.Sequential:
    """Sequence of the layers in the order of the authors' code."""
    widths = [size.n_gf * 2**level for level in range(size.n_downsample + 1)]
    upward = _transposed if size.trans_conv else _interpolated
    kernel = parts.down_kernel
    layers: list[nn.Module] = [
        parts.padding(3),
        nn.Conv2d(size.input_channels, size.n_gf, 7),
        *parts.normed(size.n_gf),
    ]
    for narrow, wide in pairwise(widths):
        layers.append(nn.Conv2d(narrow, wide, kernel, stride=2, padding=kernel // 2))
        layers += parts.normed(wide)
    layers += [ResidualBlock(widths[-1], parts) for _ in range(size.n_residual)]
    for wide, narrow in pairwise(reversed(widths)):
        layers += [*upward(wide, narrow, parts), *parts.normed(narrow)]
    layers += [parts.padding(3), nn.Conv2d(size.n_gf, size.output_channels, 7)]
    return nn.Sequential(*layers)


class ResidualBlock(nn.Module):
    """Residual block: x + two normalised 3×3 convolutions of x, no activation after the sum."""

    def __init__(self, channels: int, parts: Parts) -> None:
        super().__init__()
        self.block = nn.Sequential(
            parts.padding(1),
            nn.Conv2d(channels, channels, 3),
            *parts.normed(channels),
            parts.padding(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, y, x) → the same shape."""
        out: Tensor = x + self.block(x)
        return out


def _transposed(wide: int, narrow: int, _parts: Parts) -> tuple[nn.Module, ...]:
    return (nn.ConvTranspose2d(wide, narrow, 3, stride=2, padding=1, output_padding=1),)


def _interpolated(wide: int, narrow: int, parts: Parts) -> tuple[nn.Module, ...]:
    up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
    return up, parts.padding(1), nn.Conv2d(wide, narrow, 3)
