"""The denoiser of HMI magnetograms: Park et al. (2020, ApJL 891 L4)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from farside.model.networks import Network

WIDEST = 8
"""Most channels of a layer, in those of the stem."""


class Generator(Network):
    """Stem, strided convolutions, residual blocks, and back up beside their likes; no tanh.

    Batch normalisation keeps the statistics of the training: a tile is answered as it would be in
    the whole image, but for what lies nearer to its edge than the network looks. The paper's
    translation (M1) has the defaults; of its auto-encoder (M2) no layers are known, and it is given
    the same.

    Parameters
    ----------
    input_channels, output_channels
        1 and 1: a magnetogram.
    n_gf
        Channels after the stem; they double up to eight times as many.
    n_downsample
        Halvings of the image.
    n_residual
        Residual blocks.
    additive
        Whether the answer is added to the input: strong fields then need not be learnt. Not so in
        the paper.

    Raises
    ------
    ValueError
        An additive network of other outputs than inputs.
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
        self.least_side = self.side_multiple
        self.additive = additive
        widths = [n_gf * min(2**level, WIDEST) for level in range(n_downsample + 1)]
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
        self.refuse_misfit(x)
        passed = [self.stem(x)]
        for layer in self.down:
            passed.append(layer(passed[-1]))
        made = self.middle(passed.pop())
        for layer in self.up:
            made = torch.cat([layer(made), passed.pop()], dim=1)
        answer: Tensor = self.head(made)
        return x + answer if self.additive else answer


class _Residual(nn.Module):
    """x + two normed 3×3 convolutions of x."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            _convolved(channels, channels, kernel=3),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, y, x) → the same."""
        out: Tensor = x + self.block(x)
        return out


def _upward(widths: Sequence[int]) -> list[tuple[int, int]]:
    """Channels into and out of each layer up; of all but the first, half come from its like."""
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
