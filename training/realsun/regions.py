"""Active regions of one magnetogram, and which way round their polarities lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, label

from farside.sun.grid import Grid, Image

SMOOTHING_DEG = 1.5
"""σ of the Gaussian that |B| is smoothed by."""

POLARITY_SMOOTHING_DEG = 0.25
"""σ of the Gaussian over the field itself before its polarities are told apart: noise of both signs
in single pixels would pull both centres to the middle of the region."""

LEAST_GAUSS = 10.0
"""Smoothed |B| of a region."""

LEAST_AREA_DEG2 = 10.0

LEAST_BIPOLE_DEG = 2.0
"""East–west distance of the polarities; of shorter bipoles the truth itself is uncertain."""

MOST_RADIUS = 0.95
"""Regions are sought within this part of the disk radius."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Orientations:
    """How the bipoles of the true regions lie in another field.

    Attributes
    ----------
    right, one_sign, wrong
        Numbers of regions.
    right_by_flux
        Share of the regions' true unsigned flux in those that lie right; NaN without regions.
    """

    right: int
    one_sign: int
    wrong: int
    right_by_flux: float


def regions(field_gauss: Image, grid: Grid) -> list[Mask]:
    """Connected areas of strong field within 0.95 R, each (y, x)."""
    per_degree = grid.pixels_per_degree
    strong = gaussian_filter(np.abs(np.nan_to_num(field_gauss)), SMOOTHING_DEG * per_degree)
    inside = grid.radius_px() < MOST_RADIUS * grid.disk_radius_px
    labels, count = label((strong > LEAST_GAUSS) & inside)
    found = (np.asarray(labels == number) for number in range(1, count + 1))
    return [each for each in found if each.sum() >= LEAST_AREA_DEG2 * per_degree**2]


def bipoles(field_gauss: Image, grid: Grid) -> list[Mask]:
    """The regions with both polarities, at least 2° apart east–west."""
    least_px = LEAST_BIPOLE_DEG * grid.pixels_per_degree
    smooth = without_noise(field_gauss, grid)
    found = regions(field_gauss, grid)
    return [each for each in found if abs(westward_px(smooth, each)) >= least_px]


def without_noise(field_gauss: Image, grid: Grid) -> Image:
    """The field smoothed by 0.5°, 0 where it has no value."""
    sigma_px = POLARITY_SMOOTHING_DEG * grid.pixels_per_degree
    return np.asarray(gaussian_filter(np.nan_to_num(field_gauss), sigma_px), np.float32)


def westward_px(field_gauss: Image, region: Mask) -> float:
    """How far west of the negative flux the positive flux lies, pixels; 0 where one is missing."""
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
    """Count regions by sign: 1 lies right, 0 has one polarity, -1 lies wrong."""
    right = sum(flux for sign, flux in zip(signs, fluxes, strict=True) if sign > 0)
    return Orientations(
        right=sum(sign > 0 for sign in signs),
        one_sign=sum(sign == 0 for sign in signs),
        wrong=sum(sign < 0 for sign in signs),
        right_by_flux=right / sum(fluxes) if fluxes else np.nan,
    )
