"""Eq. 5 of Jeong et al. (2022): which reference belongs to an observation of the far side."""

from __future__ import annotations

import astropy.units as u
from astropy.time import Time

from farside.sun.angles import folded_deg

SYNODIC_PERIOD_DAYS = 27.3

AT_EARTH_DEG = 0.05
"""An observer nearer to Earth's longitude stands at Earth: SDO's orbit spans 0.02°. A choice."""


def reference_lag_days(longitude_deg: float) -> float:
    """Days since the front side saw the disk that a spacecraft at `longitude_deg` sees now.

    ``lag = Φ · 27.3 d / 360°`` with the Stonyhurst longitude Φ wrapped to [0, 360): never negative,
    5.3 d at +70°, 20.1 d at -94.78°. At Earth itself it is 0, also a hair east of it.
    """
    if is_at_earth(longitude_deg):
        return 0.0
    return (longitude_deg % 360.0) * SYNODIC_PERIOD_DAYS / 360.0


def reference_time(time: Time, longitude_deg: float) -> Time:
    """Time at which the front side showed the disk seen from `longitude_deg` at `time` (Eq. 5).

    Parameters
    ----------
    time
        Time of the far-side observation.
    longitude_deg
        Stonyhurst longitude of its observer, degrees.
    """
    return time - reference_lag_days(longitude_deg) * u.day


def epoch_nearest(taken: Time, time: Time, longitude_deg: float) -> Time:
    """The epoch of Eq. 5 that a reference taken at `taken` belongs to.

    There is one, but for an observer at Earth: a lag of 0 and one of a whole rotation then satisfy
    Eq. 5 alike, and the nearer counts.
    """
    epoch = reference_time(time, longitude_deg)
    if not is_at_earth(longitude_deg):
        return epoch
    before = epoch - SYNODIC_PERIOD_DAYS * u.day
    return min(epoch, before, key=lambda each: abs(float((each - taken).to_value(u.day))))


def is_at_earth(longitude_deg: float) -> bool:
    """Whether an observer at a Stonyhurst longitude stands at Earth."""
    return abs(folded_deg(longitude_deg)) <= AT_EARTH_DEG
