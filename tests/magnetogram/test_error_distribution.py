import numpy as np
import pytest
from scipy.stats import norm, t

from farside.magnetogram.error_distribution import (
    WITHIN_95,
    WITHIN_SIGMA,
    deviation,
    half_width,
    interval_95,
)


def test_a_gaussian_has_one_sigma_and_1_96() -> None:
    assert half_width(WITHIN_SIGMA, None) == pytest.approx(1)
    assert interval_95(None) == pytest.approx(norm.ppf(0.975))
    assert deviation(None) == 1


@pytest.mark.parametrize("degrees", [2.5, 3.0, 10.0])
def test_intervals_of_t_hold_what_they_say(degrees: float) -> None:
    scale = 1 / half_width(WITHIN_SIGMA, degrees)
    errors = t(degrees, scale=scale)
    assert errors.cdf(1) - errors.cdf(-1) == pytest.approx(WITHIN_SIGMA)
    width = interval_95(degrees)
    assert errors.cdf(width) - errors.cdf(-width) == pytest.approx(WITHIN_95)
    assert deviation(degrees) == pytest.approx(errors.std())


def test_many_degrees_of_freedom_are_a_gaussian() -> None:
    np.testing.assert_allclose(interval_95(1e6), interval_95(None), rtol=1e-5)
    assert deviation(1e6) == pytest.approx(1, rel=1e-5)
