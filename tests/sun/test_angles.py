"""Angles on a circle."""

import numpy as np
import pytest

from farside.sun.angles import wrap_deg


@pytest.mark.parametrize(
    ("given", "folded"), [(0, 0), (179, 179), (180, -180), (-180, -180), (190, -170), (-721, -1)]
)
def test_an_angle_is_wrapped_to_180_degrees_either_way(given: float, folded: float) -> None:
    assert wrap_deg(given) == folded


def test_an_array_keeps_its_type() -> None:
    given = np.array([359.5, 10], np.float32)
    folded = wrap_deg(given)
    np.testing.assert_array_equal(folded, np.array([-0.5, 10], np.float32))
    assert folded.dtype == np.float32
