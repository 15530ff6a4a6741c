"""Derotation of frame series: apparent surface motion in each pixel, and the derotated mean."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from astropy.time import Time, TimeDelta
from numpy.typing import NDArray

from farside.io.wcs import ARCSEC_PER_RADIAN, Pointing
from farside.sun.grid import Image
from farside.sun.heliographic import differential_rotation_deg_per_day, project, trace
from farside.sun.observer import Observer

PROBE_S = 450.0
"""Half the time interval of the chord that gives the speed: ten frames of 45 s. Within it the path
of a point differs from the chord by less than 0.002 HMI pixels, while it moves by 2.3."""

NOISE_LEFT = 0.956
"""Standard deviation of unit white noise after the interpolation, mean over all shifts. Linear
interpolation keeps 0.82 of the noise and 0.81 of a wave of 4 pixels; Lanczos keeps all of a wave of
3 (docs/denoising.md)."""

MARGIN_PX = 8
"""Width of the edge of a partial disk in which some frames of a mean lack pixels: the kernel needs
four to either side, and the surface moves by 2.3 in ten HMI frames."""

_ROWS_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class SurfaceMotion:
    """Apparent velocity of the solar surface in each pixel.

    Attributes
    ----------
    x_px_s, y_px_s
        Components, pixels per second, (y, x), 0 off the disk.
    """

    x_px_s: Image
    y_px_s: Image


@dataclass(frozen=True, eq=False)
class TimedFrame:
    """One frame of a series.

    Attributes
    ----------
    image
        Pixels (y, x), NaN where there is no value.
    seconds
        Time after the middle of the series.
    from_middle
        Affine map (2, 3) from pixels of the middle frame to those of this one that point at the
        same place in the sky; None if the pointings are equal.
    """

    image: Image
    seconds: float
    from_middle: NDArray[np.float64] | None = None


def surface_motion(
    pointing: Pointing, shape: tuple[int, int], observer: Observer, time: Time
) -> SurfaceMotion:
    """Apparent motion of magnetic features by the differential rotation of Komm et al. (1993).

    Parameters
    ----------
    pointing, shape
        Pointing and shape (y, x) of the image.
    observer, time
        Viewpoint and time of the image.
    """
    speed = np.zeros((2, *shape), np.float32)
    for first in range(0, shape[0], _ROWS_AT_ONCE):
        rows = np.arange(first, min(first + _ROWS_AT_ONCE, shape[0]))
        speed[:, rows] = _speed_px_s(pointing, rows, shape[1], observer, time)
    return SurfaceMotion(*speed)


def _speed_px_s(
    pointing: Pointing, rows: NDArray[np.int64], columns: int, observer: Observer, time: Time
) -> NDArray[np.float64]:
    """Apparent velocity in some rows of the image, pixels per second, (2, row, column)."""
    matrix = pointing.matrix_arcsec / ARCSEC_PER_RADIAN
    x, y = np.meshgrid(np.arange(columns), rows)
    sky = np.einsum("ij,jyx->iyx", matrix, np.stack([x, y]) - pointing.sun_centre_px[:, None, None])
    met = trace(sky[0], sky[1], observer, time)
    before, after = (
        np.stack(
            project(
                met.longitude_deg
                + differential_rotation_deg_per_day(met.latitude_deg) * seconds / 86400,
                met.latitude_deg,
                observer,
                time + TimeDelta(seconds, format="sec"),
            )[:2]
        )
        for seconds in (-PROBE_S, PROBE_S)
    )
    speed = np.einsum("ij,jyx->iyx", np.linalg.inv(matrix), (after - before) / (2 * PROBE_S))
    return np.where(met.impact < 1, speed, 0)


def derotated_mean(frames: Iterable[TimedFrame], motion: SurfaceMotion) -> Image:
    """Mean of frames, each derotated to the time of the middle one.

    Frames are interpolated with a Lanczos kernel of eight pixels, which preserves both noise and
    network; where it would include a pixel without a value, at the limb, the nearest pixel is used.
    One frame at a time is in memory. The field is not corrected for the change of μ, which cancels
    in a symmetric series.

    Returns
    -------
    Image
        Of the values that there are; NaN where no frame has one.
    """
    total = np.zeros_like(motion.x_px_s)
    count = np.zeros_like(total)
    for frame in frames:
        values = _followed(frame, motion)
        there = np.isfinite(values)
        np.add(total, values, out=total, where=there)
        count += there.astype(np.float32)
        del frame, values, there  # before the next one is read
    with np.errstate(invalid="ignore"):  # no value at all: 0/0 is NaN
        mean: Image = total / count
    return mean


def _followed(frame: TimedFrame, motion: SurfaceMotion) -> Image:
    """Frame derotated to the time of the middle one."""
    seconds = np.float32(frame.seconds)
    x_px, y_px = seconds * motion.x_px_s, seconds * motion.y_px_s
    columns, rows = (np.arange(length, dtype=np.float32) for length in x_px.shape[::-1])
    affine = np.eye(2, 3) if frame.from_middle is None else frame.from_middle
    for place, (along_x, along_y, shift) in zip(
        (x_px, y_px), affine.astype(np.float32), strict=True
    ):
        place += np.float32(along_x) * columns[None, :]
        place += (along_y * rows[:, None] + shift).astype(np.float32)
    image = np.ascontiguousarray(frame.image, np.float32)
    smooth, nearest = (
        cv2.remap(image, x_px, y_px, method, borderMode=cv2.BORDER_CONSTANT, borderValue=np.nan)
        for method in (cv2.INTER_LANCZOS4, cv2.INTER_NEAREST)
    )
    return np.where(np.isfinite(smooth), smooth, nearest).astype(np.float32, copy=False)
