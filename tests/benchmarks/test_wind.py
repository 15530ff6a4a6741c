"""Scores of a series of wind speeds: known errors, known streams, gaps."""

import numpy as np
import pytest

from benchmarks.wind import Array, score

HOURS = np.arange(60 * 24)
STREAMS_H = np.array([10, 27, 41, 52]) * 24


def wind(shift_h: int = 0) -> Array:
    """Slow wind with four streams of 700 km/s, some hours late."""
    apart = HOURS[:, None] - STREAMS_H - shift_h
    return np.asarray(350 + (350 * np.exp(-((apart / 30) ** 2))).sum(axis=1))


def test_a_perfect_series_hits_every_stream() -> None:
    found = score(wind(), wind())
    assert found.correlation == pytest.approx(1)
    assert (found.rmse_km_s, found.bias_km_s, found.timing_h) == (0, 0, 0)
    assert (found.hits, found.streams, found.false_alarms) == (4, 4, 0)


def test_a_late_series_is_a_hit_up_to_two_days() -> None:
    assert score(wind(24), wind()).timing_h == pytest.approx(24, abs=1)
    late = score(wind(60), wind())
    assert (late.hits, late.false_alarms) == (0, 4)


def test_hours_without_a_measurement_do_not_count() -> None:
    real = wind()
    real[100:140] = np.nan
    assert score(wind() + 20, real).rmse_km_s == pytest.approx(20)


def test_a_constant_speed_has_no_streams() -> None:
    found = score(np.full(len(HOURS), 400.0), wind())
    assert (found.correlation, found.hits, found.streams) == (0, 0, 4)
