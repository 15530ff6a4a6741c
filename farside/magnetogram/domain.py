"""Distance of an EUV image from the images that a model was trained on."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from farside.model.recipe import FEATURES, QUANTILES, Domain
from farside.sun.grid import Grid, Image

SCALES_RADII = (0.018, 0.036, 0.071)
"""Deviations of the Gaussians that an image is compared with, disk radii: structure of about 12, 25
and 50 Mm."""

FLOOR_MEDIANS = 0.03
"""Added to the brightness before its logarithm, disk medians. A choice."""

RADIUS_PX = 112.0
"""Least radius of the disk on the grid on which images are described: a finer one is averaged to
it, so that models of any resolution see the same noise and structure."""

Features = NDArray[np.float64]
"""The :data:`~farside.model.recipe.FEATURES` of one image."""


def features(image: Image, grid: Grid) -> Features:
    """Describe the brightness of a disk by numbers that do not depend on its unit.

    They are quantiles of the logarithm of the brightness over its median, the variance that
    smoothing over three scales takes away, and the differences of limb and centre, poles and
    equator, north and south, west and east.

    Parameters
    ----------
    image
        EUV brightness in any linear unit, (y, x); NaN counts as the median.
    grid
        Grid of the image.
    """
    image, grid = _coarse(image, grid)
    on_disk, radius = grid.on_disk(), grid.radius_px() / grid.disk_radius_px
    median = float(np.nanmedian(image[on_disk]))
    relative = np.nan_to_num(image / np.float32(max(median, 1e-30)), nan=1.0)
    logarithm = np.log(np.maximum(relative, 0) + np.float32(FLOOR_MEDIANS))
    logarithm = np.where(on_disk, logarithm, 0).astype(np.float32)
    index: Image = np.indices(image.shape, np.float32) - np.float32(grid.centre_px)
    north: Image = index[0]
    west: Image = index[1]
    high, low = (
        np.abs(north) > 0.7 * grid.disk_radius_px,
        np.abs(north) < 0.35 * grid.disk_radius_px,
    )
    inside = logarithm[on_disk]

    def apart(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
        return float(logarithm[on_disk & one].mean() - logarithm[on_disk & other].mean())

    return np.array(
        [
            *np.quantile(inside, QUANTILES),
            *(
                _structure(logarithm, on_disk, radius, scale * grid.disk_radius_px)
                for scale in SCALES_RADII
            ),
            apart(radius > 0.93, radius < 0.5),
            apart(high, low),
            apart(north > 0, north < 0),
            apart(west > 0, west < 0),
        ],
        np.float64,
    )


def _coarse(image: Image, grid: Grid) -> tuple[Image, Grid]:
    """Means over blocks of pixels on the grid of the description, where it is coarser."""
    factor = int(grid.disk_radius_px // RADIUS_PX)
    if factor < 2 or grid.size_px % factor:
        return image, grid
    return grid.block_means(image, factor), grid.coarser(factor)


def _structure(
    logarithm: Image, on_disk: NDArray[np.bool_], radius: Image, sigma_px: float
) -> float:
    """Logarithm of the variance within 0.9 radii that a Gaussian smooths away."""
    weight = cv2.GaussianBlur(on_disk.astype(np.float32), (0, 0), sigma_px)
    smooth = cv2.GaussianBlur(logarithm, (0, 0), sigma_px) / np.maximum(weight, 1e-3)
    return float(np.log(np.mean((logarithm - smooth)[radius < 0.9] ** 2) + 1e-6))


def distance(found: Features, domain: Domain) -> float:
    """Mahalanobis distance from a domain in units of its limit: an image above 1 is outside."""
    apart = found - np.array(domain.mean)
    squared = float(apart @ np.array(domain.precision) @ apart) / len(FEATURES)
    return float(np.sqrt(max(squared, 0.0))) / domain.limit
