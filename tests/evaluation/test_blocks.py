import numpy as np
import pytest

from farside.evaluation.blocks import block_means, paper_block_px
from farside.sun.grid import Grid
from tests.support.fields import GRID


def test_one_degree_is_eight_pixels_on_the_papers_grid_and_two_on_ours() -> None:
    assert Grid(1024, 450.0).pixels_per_degree == 8
    assert GRID.pixels_per_degree == 2


def test_blocks_across_the_edge_of_the_disk_do_not_count() -> None:
    blocks = block_means(np.ones((256, 256), np.float32), GRID, 2)
    assert np.nanmax(blocks) == np.nanmin(blocks) == 1
    assert 0.97 < np.isfinite(blocks).sum() * 4 / GRID.on_disk().sum() < 1


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        (Grid(1024, 450.0), (8, 4, 1)),
        (GRID, (2, 1, None)),
        (Grid(128, 56.25), (1, None, None)),
        (Grid(64, 28.0), (None, None, None)),
        # The grid of AISFM 1.0: four of the paper's pixels are 3.5 of its.
        (Grid(1024, 392.0), (7, None, None)),
    ],
)
def test_blocks_in_paper_pixels_are_a_whole_number_of_ours_or_not_available(
    grid: Grid, expected: tuple[int | None, ...]
) -> None:
    assert tuple(paper_block_px(side, grid) for side in (8, 4, 1)) == expected


def test_blocks_that_do_not_divide_the_grid_are_centred() -> None:
    grid = Grid(16, 20.0)
    image = np.zeros((16, 16), np.float32)
    image[1:8, 8:15] = 3
    np.testing.assert_array_equal(block_means(image, grid, 7), [[0, 3], [0, 0]])
