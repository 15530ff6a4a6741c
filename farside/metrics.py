"""How well a generated magnetogram agrees with a true one, by the measures of the papers."""

from __future__ import annotations

import cv2
import numpy as np
from astropy.time import Time

from farside.grid import Grid, Image
from farside.heliographic import drift_deg_per_day, project, trace
from farside.observer import SOLAR_RADIUS_M, Observer
from farside.registration import Disk


def pixels_per_degree(grid: Grid) -> int:
    """Pixels that make one heliographic degree at disk centre: 8 on the papers' grid of 1024."""
    return max(1, round(grid.disk_radius_px * np.pi / 180))


def binned(image: Image, grid: Grid, pixels: int) -> Image:
    """Means of square blocks, NaN where a block is not wholly on the disk.

    The block's side must divide the grid's; blocks are those of the papers' "8×8 binning".
    """
    side = grid.size_px // pixels
    inside = np.where(grid.on_disk(), image, np.float32(np.nan))
    blocks: Image = inside.reshape(side, pixels, side, pixels).mean(axis=(1, 3))
    return blocks


def correlation(generated: Image, truth: Image, grid: Grid, pixels: int | None = None) -> float:
    """Pearson correlation of the full disk after binning (Jeong et al. 2022, Sect. 4.1).

    Parameters
    ----------
    generated, truth
        Gauss, (y, x) on `grid`.
    pixels
        Side of a block; one degree at disk centre where it is not given.
    """
    pixels = pixels or pixels_per_degree(grid)
    made, true = binned(generated, grid, pixels), binned(truth, grid, pixels)
    both = np.isfinite(made) & np.isfinite(true)
    return float(np.corrcoef(made[both], true[both])[0, 1])


def unsigned_flux_mx(image: Image, grid: Grid) -> float:
    """Total unsigned line-of-sight flux of the visible disk in maxwell (TUMF of the papers).

    The sum of |B| times the area of the pixel on the plane of the sky.
    """
    pixel_cm2 = (100 * SOLAR_RADIUS_M / grid.disk_radius_px) ** 2
    return float(np.nansum(np.abs(image)) * pixel_cm2)


def persistence(reference: Disk, observer: Observer, time: Time) -> Image:
    """The reference magnetogram as it would look to `observer` at `time`, if nothing changed.

    Each pixel of the view is followed back by differential rotation to where the reference saw it;
    the field is taken as radial. Pixels that the reference did not see are 0.

    Returns
    -------
    Image
        Gauss along the new line of sight, (y, x) on the reference's grid, NaN off the disk.
    """
    grid, origin = reference.grid, reference.origin
    points = trace(*_plane(grid, observer), observer, time)
    days = float((time - origin.time).to_value("day"))
    then = points.longitude_deg - drift_deg_per_day(points.latitude_deg) * days
    west, north, mu = project(then, points.latitude_deg, origin.observer, origin.time)
    scale = grid.disk_radius_px / _limb_tangent(origin.observer)
    x, y = west * scale + grid.centre_px, north * scale + grid.centre_px
    field = cv2.remap(
        np.nan_to_num(reference.image),
        x.astype(np.float32),
        y.astype(np.float32),
        cv2.INTER_LINEAR,
    )
    # Near the limb of the reference the division by μ would only raise noise.
    radial = np.where(mu > 0.1, field / np.maximum(mu, 0.1), 0)
    seen = (radial * points.mu).astype(np.float32)
    return np.where(grid.on_disk(), seen, np.float32(np.nan))


def _limb_tangent(observer: Observer) -> float:
    return float(np.tan(np.arcsin(SOLAR_RADIUS_M / observer.distance_m)))


def _plane(grid: Grid, observer: Observer) -> tuple[np.ndarray, np.ndarray]:
    """Tangents towards solar west and north of every pixel of a registered view."""
    index = (np.arange(grid.size_px) - grid.centre_px) * _limb_tangent(observer)
    tangent = index / grid.disk_radius_px
    west, north = np.broadcast_arrays(tangent[None, :], tangent[:, None])
    return west, north
