"""Masks of the disk: exactly the pixels whose centres are inside."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farside.disk.native_pixels import NativeGrid
from farside.sun.grid import Geometry, Grid, disk_mask


@given(
    st.tuples(st.integers(1, 90), st.integers(1, 90)),
    st.tuples(st.floats(-20, 110), st.floats(-20, 110)),
    st.floats(0, 120),
)
def test_a_pixel_is_inside_exactly_if_its_centre_is(
    shape: tuple[int, int], centre: tuple[float, float], radius: float
) -> None:
    y, x = np.indices(shape)
    distance = np.hypot(x - centre[0], y - centre[1])
    certain = np.abs(distance - radius) > 1e-9
    inside = disk_mask(shape, centre, radius)
    assert inside.shape == shape
    np.testing.assert_array_equal(inside[certain], (distance <= radius)[certain])


@pytest.mark.parametrize(
    "grid", [Grid(256, 112.5), Grid(1024, 450.0, 1.0), NativeGrid(300, 127.3, 0.9, (148.2, 151.7))]
)
def test_the_mask_of_a_grid_ends_at_its_mask_radius(grid: Geometry) -> None:
    np.testing.assert_array_equal(
        grid.on_disk(), grid.radius_px() <= grid.mask_radius * grid.disk_radius_px
    )
