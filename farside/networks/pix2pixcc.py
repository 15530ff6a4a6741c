"""The generator of AISFM 3.0: Pix2PixCC, Jeong et al. (2022, ApJS 262:50)."""

from __future__ import annotations

import re
from itertools import pairwise

import torch
from torch import Tensor, nn

from farside.errors import CheckpointError, InputShapeError
from farside.networks import Network, State, fill


class Generator(Network):
    """Image → image, fully convolutional, with a linear output.

    A stem, `n_downsample` strided convolutions that double the channels, `n_residual` residual
    blocks, and the way back up. `model` has the authors' order, so that their state dicts load.
    Instance normalisation takes its statistics over the whole image: tiles are not equivalent.

    Parameters
    ----------
    input_channels, output_channels
        7 and 1 for AISFM 3.0.
    n_gf
        Channels after the stem: 40 for AISFM 3.0.
    n_downsample
        Halvings of the image: 5 for AISFM 3.0.
    n_residual
        Residual blocks: 9 for AISFM 3.0.
    trans_conv
        Up by transposed convolution, or by bilinear interpolation and convolution.
    """

    def __init__(
        self,
        input_channels: int = 7,
        output_channels: int = 1,
        n_gf: int = 64,
        n_downsample: int = 4,
        n_residual: int = 9,
        trans_conv: bool = True,
    ) -> None:
        super().__init__()
        self.input_channels = input_channels
        self.output_channels = output_channels
        self.side_multiple = 2**n_downsample
        self.arguments: dict[str, bool | int | float | str] = {
            "input_channels": input_channels,
            "output_channels": output_channels,
            "n_gf": n_gf,
            "n_downsample": n_downsample,
            "n_residual": n_residual,
            "trans_conv": trans_conv,
        }
        widths = [n_gf * 2**level for level in range(n_downsample + 1)]
        upward = _transposed if trans_conv else _interpolated
        layers: list[nn.Module] = [
            nn.ReplicationPad2d(3),
            nn.Conv2d(input_channels, n_gf, 7),
            *_normed(n_gf),
        ]
        for narrow, wide in pairwise(widths):
            layers += [nn.Conv2d(narrow, wide, 5, stride=2, padding=2), *_normed(wide)]
        layers += [ResidualBlock(widths[-1]) for _ in range(n_residual)]
        for wide, narrow in pairwise(reversed(widths)):
            layers += [*upward(wide, narrow), *_normed(narrow)]
        layers += [nn.ReplicationPad2d(3), nn.Conv2d(n_gf, output_channels, 7)]
        self.model = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """(n, input, y, x) → (n, output, y, x).

        Raises
        ------
        InputShapeError
            A side is not a multiple of ``2**n_downsample``, or is less than two of them.
        """
        least = 2 * self.side_multiple
        if any(side < least or side % self.side_multiple for side in x.shape[-2:]):
            raise InputShapeError(
                f"the network halves its input {self.side_multiple.bit_length() - 1} times: got "
                f"{x.shape[-2]} × {x.shape[-1]} pixels, wanted multiples of {self.side_multiple} "
                f"from {least}"
            )
        out: Tensor = self.model(x)
        return out


class ResidualBlock(nn.Module):
    """x + two normed 3×3 convolutions of x; nothing after the sum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            nn.ReplicationPad2d(1),
            nn.Conv2d(channels, channels, 3),
            *_normed(channels),
            nn.ReplicationPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, y, x) → the same."""
        out: Tensor = x + self.block(x)
        return out


def _normed(channels: int) -> tuple[nn.Module, nn.Module]:
    return nn.InstanceNorm2d(channels), nn.Mish(inplace=True)


def _transposed(wide: int, narrow: int) -> tuple[nn.Module, ...]:
    return (nn.ConvTranspose2d(wide, narrow, 3, stride=2, padding=1, output_padding=1),)


def _interpolated(wide: int, narrow: int) -> tuple[nn.Module, ...]:
    up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
    return up, nn.ReplicationPad2d(1), nn.Conv2d(wide, narrow, 3)


def generator_from_state_dict(state: State) -> Generator:
    """Build the generator that `state` belongs to, its hyper-parameters read off the shapes.

    Raises
    ------
    CheckpointError
        `state` is not that of a Pix2PixCC generator; lists the keys that do not fit.
    """
    kernels = {
        int(match[1]): tuple(tensor.shape)
        for key, tensor in state.items()
        if (match := re.fullmatch(r"model\.(\d+)\.weight", key)) and tensor.ndim == 4
    }
    if 1 not in kernels:
        raise CheckpointError(
            "not a Pix2PixCC generator: wanted a convolution 'model.1.weight', got "
            f"{', '.join(sorted(state)[:8]) or 'nothing'}"
        )
    n_downsample = sum(shape[2:] == (5, 5) for shape in kernels.values())
    n_residual = sum(
        re.fullmatch(r"model\.\d+\.block\.1\.weight", key) is not None for key in state
    )
    with torch.device("meta"):
        network = Generator(
            input_channels=kernels[1][1],
            output_channels=kernels[max(kernels)][0],
            n_gf=kernels[1][0],
            n_downsample=n_downsample,
            n_residual=n_residual,
            # Right after the residual blocks stands a convolution only where it is transposed.
            trans_conv=4 + 3 * n_downsample + n_residual in kernels,
        )
    fill(network, state)
    return network
