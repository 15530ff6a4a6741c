"""Carrington time: the numbers of real headers, and that they agree at every roll-over."""

import astropy.units as u
import pytest
from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st

from farside.sun.angles import wrap_deg
from farside.sun.carrington_rotation import LeftEdge, central_longitude_deg, rotation_number

REAL = {
    # CRNOW: CAR_ROT, LONG0, MAPL0, CRVAL1, CREDGE, CR60, CRCENTER, LONGADJ, MAPNAME
    2210.3718379: (
        (2210, 166, 226, 346),
        "2210.538889 2210.3722222 2210.0388889 0.138",
        "2210_166",
    ),
    2254.8076804: ((2254, 9, 69, 189), "2254.975000 2254.8083333 2254.4750000 0.235", "2254_009"),
    2275.9731315: (
        (2276, 310, 10, 130),
        "2276.138889 2275.9722222 2275.6388889 -0.327",
        "2276_310",
    ),
}
"""Of three real GONG maps, as their headers print them."""


@pytest.mark.parametrize("now", REAL)
def test_the_edge_of_real_gong_maps_comes_out_to_their_printed_digits(now: float) -> None:
    edge = LeftEdge(now)
    whole, printed, name = REAL[now]
    assert (edge.rotation_number, edge.longitude_deg, edge.central_deg, edge.centre_deg) == whole
    times = f"{edge.carrington:.6f} {edge.central:.7f} {edge.centre:.7f} {edge.adjustment_deg:.3f}"
    assert times == printed
    assert edge.name == name


def test_an_edge_at_longitude_0_belongs_to_the_rotation_that_has_just_ended() -> None:
    edge = LeftEdge(2049 - 1 / 6)
    assert edge.longitude_deg == 0
    assert edge.carrington == 2049
    assert edge.name == "2048_000"


@given(st.floats(0, 366))
def test_all_numbers_of_an_edge_agree_at_any_time_of_a_year(days: float) -> None:
    time = Time("2022-01-01T00:00:00", scale="utc") + days * u.day
    edge = LeftEdge(rotation_number(time))
    assert edge.carrington == pytest.approx(
        edge.rotation_number + (360 - edge.longitude_deg) / 360, abs=1e-9
    )
    assert edge.central == pytest.approx(edge.carrington - 1 / 6, abs=1e-9)
    assert edge.centre == pytest.approx(edge.carrington - 1 / 2, abs=1e-9)
    assert abs(edge.central - edge.now) <= 0.5 / 360 + 1e-9
    assert edge.longitude_deg == (edge.central_deg - 60) % 360
    assert edge.adjustment_deg == pytest.approx(360 * (edge.central - edge.now), abs=1e-6)
    assert abs(edge.adjustment_deg) <= 0.5 + 1e-6
    meridian = central_longitude_deg(time)
    assert abs(wrap_deg(meridian - edge.central_deg)) <= 0.5 + 1e-6
    assert edge.name == f"{edge.rotation_number}_{edge.longitude_deg:03d}"


@given(st.integers(2200 * 360, 2202 * 360), st.floats(-0.49, 0.49))
def test_the_count_of_rotations_rises_by_one_as_longitude_begins_again(
    turned: int, part: float
) -> None:
    here, next_ = LeftEdge((turned + part) / 360), LeftEdge((turned + 1 + part) / 360)
    assert next_.longitude_deg == (here.longitude_deg - 1) % 360
    assert next_.rotation_number - here.rotation_number == (next_.longitude_deg == 359)


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
