"""Carrington time: solar rotations counted at the meridian that faces Earth.

It runs against longitude: rotation N begins when longitude 360 is central and ends at 0, so the
point at longitude λ was or will be central at rotation N + (360 - λ) / 360.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from astropy.time import Time

SYNODIC_DAYS = 27.2753
"""Mean length of a rotation as Earth sees it (Carrington's)."""

EAST_DEG = 60
"""From the left edge of a GONG map to its central meridian."""


def rotation(time: Time) -> float:
    """Rotation at the central meridian, with its elapsed part (CRNOW of GONG, MAPCR of ADAPT)."""
    from sunpy.coordinates import sun  # takes longer than all the rest

    return float(sun.carrington_rotation_number(time))


def start_of(rotation: float) -> Time:
    """Time at which a rotation, with its elapsed part, is at the central meridian."""
    from sunpy.coordinates import sun

    return sun.carrington_rotation_time(rotation)


def central_longitude_deg(time: Time) -> float:
    """Longitude of the central meridian, [0, 360): the elapsed part of the rotation, backwards."""
    return -360.0 * rotation(time) % 360.0


@dataclass(frozen=True)
class LeftEdge:
    """Where a GONG map begins: 60° east of the whole degree nearest to the central meridian.

    All its numbers follow from one count of whole degrees turned, so they agree at every roll-over.

    Attributes
    ----------
    now
        Rotation at the central meridian (CRNOW).
    """

    now: float

    @property
    def central_deg(self) -> int:
        """Longitude of the whole degree nearest to the central meridian, 0 to 359 (MAPL0)."""
        return -self._turned_deg % 360

    @property
    def longitude_deg(self) -> int:
        """Longitude of the edge, 0 to 359 (LONG0, MAPEDGE)."""
        return -(self._turned_deg + EAST_DEG) % 360

    @property
    def centre_deg(self) -> int:
        """Longitude of the middle of the map (CRVAL1)."""
        return (self.longitude_deg + 180) % 360

    @property
    def carrington(self) -> float:
        """Carrington time of the edge (CREDGE)."""
        return (self._turned_deg + EAST_DEG) / 360

    @property
    def central(self) -> float:
        """Carrington time 60° from the edge (CR60)."""
        return self._turned_deg / 360

    @property
    def centre(self) -> float:
        """Carrington time of the middle of the map (CRCENTER)."""
        return (self._turned_deg + EAST_DEG - 180) / 360

    @property
    def rotation(self) -> int:
        """Rotation that the first column belongs to (CAR_ROT).

        The whole part of CREDGE, but for an edge at longitude 0: there a rotation has just ended,
        all columns belong to it, and it is its number that GONG writes (as in ``c2048_000``, the
        map of rotation 2048). So CREDGE = CAR_ROT + (360 - LONG0) / 360 always holds.
        """
        return (self._turned_deg + EAST_DEG - 1) // 360

    @property
    def adjustment_deg(self) -> float:
        """From the whole degree to the central meridian, towards greater longitude (LONGADJ)."""
        return self._turned_deg - 360 * self.now

    @property
    def name(self) -> str:
        """As in ``"2210_166"`` (MAPNAME)."""
        return f"{self.rotation}_{self.longitude_deg:03d}"

    @property
    def _turned_deg(self) -> int:
        return floor(360 * self.now + 0.5)
