"""Scene of a far-side observation: a Sun, the spacecraft, and SDO at the reference epoch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.time import Time
from sunpy.coordinates import HeliocentricEarthEcliptic, HeliographicStonyhurst

from farside.simulation.sun import SimulatedSun, Surface, check_begun
from farside.sun.angles import wrap_deg
from farside.sun.observer import ASTRONOMICAL_UNIT_M, Observer
from farside.sun.reference_epoch import check_longitude, reference_time

STEREO_DISTANCE_AU = 0.965

EUVI_BANDS = ("304", "195", "171")
AIA_BANDS = ("304", "193", "171")


def stereo(time: Time, longitude_deg: float) -> Observer:
    """Observer in the ecliptic at a Stonyhurst longitude, 0.965 au from the Sun."""
    pole = SkyCoord(0 * u.deg, 90 * u.deg, 1 * u.AU, frame=HeliocentricEarthEcliptic(obstime=time))
    pole = pole.transform_to(HeliographicStonyhurst(obstime=time))
    x, y, z = pole.cartesian.xyz.to_value(u.AU)
    longitude = wrap_deg(longitude_deg)
    west = np.radians(longitude)
    latitude = np.degrees(np.arctan2(-(x * np.cos(west) + y * np.sin(west)), z))
    return Observer(longitude, float(latitude), STEREO_DISTANCE_AU * ASTRONOMICAL_UNIT_M)


@dataclass(frozen=True)
class Scene:
    """Scene: a Sun, the far-side spacecraft at `time`, and SDO at the epoch of Eq. 5.

    Attributes
    ----------
    sun
        The simulated Sun.
    time, spacecraft
        Time and observer of the far-side observation.
    """

    sun: SimulatedSun
    time: Time
    spacecraft: Observer

    @classmethod
    def of(cls, seed: int, time: Time, longitude_deg: float) -> Scene:
        """Scene of the Sun of a seed, with a spacecraft at a Stonyhurst longitude.

        Raises
        ------
        OutOfRangeError
            The longitude is not one, or the Sun begins after `time` or the reference epoch.
        """
        check_longitude(longitude_deg)
        check_begun(time)
        scene = cls(SimulatedSun(seed), time, stereo(time, longitude_deg))
        check_begun(scene.reference_time, "epoch of the reference images")
        return scene

    @property
    def reference_time(self) -> Time:
        """Reference epoch of the far-side observation (Eq. 5)."""
        return reference_time(self.time, self.spacecraft.longitude_deg)

    @cached_property
    def far(self) -> Surface:
        """Photosphere at the time of the far-side observation."""
        return self.sun.at(self.time)

    @cached_property
    def front(self) -> Surface:
        """Photosphere at the reference epoch."""
        return self.sun.at(self.reference_time)
