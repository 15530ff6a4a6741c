"""Eq. 5: the epoch of the reference."""

import pytest
from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st

from farside.reference import reference_lag_days, reference_time

NOW = Time("2026-11-14T00:00:00", scale="utc")


def test_stereo_b_west_of_the_far_side_looks_back_20_days() -> None:
    assert reference_lag_days(-94.78) == pytest.approx(20.11, abs=0.005)


def test_earth_is_its_own_reference() -> None:
    assert reference_time(NOW, 0.0) == NOW


def test_reference_precedes_the_observation_by_the_lag() -> None:
    assert (NOW - reference_time(NOW, 70.0)).to_value("day") == pytest.approx(70 * 27.3 / 360)


@given(st.floats(-720, 720))
def test_lag_is_within_one_rotation_and_the_same_for_the_same_place(longitude_deg: float) -> None:
    lag = reference_lag_days(longitude_deg)
    assert 0 <= lag <= 27.3
    turned = reference_lag_days(longitude_deg + 360.0)
    assert min(abs(lag - turned), 27.3 - abs(lag - turned)) < 1e-9
