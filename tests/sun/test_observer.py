"""Positions of observers against sunpy."""

from __future__ import annotations

import astropy.units as u
import pytest
from astropy.coordinates import SkyCoord
from astropy.time import Time
from sunpy.coordinates import HeliographicCarrington, HeliographicStonyhurst

from farside.sun.angles import wrap_deg
from farside.sun.observer import ASTRONOMICAL_UNIT_M, from_carrington


@pytest.mark.parametrize(
    ("time", "distance_au"),
    [
        ("2008-02-29T23:59:59.9", 0.28),
        ("2011-02-15T00:00:00", 0.96),
        ("2016-12-31T23:59:60.5", 1.1),  # a leap second
        ("2026-07-04T11:17:42", 1.0),
    ],
)
def test_the_place_of_a_carrington_longitude_agrees_with_sunpy(
    time: str, distance_au: float
) -> None:
    when = Time(time, scale="utc")
    found = from_carrington(217.0, -6.5, distance_au * ASTRONOMICAL_UNIT_M, when)
    sky = SkyCoord(
        217.0 * u.deg,
        -6.5 * u.deg,
        distance_au * u.au,
        frame=HeliographicCarrington(obstime=when, observer="self"),
    ).transform_to(HeliographicStonyhurst(obstime=when))
    assert abs(wrap_deg(found.longitude_deg - float(sky.lon.to_value(u.deg)))) < 1e-5
    assert found.latitude_deg == -6.5
    assert found.distance_m == distance_au * ASTRONOMICAL_UNIT_M
