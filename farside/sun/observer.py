"""Observers: heliographic position, Carrington longitude, and viewpoint with time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from astropy.time import Time

from farside.sun.angles import wrap_deg

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord

# Coordinates of sunpy are imported where they are used: that takes longer than all the rest.

SOLAR_RADIUS_M = 695.7e6
"""Solar radius used throughout, metres (IAU 2015 Resolution B3)."""

ASTRONOMICAL_UNIT_M = 149_597_870_700.0

DISTANCE_AU = (0.28, 1.1)
"""Accepted distances of observers: Solar Orbiter's perihelion to beyond STEREO-B's aphelion."""

SAME_VIEW_DEG = 0.01
"""Largest difference in angle between equal views: a twelfth of a pixel of the papers' grid."""

SAME_VIEW_S = 60.0
"""Largest difference in time between equal views: the Sun rotates by `SAME_VIEW_DEG` in 65 s."""


@dataclass(frozen=True)
class Observer:
    """Position of an observer in Stonyhurst heliographic coordinates.

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
        """Coordinate of the observer at `time`, as astropy and sunpy have it."""
        import astropy.units as u
        from astropy.coordinates import SkyCoord
        from sunpy.coordinates import HeliographicStonyhurst

        return SkyCoord(
            self.longitude_deg * u.deg,
            self.latitude_deg * u.deg,
            self.distance_m * u.m,
            frame=HeliographicStonyhurst(obstime=time),
        )

    def degrees_from(self, other: Observer) -> float:
        """Difference from another observer in longitude or latitude, the larger one, degrees."""
        return max(
            abs(wrap_deg(self.longitude_deg - other.longitude_deg)),
            abs(self.latitude_deg - other.latitude_deg),
        )

    def carrington_longitude_deg(self, time: Time) -> float:
        """Carrington longitude of the sub-observer point at `time`, in [0, 360) degrees."""
        return _carrington_longitude_deg(self, time.scale, time.jd1, time.jd2)


def earth(time: Time) -> Observer:
    """Position of Earth at `time`."""
    import astropy.units as u
    from sunpy.coordinates import get_earth

    place = get_earth(time)
    return Observer(0.0, float(place.lat.to_value(u.deg)), float(place.radius.to_value(u.m)))


def from_carrington(
    longitude_deg: float, latitude_deg: float, distance_m: float, time: Time
) -> Observer:
    """Observer whose sub-observer point has a Carrington longitude and a latitude at `time`.

    The meridian of Earth is interpolated between days: its error is below 1e-5 degrees.
    """
    meridian_deg = _earth_meridian_deg(time) + _LIGHT_TIME_DEG_PER_M * (distance_m - _NEAR_M)
    return Observer(wrap_deg(longitude_deg - meridian_deg), latitude_deg, distance_m)


_NEAR_M = ASTRONOMICAL_UNIT_M

_LIGHT_TIME_DEG_PER_M = 14.1844 / 86400 / 299_792_458
"""By how much the Sun turns (IAU rotation of the Carrington meridian) while light travels."""


def _earth_meridian_deg(time: Time) -> float:
    """Carrington longitude of Earth at 1 au: a cubic through the four nearest midnights."""
    days = time.utc.jd1 - 0.5 + time.utc.jd2
    first = int(np.floor(days)) - 1
    nodes = np.unwrap([_midnight_meridian_deg(first + step) for step in range(4)], period=360)
    x = days - first
    weights = (
        -(x - 1) * (x - 2) * (x - 3) / 6,
        x * (x - 2) * (x - 3) / 2,
        -x * (x - 1) * (x - 3) / 2,
        x * (x - 1) * (x - 2) / 6,
    )
    return float(np.dot(weights, nodes))


@lru_cache(maxsize=4096)
def _midnight_meridian_deg(day: int) -> float:
    # Cached: it takes 20 ms, and a folder holds thousands of files of the same days.
    midnight = Time(day + 0.5, format="jd", scale="utc")
    return Observer(0.0, 0.0, _NEAR_M).carrington_longitude_deg(midnight)


@lru_cache(maxsize=4096)
def _carrington_longitude_deg(observer: Observer, scale: str, jd1: float, jd2: float) -> float:
    # Cached: it takes 5 ms, as long as reprojecting a small disk, and training repeats the times.
    import astropy.units as u
    from sunpy.coordinates import HeliographicCarrington

    time = Time(jd1, jd2, format="jd", scale=scale)
    frame = HeliographicCarrington(obstime=time, observer="self")
    return float(observer.coordinate(time).transform_to(frame).lon.to_value(u.deg)) % 360.0


@dataclass(frozen=True)
class View:
    """Viewpoint: the observer and the time at which the Sun is seen."""

    observer: Observer
    time: Time

    def matches(self, other: View) -> bool:
        """Whether two views show the surface within a tenth of a pixel of the papers' grid."""
        here, there = self.observer, other.observer
        return (
            abs(float((self.time - other.time).to_value("s"))) <= SAME_VIEW_S
            and here.degrees_from(there) <= SAME_VIEW_DEG
            and bool(np.isclose(here.distance_m, there.distance_m, rtol=1e-3))
        )
