"""Times of a set of images: their mean, and the reference epoch by Eq. 5 of Jeong et al. (2022).

The functions take astropy times, and datetimes, with which an archive sorts thousands of files.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import astropy.units as u
from astropy.time import Time

from farside.errors import OutOfRangeError
from farside.sun.angles import wrap_deg

Instant = TypeVar("Instant", Time, datetime)

SYNODIC_PERIOD_DAYS = 27.3
"""Synodic rotation period of Eq. 5, as published; map times use Carrington's 27.2753 d
(:data:`farside.sun.carrington_rotation.SYNODIC_DAYS`)."""

AT_EARTH_DEG = 0.05
"""Largest longitude of an observer that counts as at Earth: SDO's orbit spans 0.02°. A choice."""


def reference_lag_days(longitude_deg: float) -> float:
    """Days between an observation from `longitude_deg` and its reference epoch (Eq. 5).

    ``lag = Φ · 27.3 d / 360°`` with the Stonyhurst longitude Φ wrapped to [0, 360): never negative,
    5.3 d at +70°, 20.1 d at -94.78°, and 0 within `AT_EARTH_DEG` of Earth.
    """
    if is_at_earth(longitude_deg):
        return 0.0
    return (longitude_deg % 360.0) * SYNODIC_PERIOD_DAYS / 360.0


def reference_time(time: Instant, longitude_deg: float) -> Instant:
    """Reference epoch: when Earth saw the disk that is seen from `longitude_deg` at `time` (Eq. 5).

    Parameters
    ----------
    time
        Time of the far-side observation.
    longitude_deg
        Stonyhurst longitude of the observer, degrees, from -360 to 360.

    Raises
    ------
    OutOfRangeError
        The longitude is not one.
    """
    check_longitude(longitude_deg)
    return _before(time, reference_lag_days(longitude_deg))


def check_longitude(longitude_deg: float) -> None:
    """Refuse a longitude that is not finite, or beyond a whole turn.

    Raises
    ------
    OutOfRangeError
        What was got, and what was expected.
    """
    if not math.isfinite(longitude_deg) or abs(longitude_deg) > 360:
        raise OutOfRangeError(
            f"got {longitude_deg:g}° as Stonyhurst longitude, expected -360° to 360°"
        )


def nearest_epoch(taken: Instant, time: Instant, longitude_deg: float) -> Instant:
    """Reference epoch nearest to a reference image taken at `taken`.

    Eq. 5 gives one epoch, except for an observer at Earth: there a lag of 0 and one of a whole
    rotation satisfy it alike, and the nearer one is returned.

    Parameters
    ----------
    taken
        Time of the reference image.
    time, longitude_deg
        Time of the far-side observation, and Stonyhurst longitude of its observer.
    """
    epoch = reference_time(time, longitude_deg)
    if not is_at_earth(longitude_deg):
        return epoch
    before = _before(epoch, SYNODIC_PERIOD_DAYS)
    return min(epoch, before, key=lambda each: hours_apart(each, taken))


def is_at_earth(longitude_deg: float) -> bool:
    """Whether an observer at a Stonyhurst longitude counts as at Earth."""
    return abs(wrap_deg(longitude_deg)) <= AT_EARTH_DEG


def mean_time(times: Sequence[Instant]) -> Instant:
    """Mean of times."""
    start = times[0]
    return start + sum((time - start for time in times), start - start) / len(times)


def hours_apart(one: Instant, other: Instant) -> float:
    """Absolute time difference, hours."""
    apart = one - other
    if isinstance(apart, timedelta):
        return abs(apart / timedelta(hours=1))
    return abs(float(apart.to_value(u.hour)))


def _before(time: Instant, days: float) -> Instant:
    return time - (timedelta(days=days) if isinstance(time, datetime) else days * u.day)
