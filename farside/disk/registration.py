"""Observation + Grid → Disk: solar north up, Sun centred, fixed radius, masked."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from farside.errors import DamagedImageError
from farside.io.wcs import Pointing, disk_radius_arcsec
from farside.observation.image import Observation, Origin
from farside.sun.grid import Grid, Image
from farside.sun.observer import View

_BAND_PX = 64
"""Rows of the grid made at a time: the fine samples of a band stay in the cache."""


@dataclass(frozen=True, eq=False)
class Disk:
    """A registered image: float32 (y, x) on `grid`, row 0 south, NaN outside the mask.

    Attributes
    ----------
    image, grid
        Gauss for a magnetogram, brightness for EUV.
    origin
        What it was registered from.
    reprojected_to
        The view that :func:`farside.disk.reproject.reproject_disk` brought it into; None as taken.
    seen
        Where a rotated disk shows what was seen, (y, x); None where that is all of the disk.
    """

    image: Image
    grid: Grid
    origin: Origin
    reprojected_to: View | None = None
    seen: NDArray[np.bool_] | None = None

    @property
    def view(self) -> View:
        """From where, and when, it shows the Sun."""
        return self.reprojected_to or View(self.origin.observer, self.origin.time)


def register(observation: Observation, grid: Grid) -> Disk:
    """Bring an image onto `grid` by the roll, offset and scale of its header.

    The map is affine: both images are TAN projections for the same observer. Each grid pixel is
    the mean of k by k interpolations no further apart than the source pixels, linear where the
    image shrinks and cubic where it grows. Pixels without a value have no weight.

    Raises
    ------
    DamagedImageError
        A pixel inside the mask sees no value at all.
    """
    pixels = np.ascontiguousarray(observation.pixels)
    to_source, ratio = grid_to_source(
        observation.pointing, grid, observation.origin.observer.distance_m
    )
    image = _resampled(pixels, grid, to_source, ratio)
    on_disk = grid.on_disk()
    gaps = on_disk & ~np.isfinite(image)
    if gaps.any():
        image[gaps] = _weighted(pixels, grid, to_source, ratio)[gaps]
        _check_filled(image[on_disk], observation.origin)
    image[~on_disk] = np.nan
    return Disk(image, grid, observation.origin)


def grid_to_source(
    pointing: Pointing, grid: Grid, distance_m: float
) -> tuple[NDArray[np.float64], float]:
    """Affine map (2, 3) from grid index to source index, and source pixels per grid pixel."""
    step_arcsec = disk_radius_arcsec(distance_m) / grid.disk_radius_px
    linear = np.linalg.inv(pointing.matrix_arcsec) * step_arcsec
    centre = np.full(2, grid.centre_px)
    shift = pointing.sun_centre_px - linear @ centre
    return np.column_stack([linear, shift]), step_arcsec / pointing.scale_arcsec


def _resampled(pixels: Image, grid: Grid, to_source: NDArray[np.float64], ratio: float) -> Image:
    """Fill the grid; NaN wherever a NaN or the edge of the array is touched."""
    method = cv2.INTER_CUBIC if ratio <= 1 else cv2.INTER_LINEAR
    return _sampled(pixels, grid, to_source, _samples(ratio), method)


def _samples(ratio: float) -> int:
    """Count the samples along a side of a grid pixel: no further apart than source pixels."""
    return max(2, math.ceil(ratio))


def _weighted(pixels: Image, grid: Grid, to_source: NDArray[np.float64], ratio: float) -> Image:
    """Resample like `_resampled`, leaving pixels without a value out of each mean."""
    valid = np.isfinite(pixels)
    samples = _samples(ratio)
    total = _sampled(
        np.where(valid, pixels, np.float32(0)), grid, to_source, samples, cv2.INTER_LINEAR
    )
    weight = _sampled(valid.astype(np.float32), grid, to_source, samples, cv2.INTER_LINEAR)
    with np.errstate(invalid="ignore", divide="ignore"):  # pixels without any value become NaN
        return total / weight


def _sampled(
    pixels: Image, grid: Grid, to_source: NDArray[np.float64], samples: int, method: int
) -> Image:
    """Mean of `samples` by `samples` interpolated values in each pixel of the grid."""
    image = np.full((grid.size_px, grid.size_px), np.nan, np.float32)
    reach = grid.mask_radius * grid.disk_radius_px
    first = max(0, math.floor(grid.centre_px - reach))
    last = min(grid.size_px, math.ceil(grid.centre_px + reach) + 1)
    for row in range(first, last, _BAND_PX):
        rows = min(_BAND_PX, last - row)
        fine = cv2.warpAffine(
            pixels,
            _from_fine(to_source, samples, column=first, row=row),
            (samples * (last - first), samples * rows),
            flags=method | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=math.nan,
        )
        image[row : row + rows, first:last] = cv2.resize(
            fine, (last - first, rows), interpolation=cv2.INTER_AREA
        )
    return image


def _from_fine(
    to_source: NDArray[np.float64], samples: int, column: int, row: int
) -> NDArray[np.float64]:
    """Map from the index of a sample to the source; sample f lies at (f + ½)/k - ½ of its pixel."""
    linear, shift = to_source[:, :2], to_source[:, 2]
    first = np.array([column, row]) + (0.5 / samples - 0.5)
    return np.column_stack([linear / samples, linear @ first + shift])


def _check_filled(values: NDArray[np.float32], origin: Origin) -> None:
    empty = int(np.count_nonzero(~np.isfinite(values)))
    if empty:
        raise DamagedImageError(
            f"{origin}: {empty} of {values.size} pixels on the disk have no value",
            files=(str(origin),),
        )
