"""Eq. 5 of Jeong et al. (2022): which reference belongs to an observation of the far side."""

from __future__ import annotations

import astropy.units as u
from astropy.time import Time

SYNODIC_PERIOD_DAYS = 27.3


def reference_lag_days(longitude_deg: float) -> float:
    """Days since the front side saw the disk that a spacecraft at `longitude_deg` sees now.

    ``lag = Φ · 27.3 d / 360°`` with the Stonyhurst longitude Φ wrapped to [0, 360): never negative,
    5.3 d at +70°, 20.1 d at -94.78°.
    """
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
