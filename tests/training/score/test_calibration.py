import numpy as np
import pytest

from farside.magnetogram.error_distribution import WITHIN_SIGMA, half_width
from training.score.calibration import Calibration, CalibrationTally

RNG = np.random.default_rng(1)
SHAPE = (400, 400)


def tallied(sigma_factor: float = 1.0, overconfidence: float = 1.0) -> Calibration:
    """A field of Gaussian errors, and a sign that is drawn with the probability answered."""
    truth_sigma = RNG.uniform(5, 60, SHAPE)
    generated = RNG.normal(0, 80, SHAPE)
    truth = generated + truth_sigma * RNG.standard_normal(SHAPE)
    tally = CalibrationTally()
    chance = RNG.uniform(0, 1, SHAPE)
    signed = np.where(RNG.random(SHAPE) < chance, 1, -1) * (20 + np.abs(truth))
    answered = np.clip(0.5 + (chance - 0.5) * overconfidence, 0, 1)
    sigma = (sigma_factor * truth_sigma).astype(np.float32)
    tally.add(generated.astype(np.float32), sigma, None, truth.astype(np.float32))
    tally.add(generated.astype(np.float32), None, answered.astype(np.float32), signed)
    return tally.calibration()


def test_a_right_sigma_covers_as_a_gaussian_does() -> None:
    rows = [row for row in tallied().coverage if row.by == "generated"]
    assert [row.low_gauss for row in rows] == [0, 5, 10, 20, 50, 100, 200]
    assert rows[-1].high_gauss is None
    for row in rows:
        assert row.within_68 == pytest.approx(0.683, abs=0.03)
        assert row.within_95 == pytest.approx(0.95, abs=0.02)


def test_a_right_t_distribution_covers_both_intervals() -> None:
    sigma, degrees = np.full(SHAPE, 20, np.float32), 3.0
    generated = RNG.normal(0, 80, SHAPE).astype(np.float32)
    scale = 20 / half_width(WITHIN_SIGMA, degrees)
    truth = generated + (scale * RNG.standard_t(degrees, SHAPE)).astype(np.float32)
    tally = CalibrationTally()
    tally.add(generated, sigma, None, truth, degrees)
    for row in tally.calibration().coverage[:4]:
        assert row.within_68 == pytest.approx(0.683, abs=0.03)
        assert row.within_95 == pytest.approx(0.95, abs=0.02)


def test_a_sigma_of_half_the_error_covers_less() -> None:
    rows = tallied(sigma_factor=0.5).coverage
    assert all(row.within_68 < 0.5 for row in rows if row.by == "generated")


def test_a_probability_is_reliable_if_signs_are_drawn_with_it() -> None:
    right, overconfident = tallied(), tallied(overconfidence=2.0)
    assert right.reliability_error == pytest.approx(0, abs=0.02)
    for row in right.reliability:
        assert row.positive == pytest.approx(row.probability, abs=0.03)
    assert overconfident.reliability_error is not None
    assert overconfident.reliability_error > 0.1


def test_without_sigma_and_probability_there_is_nothing_to_report() -> None:
    tally, field = CalibrationTally(), np.ones(SHAPE, np.float32)
    tally.add(field, None, None, field)
    assert tally.calibration() == Calibration()
    assert Calibration().reliability_error is None


def test_pixels_off_the_disk_and_bins_of_few_pixels_do_not_count() -> None:
    tally = CalibrationTally()
    field = np.full(SHAPE, np.nan, np.float32)
    field[:1, :150] = 30
    tally.add(field, np.ones(SHAPE, np.float32), np.full(SHAPE, 0.7, np.float32), field)
    assert tally.calibration() == Calibration()
