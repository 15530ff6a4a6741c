"""Active regions of a magnetogram, and the orientation of their polarities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, label

from farside.sun.grid import Grid, Image

SMOOTHING_DEG = 1.5
"""σ of the Gaussian that smooths |B|."""

POLARITY_SMOOTHING_DEG = 0.25
"""σ of the Gaussian that smooths the signed field before its polarities are separated: noise of
both signs would pull both centroids to the middle of the region."""

LEAST_GAUSS = 10.0
"""Least smoothed |B| of a region."""

LEAST_AREA_DEG2 = 10.0

LEAST_BIPOLE_DEG = 2.0
"""Least east–west distance of the polarities; shorter bipoles are uncertain in the truth too."""

MOST_RADIUS = 0.95
"""Greatest distance of regions from disk centre, disk radii."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Orientations:
    """Numbers of true bipoles by their orientation in another field.

    Attributes
    ----------
    right, one_sign, wrong
        Numbers of regions of right orientation, of one polarity, and of wrong orientation.
    right_by_flux
        Share of the true unsigned flux in regions of right orientation; NaN without regions.
    """

    right: int
    one_sign: int
    wrong: int
    right_by_flux: float


def regions(field_gauss: Image, grid: Grid) -> list[Mask]:
    """Masks of connected areas of strong field within 0.95 R, each (y, x)."""
    per_degree = grid.pixels_per_degree
    strong = gaussian_filter(np.abs(np.nan_to_num(field_gauss)), SMOOTHING_DEG * per_degree)
    inside = grid.radius_px() < MOST_RADIUS * grid.disk_radius_px
    labels, count = label((strong > LEAST_GAUSS) & inside)
    found = (np.asarray(labels == number) for number in range(1, count + 1))
    return [each for each in found if each.sum() >= LEAST_AREA_DEG2 * per_degree**2]


def bipoles(field_gauss: Image, grid: Grid) -> list[Mask]:
    """Masks of the regions with both polarities, at least 2° apart east–west."""
    least_px = LEAST_BIPOLE_DEG * grid.pixels_per_degree
    smooth = without_noise(field_gauss, grid)
    found = regions(field_gauss, grid)
    return [each for each in found if abs(westward_px(smooth, each)) >= least_px]


def without_noise(field_gauss: Image, grid: Grid) -> Image:
    """Smooth a field by :data:`POLARITY_SMOOTHING_DEG`; NaN counts as 0."""
    sigma_px = POLARITY_SMOOTHING_DEG * grid.pixels_per_degree
    return np.asarray(gaussian_filter(np.nan_to_num(field_gauss), sigma_px), np.float32)


def westward_px(field_gauss: Image, region: Mask) -> float:
    """Distance of the positive west of the negative flux, pixels; 0 if one is missing."""
    columns = np.nonzero(region)[1]
    values = np.nan_to_num(field_gauss[region])
    positive, negative = np.maximum(values, 0), np.maximum(-values, 0)
    if not (positive.any() and negative.any()):
        return 0.0
    west, east = (float(np.average(columns, weights=part)) for part in (positive, negative))
    return west - east


def orientations(field_gauss: Image, truth_gauss: Image, grid: Grid) -> Orientations:
    """Compare the orientation of each true bipole with that of the same area of a field."""
    found = bipoles(truth_gauss, grid)
    made, true = (without_noise(each, grid) for each in (field_gauss, truth_gauss))
    signs = [float(np.sign(westward_px(made, each) * westward_px(true, each))) for each in found]
    return counted(signs, [float(np.abs(truth_gauss[each]).sum()) for each in found])


def counted(signs: list[float], fluxes: list[float]) -> Orientations:
    """Count regions by sign: 1 right orientation, 0 one polarity, -1 wrong orientation."""
    right = sum(flux for sign, flux in zip(signs, fluxes, strict=True) if sign > 0)
    return Orientations(
        right=sum(sign > 0 for sign in signs),
        one_sign=sum(sign == 0 for sign in signs),
        wrong=sum(sign < 0 for sign in signs),
        right_by_flux=right / sum(fluxes) if fluxes else np.nan,
    )
