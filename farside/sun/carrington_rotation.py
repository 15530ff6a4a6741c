"""Carrington rotation number, central meridian, and the left edge of a GONG map.

Rotations are counted at the central meridian as seen from Earth. Rotation N begins when longitude
360° is at the central meridian and ends at 0°, so longitude λ is there at N + (360 - λ) / 360.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from astropy.time import Time

SYNODIC_DAYS = 27.2753
"""Mean synodic period of a Carrington rotation; Eq. 5 has the papers' 27.3 d, kept apart from it
(:data:`farside.sun.reference_epoch.SYNODIC_PERIOD_DAYS`)."""

EAST_DEG = 60
"""Distance from the left edge of a GONG map to its central meridian."""


def rotation_number(time: Time) -> float:
    """Fractional Carrington rotation number at `time` (CRNOW of GONG, MAPCR of ADAPT)."""
    from sunpy.coordinates import sun  # takes longer than all the rest

    return float(sun.carrington_rotation_number(time))


def start_of(rotation_number: float) -> Time:
    """Time at which a rotation, with its elapsed part, is at the central meridian."""
    from sunpy.coordinates import sun

    return sun.carrington_rotation_time(rotation_number)


def central_longitude_deg(time: Time) -> float:
    """Carrington longitude of the central meridian seen from Earth, in [0, 360) degrees."""
    return -360.0 * rotation_number(time) % 360.0


@dataclass(frozen=True)
class LeftEdge:
    """Left edge of a GONG map: 60° east of the whole degree nearest to the central meridian.

    All its numbers follow from one count of whole degrees, so they agree at every roll-over.

    Attributes
    ----------
    now
        Fractional rotation number at the central meridian (CRNOW).
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
        """Carrington longitude of the middle of the map (CRVAL1)."""
        return (self.longitude_deg + 180) % 360

    @property
    def carrington(self) -> float:
        """Fractional rotation number at the edge (CREDGE)."""
        return (self._turned_deg + EAST_DEG) / 360

    @property
    def central(self) -> float:
        """Fractional rotation number 60° from the edge (CR60)."""
        return self._turned_deg / 360

    @property
    def centre(self) -> float:
        """Fractional rotation number at the middle of the map (CRCENTER)."""
        return (self._turned_deg + EAST_DEG - 180) / 360

    @property
    def rotation_number(self) -> int:
        """Number of the rotation that the first column belongs to (CAR_ROT).

        The integer part of CREDGE, except for an edge at longitude 0: there a rotation has just
        ended, all columns belong to it, and GONG writes its number (as in ``c2048_000``, the map
        of rotation 2048). So CREDGE = CAR_ROT + (360 - LONG0) / 360 always holds.
        """
        return (self._turned_deg + EAST_DEG - 1) // 360

    @property
    def adjustment_deg(self) -> float:
        """Longitude of the central meridian minus its nearest whole degree (LONGADJ)."""
        return self._turned_deg - 360 * self.now

    @property
    def name(self) -> str:
        """Name of the map, such as ``"2210_166"`` (MAPNAME)."""
        return f"{self.rotation_number}_{self.longitude_deg:03d}"

    @property
    def _turned_deg(self) -> int:
        return floor(360 * self.now + 0.5)
