"""Coarse-to-fine generators: the multi-layer GAN of Alshehhi (2020, CVPR Workshops)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from farside.model.networks import Network
from farside.model.networks.atrous import AtrousEncoderDecoder
from farside.model.networks.residual import Parts, Size, sequence
from farside.model.networks.unet import UNet

RESIDUAL = Parts(nn.ReflectionPad2d, partial(nn.ReLU, inplace=True), down_kernel=3)


class Generator(Network):
    """Stack of generators, each at twice the resolution of the previous one (Eqs. 4 and 5).

    Layer m takes the image x_m and, except for the coarsest, the enlarged output of layer m - 1.
    Layers are trained one after the other: only the output layer learns, the coarser ones are
    fixed.

    Parameters
    ----------
    input_channels, output_channels
        1 and 1 in the paper.
    layers
        3 in the paper.
    variant
        Architecture of each layer: ``"unet"``; ``"resnet"``, one halving and five residual blocks;
        or ``"atrous"``, an :class:`~farside.model.networks.atrous.AtrousEncoderDecoder`.
    n_gf
        Channels after the first convolution of each layer: 64 in the paper.
    n_downsample
        Halvings of each U-Net: 6 in the paper.

    Raises
    ------
    ValueError
        Unknown variant, or a U-Net with fewer than two halvings.
    """

    def __init__(
        self,
        input_channels: int = 1,
        output_channels: int = 1,
        layers: int = 3,
        variant: str = "unet",
        n_gf: int = 64,
        n_downsample: int = 6,
    ) -> None:
        if variant not in VARIANTS:
            raise ValueError(f"variant: got {variant!r}, expected {' or '.join(VARIANTS)}")
        super().__init__()
        chosen = VARIANTS[variant]
        halvings = chosen.halvings or n_downsample
        self.input_channels = input_channels
        self.output_channels = output_channels
        self.side_multiple = 2 ** (halvings + layers - 1)
        self.min_side = chosen.min_pixels * self.side_multiple
        self.layers = nn.ModuleList()
        for layer in range(layers):
            seen = input_channels + (output_channels if layer else 0)
            self.layers.append(chosen.build(seen, output_channels, n_gf, halvings))

    def forward(self, x: Tensor, halvings: int = 0) -> Tensor:
        """(n, input, y, x) → (n, output, y, x), between -1 and 1.

        Parameters
        ----------
        x
            Image at the finest scale.
        halvings
            Resolution of the output, in halvings of the input: 0 for the finest layer.

        Raises
        ------
        InputShapeError
            A side is not a multiple of `side_multiple`.
        ValueError
            No layer has this resolution.
        """
        self.check_sides(x)
        answering = len(self.layers) - 1 - halvings
        if answering < 0:
            raise ValueError(f"halvings: got {halvings}, expected fewer than {len(self.layers)}")
        if self.training:
            for index, layer in enumerate(self.layers):
                layer.train(index == answering)
        scales = [functional.avg_pool2d(x, 2**k) for k in range(len(self.layers) - 1, 0, -1)] + [x]
        made: Tensor = self.layers[0](scales[0])
        for index in range(1, answering + 1):
            coarse = functional.interpolate(made.detach(), scale_factor=2.0, mode="bilinear")
            made = self.layers[index](torch.cat([scales[index], coarse], dim=1))
        return made


class Variant(NamedTuple):
    """Architecture of a layer.

    Attributes
    ----------
    build
        Function (input channels, output channels, width, halvings) → layer.
    halvings
        Halvings of the image; None where the Recipe sets them.
    min_pixels
        Minimum side of the innermost feature map, pixels.
    """

    build: Callable[[int, int, int, int], nn.Module]
    halvings: int | None
    min_pixels: int


def _resnet(given: int, wanted: int, n_gf: int, halvings: int) -> nn.Module:
    size = Size(given, wanted, n_gf, n_downsample=halvings, n_residual=5)
    return nn.Sequential(*sequence(size, RESIDUAL), nn.Tanh())


def _atrous(given: int, wanted: int, n_gf: int, _halvings: int) -> nn.Module:
    return AtrousEncoderDecoder(given, wanted, n_gf)


VARIANTS: Mapping[str, Variant] = {
    "unet": Variant(UNet, halvings=None, min_pixels=1),
    "resnet": Variant(_resnet, halvings=1, min_pixels=2),
    "atrous": Variant(_atrous, halvings=2, min_pixels=2),
}
