import numpy as np
import pytest

from farside.magnetogram.error_distribution import WITHIN_SIGMA, half_width
from tests.training.test_farside1 import RECIPE
from training.calibrate import Errors, factor, scaled

RNG = np.random.default_rng(2)


def disk(times: float, degrees: float = 3.0) -> Errors:
    """Errors of a t-distribution whose σ should be `times` as large."""
    far = RNG.standard_t(degrees, 50_000) / half_width(WITHIN_SIGMA, degrees)
    field = np.abs(RNG.normal(0, 60, far.size))
    return field.astype(np.float32), np.abs(times * far).astype(np.float32)


def test_the_factor_is_what_sigma_lacks() -> None:
    assert factor(iter([disk(1.3), disk(1.3)])) == pytest.approx(1.3, rel=0.02)


def test_weak_and_strong_fields_weigh_the_same() -> None:
    field = np.repeat(np.array([1, 500], np.float32), [90_000, 10_000])
    far = np.abs(RNG.standard_normal(field.size)) * np.where(field > 100, 4, 1)
    assert factor(iter([(field, far.astype(np.float32))])) == pytest.approx(2, rel=0.03)


def test_too_few_pixels_are_an_error() -> None:
    with pytest.raises(ValueError, match="expected one or more"):
        factor(iter([(np.ones(5, np.float32), np.ones(5, np.float32))]))


def test_only_the_scale_of_sigma_changes() -> None:
    made = scaled(RECIPE, 1.25)
    assert [plane.scaling.scale for plane in made.outputs] == [100.0, 125.0, 100.0, 1.0]  # type: ignore[union-attr]
    assert made.network == RECIPE.network
