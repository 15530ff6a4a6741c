"""Where an image was taken from."""

from dataclasses import dataclass

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.time import Time
from sunpy.coordinates import HeliographicCarrington, HeliographicStonyhurst

SOLAR_RADIUS_M = 695.7e6
"""The one solar radius of the project, in metres (IAU 2015 Resolution B3)."""

ASTRONOMICAL_UNIT_M = 149_597_870_700.0


@dataclass(frozen=True)
class Observer:
    """A place in the heliosphere in Stonyhurst heliographic coordinates.

    Attributes
    ----------
    longitude_deg
        Stonyhurst longitude in [-180, 180) degrees: 0 is Earth, positive towards solar west.
    latitude_deg
        Heliographic latitude, degrees.
    distance_m
        Distance from the Sun's centre, metres.
    """

    longitude_deg: float
    latitude_deg: float
    distance_m: float

    def coordinate(self, time: Time) -> SkyCoord:
        """The observer as a sunpy coordinate at `time`."""
        return SkyCoord(
            self.longitude_deg * u.deg,
            self.latitude_deg * u.deg,
            self.distance_m * u.m,
            frame=HeliographicStonyhurst(obstime=time),
        )

    def carrington_longitude_deg(self, time: Time) -> float:
        """Carrington longitude of the sub-observer point at `time`, in [0, 360) degrees."""
        frame = HeliographicCarrington(obstime=time, observer="self")
        return float(self.coordinate(time).transform_to(frame).lon.to_value(u.deg)) % 360.0
