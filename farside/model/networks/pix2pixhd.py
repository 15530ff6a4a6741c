"""Generator of AISFM 2.0: Pix2PixHD as in Jeong et al. (2020, ApJL 903 L25)."""

from __future__ import annotations

from functools import partial

from torch import nn

from farside.model.networks.residual import Parts, Size, Translator

PARTS = Parts(nn.ReflectionPad2d, partial(nn.ReLU, inplace=True), down_kernel=3)


class Generator(Translator):
    """Residual translator with ReLU activations and 3×3 kernels in the encoder.

    The defaults are those of AISFM 2.0.

    Parameters
    ----------
    input_channels, output_channels
        Number of input and output planes.
    n_gf
        Channels after the stem.
    n_downsample
        Halvings of the image.
    n_residual
        Residual blocks.
    trans_conv
        Upsample by transposed convolution, or by bilinear interpolation and convolution.
    """

    def __init__(
        self,
        input_channels: int = 3,
        output_channels: int = 1,
        n_gf: int = 32,
        n_downsample: int = 4,
        n_residual: int = 9,
        trans_conv: bool = True,
    ) -> None:
        size = Size(input_channels, output_channels, n_gf, n_downsample, n_residual, trans_conv)
        super().__init__(size, PARTS)
