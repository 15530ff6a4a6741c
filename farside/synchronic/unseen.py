"""Sectors of a synchronic map that no disk shows, and when they were last seen."""

from __future__ import annotations

from dataclasses import dataclass

import astropy.units as u
import numpy as np
from astropy.time import Time

from farside.synchronic.map import SynchronicMap

BELT_DEG = 30.0
"""Latitude up to which a sector is looked at: that of active regions. A choice."""

NARROWEST_DEG = 5.0
"""Width below which a gap between two disks is not reported. A choice."""


@dataclass(frozen=True)
class UnseenSector:
    """Sector of Carrington longitude that no disk shows.

    Attributes
    ----------
    first_deg, last_deg
        Its edges; it extends from the first towards rising longitude, also through 360°.
    since
        When the part of it that was not seen for longest was seen last.
    """

    first_deg: float
    last_deg: float
    since: Time


def unseen_sectors(sun_map: SynchronicMap) -> tuple[UnseenSector, ...]:
    """Sectors in which base maps lead in most cells between latitudes -30° and 30°."""
    grid = sun_map.grid
    belt = np.abs(grid.latitude_deg) <= BELT_DEG
    unseen = (sun_map.provenance()[belt] == 0).mean(axis=0) > 0.5
    age_days = sun_map.age_days[belt].max(axis=0)
    found = []
    for first, last in _runs(unseen):
        columns = np.arange(first, last) % grid.columns
        if len(columns) * grid.step_deg >= NARROWEST_DEG:
            since = sun_map.time - float(age_days[columns].max()) * u.day
            edges = (first * grid.step_deg, last * grid.step_deg)
            found.append(UnseenSector(edges[0], edges[1] if edges[1] == 360 else edges[1] % 360,
                                      since))  # fmt: skip
    return tuple(found)


def _runs(chosen: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    """First and end index of each run of chosen columns on a circle."""
    size = len(chosen)
    if chosen.all():
        return [(0, size)]
    begins = np.flatnonzero(chosen & ~np.roll(chosen, 1))
    return [(int(first), int(first + np.argmin(np.roll(chosen, -int(first))))) for first in begins]
