"""Generator of AISFM 3.0: Pix2PixCC, Jeong et al. (2022, ApJS 262:50)."""

from __future__ import annotations

from functools import partial

from torch import nn

from farside.model.networks.residual import Parts, Size, Translator

PARTS = Parts(nn.ReplicationPad2d, partial(nn.Mish, inplace=True), down_kernel=5)


class Generator(Translator):
    """Residual translator with Mish activations and 5×5 kernels in the encoder.

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
        Upsample by transposed convolution, or by bilinear interpolation and convolution.
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
        size = Size(input_channels, output_channels, n_gf, n_downsample, n_residual, trans_conv)
        super().__init__(size, PARTS)
