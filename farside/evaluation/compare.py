"""Comparison of a generated magnetogram with a true one of the same view, by all measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from farside.evaluation.blocks import WHOLE, Box, paper_block_px
from farside.evaluation.flux import net_flux_mx, polar_field, unsigned_flux_mx
from farside.evaluation.metrics import (
    Correlations,
    correlations,
    normalised_square_error,
    peak_signal_to_noise_db,
    polarity_accuracy,
    relative_flux_error,
    rms_error_gauss,
    rms_similarity_error,
    similarity,
)
from farside.evaluation.score_regions import select_patches
from farside.sun.grid import Grid, Image
from farside.sun.observer import View

MIN_BLOCKS = 7
"""Minimum number of blocks along a side of a box for SSIM, the size of its window."""


@dataclass(frozen=True)
class PairedValue:
    """Value of one quantity in the generated and in the true image."""

    generated: float
    true: float


@dataclass(frozen=True)
class BoxMeasures:
    """Measures of the papers for the full disk or one patch.

    Attributes
    ----------
    correlation
        Pearson correlation at the three resolutions.
    similarity, similarity_of_8
        SSIM of pixels, and of blocks of 8 paper pixels; None if the box has too few.
    unsigned_flux_mx, net_flux_mx
        Total unsigned and net magnetic flux (TUMF, NMF), maxwell.
    """

    correlation: Correlations
    similarity: float | None
    similarity_of_8: float | None
    unsigned_flux_mx: PairedValue
    net_flux_mx: PairedValue


@dataclass(frozen=True)
class PatchMeasures:
    """Measures of one active region (AR) or quiet region (QR)."""

    kind: Literal["AR", "QR"]
    measures: BoxMeasures


@dataclass(frozen=True)
class Measures:
    """All measures of one generated magnetogram against its truth.

    Attributes
    ----------
    disk, patches
        Measures of Jeong et al. (2022), for the full disk and for patches.
    polar_north_gauss, polar_south_gauss
        Mean radial field of the visible part of each polar cap; NaN if none is visible.
    relative_flux_error, normalised_square_error, rms_similarity_error, peak_signal_to_noise_db
        R1, R2, E and PSNR of Alshehhi (2020), for the full disk.
    rms_error_gauss
        Root-mean-square error of the full disk.
    polarity_accuracy
        Fraction of pixels above 50 G with the right sign.
    """

    disk: BoxMeasures
    patches: tuple[PatchMeasures, ...]
    polar_north_gauss: PairedValue
    polar_south_gauss: PairedValue
    relative_flux_error: float
    normalised_square_error: float
    rms_similarity_error: float
    peak_signal_to_noise_db: float
    rms_error_gauss: float
    polarity_accuracy: float


def measure(
    generated: Image, truth: Image, grid: Grid, view: View, threshold_gauss: float = 0.0
) -> Measures:
    """Compare a generated with a true magnetogram, on the full disk and on patches of the truth.

    Parameters
    ----------
    generated, truth
        Field in gauss, (y, x) on `grid`, NaN where there is no value.
    view
        Viewpoint and time of both images.
    threshold_gauss
        Weaker field is taken as noise, and excluded from the fluxes and the choice of patches.
    """
    made, true = (
        polar_field(image, grid, view.observer, view.time) for image in (generated, truth)
    )
    return Measures(
        disk=measure_box(generated, truth, grid, WHOLE, threshold_gauss),
        patches=tuple(
            PatchMeasures(each.kind, measure_box(generated, truth, grid, each.box, threshold_gauss))
            for each in select_patches(truth, grid, threshold_gauss)
        ),
        polar_north_gauss=PairedValue(made.north_gauss, true.north_gauss),
        polar_south_gauss=PairedValue(made.south_gauss, true.south_gauss),
        relative_flux_error=relative_flux_error(generated, truth, grid),
        normalised_square_error=normalised_square_error(generated, truth, grid),
        rms_similarity_error=rms_similarity_error(generated, truth, grid),
        peak_signal_to_noise_db=peak_signal_to_noise_db(generated, truth, grid),
        rms_error_gauss=rms_error_gauss(generated, truth, grid),
        polarity_accuracy=polarity_accuracy(generated, truth, grid),
    )


def measure_box(
    generated: Image, truth: Image, grid: Grid, box: Box, threshold_gauss: float = 0.0
) -> BoxMeasures:
    """Compare two magnetograms within a box of the grid; parameters as for :func:`measure`."""
    unsigned, net = (
        PairedValue(*(flux(image, grid, box, threshold_gauss) for image in (generated, truth)))
        for flux in (unsigned_flux_mx, net_flux_mx)
    )
    return BoxMeasures(
        correlation=correlations(generated, truth, grid, box),
        similarity=_similarity(generated, truth, grid, box, 1),
        similarity_of_8=_similarity(generated, truth, grid, box, paper_block_px(8, grid)),
        unsigned_flux_mx=unsigned,
        net_flux_mx=net,
    )


def _similarity(
    generated: Image, truth: Image, grid: Grid, box: Box, pixels: int | None
) -> float | None:
    if pixels is None or min(truth[box].shape) < MIN_BLOCKS * pixels:
        return None
    return similarity(generated, truth, grid, pixels, box)
