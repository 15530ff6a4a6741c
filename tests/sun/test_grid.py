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


def test_means_of_blocks_leave_out_what_has_no_value() -> None:
    grid = Grid(64, 28.0)
    image = np.where(grid.on_disk(), np.float32(3), np.float32(np.nan))
    image[30:32, 30:32] = [[1, np.nan], [5, np.nan]]
    image[40:42, 30:32] = np.nan
    means = grid.block_means(image, 2)
    coarse = grid.coarser(2)
    assert coarse == Grid(32, 14.0)
    expected = np.where(coarse.on_disk(), np.float32(3), np.float32(np.nan))
    expected[20, 15] = np.nan
    np.testing.assert_array_equal(means, expected)


def test_a_grid_is_finer_than_another_by_a_whole_factor_or_refused() -> None:
    assert Grid(512, 225.0).factor_over(Grid(256, 112.5)) == 2
    assert Grid(64, 28.0).factor_over(Grid(64, 28.0)) == 1
    for other in (Grid(48, 21.0), Grid(32, 13.0), Grid(128, 56.0)):
        with pytest.raises(ValueError, match="expected Grid"):
            Grid(64, 28.0).factor_over(other)
