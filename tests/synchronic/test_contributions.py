import numpy as np
from astropy.time import Time

from farside.synchronic.contributions import Contribution, weighted_mean
from farside.synchronic.map import MapSource

SOURCE = MapSource("base", "NONE", "", "", Time("2024-01-01T00:00:00"))


def layer(field: float, weight: list[float], age: float, sigma: float) -> Contribution:
    planes = (np.full((1, 3), field), np.array([weight]), np.full((1, 3), age))
    return Contribution(SOURCE, *planes, np.full((1, 3), sigma))


def test_field_age_and_error_are_weighted_means() -> None:
    found = weighted_mean([layer(10, [3, 1, 0], 0, 4), layer(20, [1, 1, 0], 8, 8)])
    np.testing.assert_allclose(found.field_gauss, [[12.5, 15, 0]])
    np.testing.assert_allclose(found.age_days, [[2, 4, 0]])
    np.testing.assert_allclose(found.sigma_gauss, [[5, 6, 0]])
    np.testing.assert_array_equal(found.weight, [[4, 2, 0]])


def test_the_source_with_the_greatest_weight_is_dominant() -> None:
    found = weighted_mean([layer(1, [3, 1, 1], 0, 1), layer(2, [1, 3, 2], 0, 1)])
    assert found.dominant.dtype == np.uint8
    np.testing.assert_array_equal(found.dominant, [[0, 1, 1]])
