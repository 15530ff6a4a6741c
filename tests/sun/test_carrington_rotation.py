"""Carrington time: the numbers of real headers, and that they agree at every roll-over."""

import pytest
from astropy.time import Time

from farside.sun.carrington_rotation import central_longitude_deg, rotation_number


@pytest.mark.parametrize(
    ("time", "longitude_deg", "turned"),
    [
        ("2018-11-06T00:00:00", 226.428235794957, 2210.37103267835),
        ("2017-08-13T20:00:00", 34.9530467685851, 2193.90290820342),
        ("2020-01-01T00:00:00", 70.8961383741418, 2225.80306628229),
    ],
)
def test_the_central_meridian_is_that_of_real_adapt_headers(
    time: str, longitude_deg: float, turned: float
) -> None:
    """By another ephemeris, 0.05° from ours."""
    at = Time(time, scale="utc")
    assert central_longitude_deg(at) == pytest.approx(longitude_deg, abs=0.06)
    assert rotation_number(at) == pytest.approx(turned, abs=2e-4)
