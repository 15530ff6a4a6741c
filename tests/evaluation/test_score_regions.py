from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farside.evaluation.flux import pixel_area_cm2, unsigned_flux_mx
from farside.evaluation.score_regions import Patch, select_patches
from farside.sun.grid import Grid

GRID = Grid(256, 112.5)
SIDE_PX = 32
STEP_PX = 16

# Mean field of a box that carries 1e21 Mx.
GAUSS_PER_1E21 = 1e21 / (SIDE_PX**2 * pixel_area_cm2(GRID))

lattice_steps = st.integers(-4, 4)


def quiet_sun(grid: Grid = GRID) -> np.ndarray:
    return np.where(grid.on_disk(), 1, np.nan).astype(np.float32)


def middle_of(north: int, west: int) -> tuple[int, int]:
    """Index of the pixel north-west of a point of the lattice."""
    return GRID.size_px // 2 + STEP_PX * north, GRID.size_px // 2 + STEP_PX * west


def put_region(image: np.ndarray, north: int, west: int, flux_1e21: float) -> None:
    """Add a bipole of a given unsigned flux around a point of the lattice, 8 pixels wide."""
    row, column = middle_of(north, west)
    strength = GAUSS_PER_1E21 * flux_1e21 * (SIDE_PX / 8) ** 2
    image[row - 4 : row + 4, column - 4 : column] = strength
    image[row - 4 : row + 4, column : column + 4] = -strength


def holds(patch: Patch, north: int, west: int) -> bool:
    row, column = middle_of(north, west)
    rows, columns = patch.box
    inside = range(rows.start + 4, rows.stop - 3), range(columns.start + 4, columns.stop - 3)
    return row in inside[0] and column in inside[1]


def active(patches: tuple[Patch, ...]) -> list[Patch]:
    return [patch for patch in patches if patch.kind == "AR"]


def test_a_region_is_found_where_it_was_put() -> None:
    sun = quiet_sun()
    put_region(sun, 2, -3, 10)
    (region,) = active(select_patches(sun, GRID))
    assert holds(region, 2, -3)


def test_the_flux_of_a_patch_is_that_of_its_box() -> None:
    sun = quiet_sun()
    put_region(sun, 2, -3, 10)
    for patch in select_patches(sun, GRID):
        assert patch.unsigned_flux_mx == unsigned_flux_mx(sun, GRID, patch.box)
        assert sun[patch.box].shape == (SIDE_PX, SIDE_PX)


@pytest.mark.parametrize(("field_gauss", "kind"), [(0.99, "QR"), (1.01, "AR")])
def test_a_box_is_active_above_5e21_mx(field_gauss: float, kind: str) -> None:
    sun = quiet_sun() * np.float32(5 * GAUSS_PER_1E21 * field_gauss)
    assert {patch.kind for patch in select_patches(sun, GRID)} == {kind}


def test_of_four_regions_the_strongest_three_count_strongest_first() -> None:
    sun = quiet_sun()
    places = {(3, 3): 8.0, (3, -3): 20.0, (-3, 3): 15.0, (-3, -3): 10.0}
    for place, flux in places.items():
        put_region(sun, *place, flux)
    found = active(select_patches(sun, GRID))
    for patch, place in zip(found, [(3, -3), (-3, 3), (-3, -3)], strict=True):
        assert holds(patch, *place)


def test_quiet_regions_are_the_two_of_lowest_flux_by_rising_flux() -> None:
    sun = quiet_sun()
    for north, west, field in [(2, 2, 0.2), (-2, -2, 0.1)]:
        row, column = middle_of(north, west)
        sun[row - STEP_PX : row + STEP_PX, column - STEP_PX : column + STEP_PX] = field
    patches = select_patches(sun, GRID)
    assert [patch.kind for patch in patches] == ["QR", "QR"]
    assert [(patch.row, patch.column) for patch in patches] == [
        (middle_of(-2, -2)[0] - STEP_PX, middle_of(-2, -2)[1] - STEP_PX),
        (middle_of(2, 2)[0] - STEP_PX, middle_of(2, 2)[1] - STEP_PX),
    ]


@settings(max_examples=30)
@given(st.lists(st.tuples(lattice_steps, lattice_steps, st.floats(0, 50)), max_size=8))
def test_patches_are_few_apart_on_the_lattice_and_within_60_degrees(
    regions: list[tuple[int, int, float]],
) -> None:
    sun = quiet_sun()
    for north, west, flux in regions:
        put_region(sun, north, west, flux)
    patches = select_patches(sun, GRID)
    assert len(active(patches)) <= 3
    assert len(patches) - len(active(patches)) <= 2
    covered = np.zeros(sun.shape, int)
    for patch in patches:
        covered[patch.box] += 1
        assert (patch.row - GRID.size_px // 2) % STEP_PX == 0
        assert (patch.column - GRID.size_px // 2) % STEP_PX == 0
    assert covered.max() == 1
    assert GRID.radius_px()[covered > 0].max() < np.sin(np.radians(60)) * GRID.disk_radius_px
    assert not any(a.overlaps(b) for a, b in combinations(patches, 2))


def test_boxes_cover_the_same_part_of_the_sun_on_the_papers_grid() -> None:
    paper = Grid(1024, 450.0)
    sun = quiet_sun()
    put_region(sun, 1, 4, 30)
    enlarged = np.where(paper.on_disk(), np.kron(sun, np.ones((4, 4))), np.nan).astype(np.float32)
    (coarse,), (fine,) = active(select_patches(sun, GRID)), active(select_patches(enlarged, paper))
    assert (fine.row, fine.column, fine.side_px) == (4 * coarse.row, 4 * coarse.column, 128)
    assert fine.unsigned_flux_mx == pytest.approx(coarse.unsigned_flux_mx, rel=1e-6)


def test_a_region_beyond_60_degrees_is_no_active_region() -> None:
    sun = quiet_sun()
    limit = GRID.size_px // 2 + int(np.ceil(GRID.disk_radius_px * np.sin(np.radians(60))))
    sun[124:132, limit : limit + 8] = 5000
    assert not active(select_patches(sun, GRID))


def test_a_box_with_missing_pixels_is_not_mistaken_for_a_quiet_one() -> None:
    sun = quiet_sun()
    row, column = middle_of(0, 0)
    sun[row : row + 10, column : column + 10] = np.nan
    assert all(np.isfinite(sun[patch.box]).all() for patch in select_patches(sun, GRID))


def test_fields_below_the_threshold_make_no_region() -> None:
    sun = quiet_sun() * np.float32(10 * GAUSS_PER_1E21)
    found = select_patches(sun, GRID, threshold_gauss=11 * GAUSS_PER_1E21)
    assert [(patch.kind, patch.unsigned_flux_mx) for patch in found] == [("QR", 0.0)] * 2
