"""Denoiser of HMI magnetograms: Park et al. (2020, ApJL 891 L4)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from farside.model.networks import Network

MAX_WIDTH = 8
"""Maximum width of a layer, as a multiple of the stem's channels."""


class Generator(Network):
    """Residual encoder-decoder with skip connections and a linear output.

    Batch normalisation uses the statistics of the training, so a tile is restored as in the whole
    image, except within the receptive field of its edge. The defaults are those of the paper's
    translation model (M1); the layers of its auto-encoder (M2) are not published, and are taken to
    be the same.

    Parameters
    ----------
    input_channels, output_channels
        1 and 1: a magnetogram.
    n_gf
        Channels after the stem; they double at each halving, up to eight times as many.
    n_downsample
        Halvings of the image.
    n_residual
        Residual blocks.
    additive
        Whether the output is added to the input, so that strong fields need not be learnt; not in
        the paper.

    Raises
    ------
    ValueError
        `additive` with different numbers of inputs and outputs.
    """

    def __init__(
        self,
        input_channels: int = 1,
        output_channels: int = 1,
        n_gf: int = 64,
        n_downsample: int = 4,
        n_residual: int = 9,
        additive: bool = False,
    ) -> None:
        if additive and input_channels != output_channels:
            raise ValueError(
                f"additive: got {input_channels} inputs and {output_channels} outputs, expected "
                "equal numbers"
            )
        super().__init__()
        self.input_channels = input_channels
        self.output_channels = output_channels
        self.side_multiple = 2**n_downsample
        self.min_side = self.side_multiple
        self.additive = additive
        widths = [n_gf * min(2**level, MAX_WIDTH) for level in range(n_downsample + 1)]
        self.stem = _convolved(input_channels, n_gf, kernel=7)
        self.down = nn.ModuleList(
            _convolved(*pair, kernel=3, stride=2) for pair in pairwise(widths)
        )
        self.middle = nn.Sequential(*(_Residual(widths[-1]) for _ in range(n_residual)))
        self.up = nn.ModuleList(_doubled(*pair) for pair in _upward(widths))
        self.head = nn.Conv2d(2 * n_gf if n_downsample else n_gf, output_channels, 7, padding=3)

    def forward(self, x: Tensor) -> Tensor:
        """(n, input, y, x) → (n, output, y, x).

        Raises
        ------
        InputShapeError
            A side is not a multiple of ``2**n_downsample``.
        """
        self.check_sides(x)
        passed = [self.stem(x)]
        for layer in self.down:
            passed.append(layer(passed[-1]))
        made = self.middle(passed.pop())
        for layer in self.up:
            made = torch.cat([layer(made), passed.pop()], dim=1)
        answer: Tensor = self.head(made)
        return x + answer if self.additive else answer


class _Residual(nn.Module):
    """Residual block: x + two normalised 3×3 convolutions of x."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            _convolved(channels, channels, kernel=3),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, y, x) → the same shape."""
        out: Tensor = x + self.block(x)
        return out


def _upward(widths: Sequence[int]) -> list[tuple[int, int]]:
    """Input and output channels of each decoder layer; all but the first have a skip connection."""
    pairs = pairwise(reversed(widths))
    return [(2 * wide if index else wide, narrow) for index, (wide, narrow) in enumerate(pairs)]


def _convolved(given: int, wanted: int, kernel: int, stride: int = 1) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(given, wanted, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(wanted),
        nn.ReLU(),
    )


def _doubled(wide: int, narrow: int) -> nn.Module:
    return nn.Sequential(
        nn.ConvTranspose2d(wide, narrow, 3, stride=2, padding=1, output_padding=1, bias=False),
        nn.BatchNorm2d(narrow),
        nn.ReLU(),
    )
