"""The surface that passes the pixels of a telescope, and the mean of frames that follow it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from astropy.time import Time, TimeDelta
from numpy.typing import NDArray

from farside.io.wcs import ARCSEC_PER_RADIAN, Pointing
from farside.sun.grid import Image
from farside.sun.heliographic import drift_deg_per_day, project, trace
from farside.sun.observer import Observer

PROBE_S = 450.0
"""The speed is that of a chord from so long before to so long after: ten frames of 45 s. Within it
a point leaves its chord by less than 0.002 of HMI's pixels, though it moves by 2.3."""

NOISE_LEFT = 0.956
"""Standard deviation of white noise after the interpolation, mean over all shifts. Linear
interpolation leaves 0.81 of it and 0.82 of a wave of 4 pixels; this one leaves all of a wave of 3.
``python -m benchmarks.stacking``"""

MARGIN_PX = 8
"""So near the edge of an array that is a part of a disk some frames of a mean have no pixels: four
to either side of a place are interpolated, and the surface moves by 2.3 in ten frames of HMI."""

_ROWS_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class Drift:
    """How fast the surface passes each pixel.

    Attributes
    ----------
    x_px_s, y_px_s
        Pixels a second, (y, x), 0 off the disk.
    """

    x_px_s: Image
    y_px_s: Image


@dataclass(frozen=True, eq=False)
class TimedFrame:
    """One frame of a series.

    Attributes
    ----------
    image
        (y, x), NaN where it has no value.
    seconds
        After the middle of the series.
    from_middle
        Affine map (2, 3) from pixels of the middle frame to pixels of this one, of the same place
        in the sky; None where they are the same.
    """

    image: Image
    seconds: float
    from_middle: NDArray[np.float64] | None = None


def drift_of(pointing: Pointing, shape: tuple[int, int], observer: Observer, time: Time) -> Drift:
    """The motion of magnetic features, by the rotation of Komm et al. (1993), as it is seen.

    Parameters
    ----------
    pointing, shape
        Of the array, (y, x).
    observer, time
        Who looks, and when.
    """
    speed = np.zeros((2, *shape), np.float32)
    for first in range(0, shape[0], _ROWS_AT_ONCE):
        rows = np.arange(first, min(first + _ROWS_AT_ONCE, shape[0]))
        speed[:, rows] = _speed_px_s(pointing, rows, shape[1], observer, time)
    return Drift(*speed)


def _speed_px_s(
    pointing: Pointing, rows: NDArray[np.int64], columns: int, observer: Observer, time: Time
) -> NDArray[np.float64]:
    """Of some rows, (2, row, column)."""
    matrix = pointing.matrix_arcsec / ARCSEC_PER_RADIAN
    x, y = np.meshgrid(np.arange(columns), rows)
    sky = np.einsum("ij,jyx->iyx", matrix, np.stack([x, y]) - pointing.sun_centre_px[:, None, None])
    met = trace(sky[0], sky[1], observer, time)
    before, after = (
        np.stack(
            project(
                met.longitude_deg + drift_deg_per_day(met.latitude_deg) * seconds / 86400,
                met.latitude_deg,
                observer,
                time + TimeDelta(seconds, format="sec"),
            )[:2]
        )
        for seconds in (-PROBE_S, PROBE_S)
    )
    speed = np.einsum("ij,jyx->iyx", np.linalg.inv(matrix), (after - before) / (2 * PROBE_S))
    return np.where(met.impact < 1, speed, 0)


def following_mean(frames: Iterable[TimedFrame], drift: Drift) -> Image:
    """Mean of frames, each turned to the time of the middle one.

    The frames are interpolated by Lanczos' kernel of eight pixels, which keeps noise and network
    alike; where it would meet a pixel without a value, at the limb, the nearest pixel is taken. No
    more than one frame is held. In ten minutes μ changes by less than what a symmetric series
    balances: the field is not corrected for it.

    Returns
    -------
    Image
        Of the values that there are; NaN where no frame has one.
    """
    total = np.zeros_like(drift.x_px_s)
    count = np.zeros_like(total)
    for frame in frames:
        values = _followed(frame, drift)
        there = np.isfinite(values)
        np.add(total, values, out=total, where=there)
        count += there.astype(np.float32)
    with np.errstate(invalid="ignore"):  # no value at all: 0/0 is NaN
        mean: Image = total / count
    return mean


def _followed(frame: TimedFrame, drift: Drift) -> Image:
    """A frame where the middle one shows the same points of the surface."""
    seconds = np.float32(frame.seconds)
    x_px, y_px = seconds * drift.x_px_s, seconds * drift.y_px_s
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
