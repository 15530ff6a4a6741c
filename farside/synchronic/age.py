"""How old the parts of a synoptic map are, by when they faced Earth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from farside.sun.carrington_grid import Degrees
from farside.sun.carrington_rotation import SYNODIC_DAYS

Age = Callable[[Degrees], Degrees]
"""Days before the time of the map, by longitude."""

SEEN_DEG = 60.0
"""From the central meridian, where daily maps show the disk of their day (HMI, GONG)."""


def age_of_crossing(central_deg: float) -> Age:
    """Each longitude is as old as its last crossing of the central meridian."""
    return lambda longitude_deg: _days((longitude_deg - central_deg) % 360)


def age_but_on_disk(central_deg: float) -> Age:
    """As that, but of today within 60° of the central meridian."""

    def age(longitude_deg: Degrees) -> Degrees:
        west = (longitude_deg - central_deg + SEEN_DEG) % 360 - SEEN_DEG
        return np.where(west <= SEEN_DEG, 0.0, _days(west))

    return age


def age_when_averaged(central_deg: float) -> Age:
    """Weighted by cos⁴ of the distance from the meridian: on average, as old as the crossing.

    Of today where it has not been crossed yet.
    """

    def age(longitude_deg: Degrees) -> Degrees:
        west = (longitude_deg - central_deg + SEEN_DEG) % 360 - SEEN_DEG
        return _days(np.maximum(west, 0.0))

    return age


def _days(turned_deg: Degrees) -> Degrees:
    return turned_deg * SYNODIC_DAYS / 360
