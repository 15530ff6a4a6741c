"""Measures of agreement between a generated and a true magnetogram, as in the papers.

Images are in gauss, (y, x) on one :class:`~farside.sun.grid.Grid`. Off-disk pixels, and pixels that
are NaN in either image, are excluded. An undefined measure, such as the correlation of a constant
field, is NaN; one for which the grid is too coarse is None.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

from farside.disk.registration import Disk
from farside.disk.reproject import reproject_disk
from farside.evaluation.blocks import WHOLE, Box, block_means, common_blocks, paper_block_px
from farside.evaluation.statistics import mean_of, pearson, ratio
from farside.sun.grid import Grid, Image
from farside.sun.observer import Observer

FIELD_RANGE_GAUSS = 3000.0
"""Data range of SSIM, -1500 G to 1500 G (Jeong et al. 2022, Sect. 4.1)."""


@dataclass(frozen=True)
class Correlations:
    """Pearson correlation at the three resolutions of Jeong et al. (2022), Table 1.

    Attributes
    ----------
    blocks_of_8, blocks_of_4, blocks_of_1
        Correlation of means over square blocks of 8, 4 and 1 paper pixels a side; None where the
        side is not a whole number of the grid's pixels.
    """

    blocks_of_8: float | None
    blocks_of_4: float | None
    blocks_of_1: float | None


def correlation(
    generated: Image, truth: Image, grid: Grid, pixels: int | None = None, box: Box = WHOLE
) -> float:
    """Pearson correlation after binning (Jeong et al. 2022, Sect. 4.1).

    Parameters
    ----------
    generated, truth
        Field in gauss, (y, x) on `grid`.
    pixels
        Side of a block in pixels; by default one degree at disk centre.
    box
        Full disk, or a patch.
    """
    return pearson(*common_blocks(generated, truth, grid, pixels or grid.pixels_per_degree, box))


def correlations(generated: Image, truth: Image, grid: Grid, box: Box = WHOLE) -> Correlations:
    """Pearson correlation of the full disk or a patch at the papers' three resolutions."""
    blocks_px = (paper_block_px(paper_px, grid) for paper_px in (8, 4, 1))
    return Correlations(
        *(pixels and correlation(generated, truth, grid, pixels, box) for pixels in blocks_px)
    )


def similarity(
    generated: Image, truth: Image, grid: Grid, pixels: int = 1, box: Box = WHOLE
) -> float:
    """Structural similarity, SSIM, with the data range -1500…1500 G (Jeong et al. 2022, Sect. 4.1).

    Windows are uniform, of 7×7 blocks; stronger fields are not clipped. Excluded blocks are set to
    0 in both images, and only windows centred on the other blocks are averaged.

    Raises
    ------
    ValueError
        The box has fewer than 7 blocks along a side.
    """
    from skimage.metrics import structural_similarity

    made, true = (
        block_means(image, grid, pixels, box).astype(np.float64) for image in (generated, truth)
    )
    counted = np.isfinite(made) & np.isfinite(true)
    _, local = structural_similarity(  # type: ignore[no-untyped-call]  # scikit-image has no types
        np.where(counted, made, 0),
        np.where(counted, true, 0),
        win_size=7,
        data_range=FIELD_RANGE_GAUSS,
        full=True,
    )
    whole_window = (slice(3, -3), slice(3, -3))
    return mean_of(local[whole_window][counted[whole_window]])


def relative_flux_error(generated: Image, truth: Image, grid: Grid, box: Box = WHOLE) -> float:
    """Absolute relative error of TUMF: R1 of Alshehhi (2020)."""
    made, true = (np.abs(field).sum() for field in common_blocks(generated, truth, grid, 1, box))
    return ratio(float(abs(made - true)), float(true))


def normalised_square_error(generated: Image, truth: Image, grid: Grid, box: Box = WHOLE) -> float:
    """Normalised square error Σ(generated - true)² / Σ true²: R2 of Alshehhi (2020).

    A generated field of zero has 1.
    """
    made, true = common_blocks(generated, truth, grid, 1, box)
    return ratio(float(np.sum((made - true) ** 2)), float(np.sum(true**2)))


def rms_error_gauss(generated: Image, truth: Image, grid: Grid, box: Box = WHOLE) -> float:
    """Root-mean-square difference, gauss."""
    made, true = common_blocks(generated, truth, grid, 1, box)
    return float(np.sqrt(mean_of((made - true) ** 2)))


def rms_similarity_error(generated: Image, truth: Image, grid: Grid, box: Box = WHOLE) -> float:
    """Combined error E = (RMSE + (1 - |SSIM|)) / 2 (Alshehhi 2020, Eq. 9).

    The paper's images lie in [-1, 1]; RMSE is therefore in units of 1500 G, which maps the range
    of SSIM onto [-1, 1].
    """
    rmse = rms_error_gauss(generated, truth, grid, box) / (FIELD_RANGE_GAUSS / 2)
    return (rmse + 1 - abs(similarity(generated, truth, grid, box=box))) / 2


def peak_signal_to_noise_db(generated: Image, truth: Image, grid: Grid, box: Box = WHOLE) -> float:
    """PSNR = 20 log10(3000 G / RMSE), decibel (Alshehhi 2020); infinite for equal images."""
    rmse = rms_error_gauss(generated, truth, grid, box)
    return float(20 * np.log10(FIELD_RANGE_GAUSS / rmse)) if rmse else np.inf


def polarity_accuracy(
    generated: Image,
    truth: Image,
    grid: Grid,
    threshold_gauss: float = 50.0,
    among: NDArray[np.bool_] | None = None,
) -> float:
    """Fraction of pixels with the right sign, among those of true field above a threshold.

    Parameters
    ----------
    threshold_gauss
        Threshold of the true |B|; the default is eight times the noise of HMI's 720 s
        magnetograms.
    among
        Mask (y, x) of the pixels to count, such as those of newly emerged regions.

    Returns
    -------
    float
        Fraction 0…1, where a generated 0 is wrong; NaN if no pixel is above the threshold.
    """
    chosen = truth if among is None else np.where(among, truth, np.float32(np.nan))
    made, true = common_blocks(generated, chosen, grid, 1, WHOLE)
    strong = np.abs(true) > threshold_gauss
    return mean_of(np.sign(made[strong]) == np.sign(true[strong]))


def persistence(reference: Disk, observer: Observer, time: Time) -> Image:
    """Persistence forecast: the reference magnetogram reprojected to `observer` at `time`.

    See :func:`farside.disk.reproject.reproject_disk`; pixels that the reference did not see are 0.

    Returns
    -------
    Image
        Field along the new line of sight, gauss, (y, x) on the reference's grid, NaN off the disk.
    """
    return reproject_disk(reference, observer, time).image
