"""Magnetic flux of the disk or part of it, and polar field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from astropy.time import Time

from farside.evaluation.blocks import WHOLE, Box, masked
from farside.evaluation.statistics import mean_of
from farside.sun.angles import wrap_deg
from farside.sun.grid import Geometry, Grid, Image
from farside.sun.heliographic import lines_of_sight, trace
from farside.sun.observer import SOLAR_RADIUS_M, Observer


@dataclass(frozen=True)
class PolarField:
    """Mean radial field of the visible part of the two polar caps, gauss."""

    north_gauss: float
    south_gauss: float


def pixel_area_cm2(grid: Geometry) -> float:
    """Area of a pixel on the plane of the sky, cm², with the solar radius of IAU 2015 B3.

    The solar surface within a pixel is larger by 1/μ; the fluxes here ignore this factor, and the
    factor 1/μ between line-of-sight and radial field.
    """
    return (100 * SOLAR_RADIUS_M / grid.disk_radius_px) ** 2


def unsigned_flux_mx(
    image: Image, grid: Geometry, box: Box = WHOLE, threshold_gauss: float = 0.0
) -> float:
    """Total unsigned line-of-sight flux in maxwell: Σ|B| A (TUMF of the papers).

    Parameters
    ----------
    image
        Line-of-sight field in gauss, (y, x).
    box
        Full disk, or a patch.
    threshold_gauss
        Weaker field is taken as noise and excluded. At 0, the default, all pixels count, and the
        noise of a measured magnetogram adds √(2/π) σ for each pixel without field.
    """
    field = np.abs(_field(image, grid, box, threshold_gauss))
    return float(field.sum(dtype=np.float64)) * pixel_area_cm2(grid)


def net_flux_mx(
    image: Image, grid: Geometry, box: Box = WHOLE, threshold_gauss: float = 0.0
) -> float:
    """Net line-of-sight flux in maxwell: Σ B A (NMF); see :func:`unsigned_flux_mx`."""
    field = _field(image, grid, box, threshold_gauss)
    return float(field.sum(dtype=np.float64)) * pixel_area_cm2(grid)


def polar_field(image: Image, grid: Grid, observer: Observer, time: Time) -> PolarField:
    """Mean B_r = B_los / μ poleward of 60° and within 45° of the central meridian, gauss.

    Jeong et al. (2022), Sect. 4.1. All pixels have the same weight; a cap without pixels is NaN.
    """
    points = trace(*lines_of_sight(grid, observer), observer, time)
    meridian = observer.carrington_longitude_deg(time)
    from_meridian = np.abs(wrap_deg(points.longitude_deg - meridian))
    inside = np.isfinite(masked(image, grid)) & (points.mu > 0) & (from_meridian <= 45)
    north, south = (
        mean_of(image[cap] / points.mu[cap])
        for cap in (inside & (sign * points.latitude_deg > 60) for sign in (1, -1))
    )
    return PolarField(north, south)


def _field(image: Image, grid: Geometry, box: Box, threshold_gauss: float) -> Image:
    """Values that count towards the flux, gauss, 1-D."""
    field = masked(image, grid)[box]
    strength = np.abs(field)
    return field[(strength >= threshold_gauss) & (strength < np.inf)]  # NaN is neither
