"""The wind at Earth from maps at 0.1 au: travel, source, polarity, spread, streams, OMNI."""

from dataclasses import replace
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time

from farside.corona.at_earth import (
    path_below_earth,
    running_mean,
    stream_hours,
    streams,
    wind_at_earth,
)
from farside.corona.heliosphere import EARTH_RADII, STEP_S, arrivals, propagate
from farside.corona.omni import read_omni
from farside.corona.wind import OUTER_GRID, WSA, SolarWind
from farside.errors import FormatError
from farside.sun.angles import wrap_deg
from farside.sun.carrington_rotation import central_longitude_deg

TIME = Time("2023-03-01T00:00:00", scale="utc")
LONGITUDE = OUTER_GRID.longitude_deg
DAY = int(86400 / STEP_S)


def wind(speed_km_s: float | np.ndarray = 400.0, days: float = 0.0) -> SolarWind:
    """Fields outwards west of longitude 180, inwards east of it."""
    plane = np.broadcast_to(np.asarray(speed_km_s, float), OUTER_GRID.shape)
    sign = np.broadcast_to(np.where(LONGITUDE < 180, 1.0, -1.0), OUTER_GRID.shape)
    return SolarWind(OUTER_GRID, TIME + days * u.day, WSA, plane, sign, plane, plane)


def test_the_wind_carries_the_time_at_which_it_left() -> None:
    arrived = arrivals(np.full(8 * DAY, 400.0))
    np.testing.assert_allclose(arrived.speed_km_s, propagate(np.full(8 * DAY, 400.0)))
    travelled_s = (np.arange(8 * DAY) - arrived.left_step)[-1] * STEP_S
    radius = np.linspace(21.5, EARTH_RADII, 1000)
    gained = 1 + 0.15 * (1 - np.exp(-(radius - 30) / 50))
    expected_s = np.trapezoid(695_700 / (400 * gained / gained[0]), radius)
    assert travelled_s == pytest.approx(expected_s, rel=0.01)


def test_a_fast_sector_arrives_as_a_stream_with_its_longitude() -> None:
    fast = 350 + 300 * np.exp(-((wrap_deg(LONGITUDE - 120) / 15) ** 2))
    made = wind_at_earth([wind(fast)], TIME, TIME + 27 * u.day)
    (stream,) = streams(made)
    assert stream.longitude_deg == pytest.approx(120, abs=15)
    assert stream.polarity == 1
    left = stream.time - 3 * u.day
    assert abs(wrap_deg(central_longitude_deg(left) - 120)) < 20


def test_polarity_is_that_of_the_place_the_wind_left() -> None:
    made = wind_at_earth([wind()], TIME, TIME + 27 * u.day)
    clear = np.abs(wrap_deg(made.longitude_deg - 90)) < 70
    assert (made.polarity[clear] == 1).all()
    clear = np.abs(wrap_deg(made.longitude_deg - 270)) < 70
    assert (made.polarity[clear] == -1).all()


def test_the_spread_is_of_latitude_and_zero_in_a_uniform_wind() -> None:
    assert wind_at_earth([wind()], TIME, TIME + 3 * u.day).spread_km_s.max() < 1e-6
    rising = 400 + 5 * OUTER_GRID.latitude_deg[:, None] + np.zeros(OUTER_GRID.shape)
    made = wind_at_earth([wind(rising)], TIME, TIME + 3 * u.day)
    assert 10 < made.spread_km_s.mean() < 70
    again = wind_at_earth([wind(rising)], TIME, TIME + 3 * u.day)
    np.testing.assert_array_equal(made.spread_km_s, again.spread_km_s)


def test_a_forecast_takes_the_last_map_before_and_a_hindcast_the_first_after() -> None:
    winds = [wind(300.0), wind(500.0, days=27)]
    after, before = (
        path_below_earth(winds, TIME, TIME + 40 * u.day, forecast=each).sampled(
            [each.speed_km_s for each in winds]
        )
        for each in (False, True)
    )
    middle = np.searchsorted(path_below_earth(winds, TIME, TIME + 40 * u.day).days, 12 + 13)
    assert (after[middle], before[middle]) == (500, 300)


def test_no_map_or_no_hours_are_refused() -> None:
    for winds, end in (([], TIME + 1 * u.day), ([wind()], TIME)):
        with pytest.raises(ValueError, match="expected some hours"):
            wind_at_earth(winds, TIME, end)


def test_a_running_mean_takes_what_is_there() -> None:
    values = np.array([1.0, np.nan, 3.0, np.nan, np.nan, np.nan])
    np.testing.assert_allclose(running_mean(values, 3), [1, 2, 3, 3, np.nan, np.nan])


def test_a_series_without_values_has_no_streams() -> None:
    assert stream_hours(np.full(100, np.nan)).size == 0


def test_a_law_is_smoothed_across_longitude_0_and_keeps_its_mean() -> None:
    distance = np.zeros(OUTER_GRID.shape)
    distance[40:50, 0] = 5
    smooth = replace(WSA, smoothing_deg=4.0).speed_map(np.ones_like(distance), distance, OUTER_GRID)
    sharp = WSA.speed_map(np.ones_like(distance), distance, OUTER_GRID)
    assert smooth.mean() == pytest.approx(sharp.mean(), rel=1e-3)
    np.testing.assert_allclose(smooth[:, 1], smooth[:, -1])
    assert smooth[45, -1] > sharp[45, -1]


def omni(folder: Path, rows: str) -> list[Path]:
    path = folder / "omni.csv"
    path.write_text("year,DOY,hour,Vsw\n" + rows)
    return [path]


def test_hours_of_omni_are_in_their_place_and_fill_values_are_none(tmp_path: Path) -> None:
    rows = "2023,60,0,500\n2023,60,1,\n2023,60,2,9999\n2023,61,0,600\n2023,60,3,999.9\n"
    speed = read_omni(omni(tmp_path, rows), TIME, 30)
    assert (speed[0], speed[24]) == (500, 600)
    assert np.isnan(speed[[1, 2, 3, 4, 29]]).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [("2023,60,noon,500\n", "line 2"), ("2023,60,0,fast\n", "line 2"), ("0,1,1,1\n", "line 2")],
)
def test_a_row_without_numbers_is_refused_by_its_line(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(FormatError, match=message):
        read_omni(omni(tmp_path, text), TIME, 30)


def test_a_table_without_speeds_is_refused(tmp_path: Path) -> None:
    (path,) = omni(tmp_path, "")
    path.write_text("a,b\n1,2\n")
    with pytest.raises(FormatError, match="no column DOY, Vsw, hour, year"):
        read_omni([path], TIME, 3)
