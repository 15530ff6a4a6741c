"""Age of each longitude of a synoptic map, by when it last faced Earth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from farside.sun.carrington_grid import Degrees
from farside.sun.carrington_rotation import SYNODIC_DAYS

AgeByLongitude = Callable[[Degrees], Degrees]
"""Function from longitude, degrees, to days before the time of the map."""

DAILY_DISK_DEG = 60.0
"""Distance from the central meridian within which daily maps (HMI, GONG) show the current disk."""


def age_since_crossing(central_deg: float) -> AgeByLongitude:
    """Age by the last crossing of the central meridian, for maps of a whole rotation."""
    return lambda longitude_deg: _days((longitude_deg - central_deg) % 360)


def age_of_daily_map(central_deg: float) -> AgeByLongitude:
    """Age by the last crossing, but 0 within 60° of the central meridian (daily frames of HMI)."""

    def age(longitude_deg: Degrees) -> Degrees:
        west = (longitude_deg - central_deg + DAILY_DISK_DEG) % 360 - DAILY_DISK_DEG
        return np.where(west <= DAILY_DISK_DEG, 0.0, _days(west))

    return age


def age_of_hourly_map(central_deg: float) -> AgeByLongitude:
    """Age in hourly maps of GONG: days since the crossing, 0 where that is still to come.

    Their mean is weighted by cos⁴ of the distance from the meridian, so that on average a longitude
    is as old as its crossing.
    """

    def age(longitude_deg: Degrees) -> Degrees:
        west = (longitude_deg - central_deg + DAILY_DISK_DEG) % 360 - DAILY_DISK_DEG
        return _days(np.maximum(west, 0.0))

    return age


def _days(turned_deg: Degrees) -> Degrees:
    return turned_deg * SYNODIC_DAYS / 360
