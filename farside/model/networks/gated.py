"""Reference plus gated correction, with |B|, polarity and σ: the generator of farside-1."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from farside.model.networks import Network

MAX_WIDTH = 8
"""Most channels of a level, in those of the first."""

HEADS = 4
"""Maps that the trunk answers: strength, polarity, error and gate, before their nonlinearity."""

SOFTENING = 10.0
"""Reciprocal of the reference field, network units, above which the trunk sees its logarithm."""

LEAST_SIGMA = 0.005
"""Least standard deviation that is answered, network units."""

FRESH, FRESH_ROTATIONS = 4.0, 4 / 27.2753
"""Logit that the gate begins with where the reference is of the same time, and the age, in synodic
rotations, in which it falls by e: what was there 2.5 days ago is kept to 90 %. A choice."""

START = (-3.0, 0.0, -1.8, 0.0)
"""Biases of the heads before training: |B| 0.05, p(+) 0.5, σ 0.15, gate 0.5."""


class Generator(Network):
    """A U-Net whose heads are combined to the conditional mean of the field.

    With the reference field R, the gate g, the strength A = E|B| and the probability p of positive
    polarity, each in [0, 1] or positive by construction, the field is ::

        B = g R + (1 - g) A (2 p - 1)

    so that a fresh reference can be kept, and what emerged since is drawn as strong as it is sure.
    Without a reference g counts as 0. The answers are B, σ, A and p, in this order.

    In inference it answers the mean over the input and its mirror image: north and south exchanged
    and the sign of all fields reversed, which by Hale's law is as likely a Sun. So its answers have
    that symmetry exactly. In training it answers once, and half of the samples are to be mirrored.

    Features are normalised over the channels of each pixel, never over pixels: levels of brightness
    stay comparable, and a window of an image is answered as in the whole, but for its edges.

    Parameters
    ----------
    input_channels, output_channels
        Planes that go in; 4 come out.
    odd_planes
        Indices of the planes that change sign in the mirror image, separated by spaces.
    reference_plane, availability_plane
        Indices of the reference field, in the units of the answer, and of where it has a value.
    age_plane
        Index of the age of the reference, synodic rotations. With it the gate begins open to a
        fresh reference; without, it begins half open to any.
    n_gf
        Channels of the first level, at half the resolution; they double up to eight times as many.
    levels
        Resolutions, each half of the one before.
    n_blocks, n_deep
        Residual blocks of each level, and of the lowest one.
    n_fine
        Channels of the head, at full resolution.
    coarsen
        How many pixels, squared, the trunk sees as one. Above 1 the answer of the trunk is refined
        at full resolution by `n_refine` residual blocks.

    Raises
    ------
    ValueError
        Another number of outputs, or fewer than two levels.
    """

    def __init__(
        self,
        input_channels: int,
        odd_planes: str,
        reference_plane: int,
        availability_plane: int,
        output_channels: int = HEADS,
        n_gf: int = 40,
        levels: int = 4,
        n_blocks: int = 2,
        n_deep: int = 4,
        n_fine: int = 24,
        coarsen: int = 1,
        n_refine: int = 2,
        age_plane: int | None = None,
    ) -> None:
        if output_channels != HEADS or levels < 2:
            raise ValueError(
                f"got {output_channels} outputs and {levels} levels, expected {HEADS} and 2 or more"
            )
        super().__init__()
        self.input_channels, self.output_channels = input_channels, output_channels
        self.side_multiple = self.min_side = coarsen * 2**levels
        self.odd_planes = tuple(map(int, odd_planes.split()))
        self.reference_plane, self.availability_plane = reference_plane, availability_plane
        self.age_plane = age_plane
        self.coarsen = coarsen
        # On the CPU even where the network is laid out on the meta device: it is no weight.
        signs = torch.ones(1, input_channels, 1, 1, device="cpu")
        signs[:, self.odd_planes] = -1
        self.register_buffer("signs", signs, persistent=False)
        self.trunk = _Trunk(input_channels, n_gf, levels, n_blocks, n_deep, n_fine)
        refined = input_channels + HEADS
        self.refine = _Refiner(refined, n_fine, n_refine) if coarsen > 1 else None

    def forward(self, x: Tensor) -> Tensor:
        """(n, input, y, x) → (n, 4, y, x): field, σ, strength, and probability of positive sign.

        Raises
        ------
        InputShapeError
            A side is not a multiple of ``coarsen · 2**levels``.
        """
        self.check_sides(x)
        if self.training:
            return self._answer(x)
        mirrored = (x * self.get_buffer("signs")).flip(-2)
        both = self._answer(torch.cat([x, mirrored]))
        return _mean(both[: x.shape[0]], both[x.shape[0] :].flip(-2))

    def _answer(self, x: Tensor) -> Tensor:
        at, there = self.reference_plane, self.availability_plane
        reference, available = x[:, at : at + 1], x[:, there : there + 1]
        soft = torch.asinh(SOFTENING * reference) / 2
        seen = torch.cat([x[:, :at], soft, x[:, at + 1 :]], dim=1)
        raw = self._heads(seen)
        strength = functional.softplus(raw[:, 0:1])
        positive = torch.sigmoid(raw[:, 1:2])
        sigma = functional.softplus(raw[:, 2:3]) + LEAST_SIGMA
        gate = torch.sigmoid(raw[:, 3:4] + self._freshness(x)) * available
        field = gate * reference + (1 - gate) * strength * (2 * positive - 1)
        return torch.cat([field, sigma, strength, positive], dim=1)

    def _freshness(self, x: Tensor) -> Tensor:
        if self.age_plane is None:
            return x.new_zeros(())
        return FRESH * torch.exp(-x[:, self.age_plane : self.age_plane + 1] / FRESH_ROTATIONS)

    def _heads(self, x: Tensor) -> Tensor:
        if self.refine is None:
            raw: Tensor = self.trunk(x)
            return raw
        raw = self.trunk(functional.avg_pool2d(x, self.coarsen))
        raw = functional.interpolate(raw, scale_factor=float(self.coarsen), mode="bilinear")
        refined: Tensor = raw + self.refine(torch.cat([x, raw], dim=1))
        return refined


def _mean(one: Tensor, other: Tensor) -> Tensor:
    """Mean of an answer and of that to the mirror image, which has the other polarity."""
    field = (one[:, 0:1] - other[:, 0:1]) / 2
    apart = (one[:, 0:1] + other[:, 0:1]) / 2
    variance = (one[:, 1:2] ** 2 + other[:, 1:2] ** 2) / 2 + apart**2
    strength = (one[:, 2:3] + other[:, 2:3]) / 2
    positive = (one[:, 3:4] + 1 - other[:, 3:4]) / 2
    return torch.cat([field, variance.sqrt(), strength, positive], dim=1)


class _Trunk(nn.Module):
    """A U-Net from half the resolution down, and a head at full resolution."""

    def __init__(
        self, given: int, n_gf: int, levels: int, n_blocks: int, n_deep: int, n_fine: int
    ) -> None:
        super().__init__()
        widths = [n_gf * min(2**level, MAX_WIDTH) for level in range(levels)]
        depths = [n_blocks] * (levels - 1) + [n_deep]
        self.stem = nn.Conv2d(4 * given, n_gf, 3, padding=1)
        self.down = nn.ModuleList(
            nn.Conv2d(narrow, wide, 3, stride=2, padding=1) for narrow, wide in pairwise(widths)
        )
        self.levels = nn.ModuleList(map(_blocks, widths, depths))
        self.up = nn.ModuleList(nn.Conv2d(wide, narrow, 1) for narrow, wide in pairwise(widths))
        self.back = nn.ModuleList(_blocks(width, 1) for width in widths[:-1])
        self.fine = nn.Conv2d(given, n_fine, 3, padding=1)
        self.coarse = nn.Conv2d(n_gf, n_fine, 1)
        self.mix = nn.Conv2d(n_fine, n_fine, 3, padding=1)
        self.heads = nn.Conv2d(n_fine, HEADS, 3, padding=1)
        nn.init.normal_(self.heads.weight, std=1e-3)
        with torch.no_grad():
            self.heads.bias.copy_(torch.tensor(START))  # type: ignore[union-attr]

    def forward(self, x: Tensor) -> Tensor:
        passed = [self.levels[0](self.stem(functional.pixel_unshuffle(x, 2)))]
        for down, level in zip(self.down, list(self.levels)[1:], strict=True):
            passed.append(level(down(passed[-1])))
        made = passed.pop()
        for up, back in zip(reversed(self.up), reversed(self.back), strict=True):
            made = back(passed.pop() + _doubled(up(made)))
        mixed = functional.silu(self.fine(x) + _doubled(self.coarse(made)))
        heads: Tensor = self.heads(functional.silu(self.mix(mixed)))
        return heads


class _Refiner(nn.Module):
    """Residual blocks at full resolution; it begins as nothing."""

    def __init__(self, given: int, n_fine: int, n_refine: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(given, n_fine, 3, padding=1)
        self.blocks = _blocks(n_fine, n_refine)
        self.heads = nn.Conv2d(n_fine, HEADS, 3, padding=1)
        nn.init.zeros_(self.heads.weight)
        nn.init.zeros_(self.heads.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        heads: Tensor = self.heads(functional.silu(self.blocks(self.stem(x))))
        return heads


class _Block(nn.Module):
    """x + two 3×3 convolutions of x, whose channels are normalised pixel by pixel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.normal_(self.second.weight, std=0.1 / (3 * channels**0.5))

    def forward(self, x: Tensor) -> Tensor:
        scale = torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-4)
        hidden = functional.silu(self.first(functional.silu(x * scale)))
        out: Tensor = x + self.second(hidden)
        return out


def _blocks(channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(_Block(channels) for _ in range(count)))


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="bilinear")
