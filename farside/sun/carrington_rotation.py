"""Carrington rotation number and central meridian.

Rotations are counted at the central meridian as seen from Earth. Rotation N begins when longitude
360° is at the central meridian and ends at 0°, so longitude λ is there at N + (360 - λ) / 360.
"""

from __future__ import annotations

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
