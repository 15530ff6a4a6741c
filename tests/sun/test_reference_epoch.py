"""Eq. 5: the epoch of the reference."""

import math

import astropy.units as u
import pytest
from astropy.time import Time
from hypothesis import assume, given
from hypothesis import strategies as st

from farside.errors import OutOfRangeError
from farside.sun.angles import wrap_deg
from farside.sun.reference_epoch import (
    AT_EARTH_DEG,
    hours_apart,
    mean_time,
    nearest_epoch,
    reference_lag_days,
    reference_time,
)

NOW = Time("2026-11-14T00:00:00", scale="utc")


def test_stereo_b_west_of_the_far_side_looks_back_20_days() -> None:
    assert reference_lag_days(-94.78) == pytest.approx(20.11, abs=0.005)


def test_earth_is_its_own_reference() -> None:
    assert reference_time(NOW, 0.0) == NOW


@pytest.mark.parametrize("longitude_deg", [1200.0, -361.0, math.nan, math.inf])
def test_what_is_no_longitude_is_refused(longitude_deg: float) -> None:
    with pytest.raises(OutOfRangeError, match=r"expected -360° to 360°"):
        reference_time(NOW, longitude_deg)


@pytest.mark.parametrize("longitude_deg", [-0.02, 0.02, 359.98])
def test_an_observer_in_orbit_about_earth_stands_at_earth(longitude_deg: float) -> None:
    assert reference_time(NOW, longitude_deg) == NOW


@pytest.mark.parametrize(("age_days", "epoch_days"), [(0.0, 0.0), (13.0, 0.0), (27.0, 27.3)])
def test_at_earth_a_reference_may_be_of_now_or_of_a_rotation_before(
    age_days: float, epoch_days: float
) -> None:
    found = nearest_epoch(NOW - age_days * u.day, NOW, 0.01)
    assert (NOW - found).to_value("day") == pytest.approx(epoch_days)


def test_elsewhere_there_is_one_epoch_whatever_the_reference() -> None:
    taken = NOW - 40 * u.day
    assert nearest_epoch(taken, NOW, 70.0) == reference_time(NOW, 70.0)


def test_reference_precedes_the_observation_by_the_lag() -> None:
    assert (NOW - reference_time(NOW, 70.0)).to_value("day") == pytest.approx(70 * 27.3 / 360)


@given(st.lists(st.floats(0, 3), min_size=1, max_size=4), st.floats(-180, 180))
def test_astropy_times_and_datetimes_have_the_same_mean_and_epoch(
    days: list[float], longitude_deg: float
) -> None:
    times = [NOW + day * u.day for day in days]
    mean = mean_time(times)
    assert (mean - NOW).to_value("day") == pytest.approx(sum(days) / len(days))
    plain = mean_time([time.to_datetime() for time in times])
    assert hours_apart(plain, mean.to_datetime()) < 1e-8
    epoch = nearest_epoch(mean, mean, longitude_deg)
    assert hours_apart(nearest_epoch(plain, plain, longitude_deg), epoch.to_datetime()) < 1e-8
    assert hours_apart(epoch, mean) == pytest.approx(24 * reference_lag_days(longitude_deg))


@given(st.floats(-720, 720))
def test_lag_is_within_one_rotation_and_the_same_for_the_same_place(longitude_deg: float) -> None:
    assume(abs(abs(wrap_deg(longitude_deg)) - AT_EARTH_DEG) > 1e-6)  # there rounding decides
    lag = reference_lag_days(longitude_deg)
    assert 0 <= lag <= 27.3
    turned = reference_lag_days(longitude_deg + 360.0)
    assert min(abs(lag - turned), 27.3 - abs(lag - turned)) < 1e-9
