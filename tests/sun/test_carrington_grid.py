"""Grids of the whole Sun: flux stays what it was, wherever it is brought."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farside.errors import ImplausibleGeometryError
from farside.sun.angles import wrap_deg
from farside.sun.carrington_grid import CarringtonGrid, Map, resample, shift_longitude
from farside.sun.heliographic import differential_rotation_deg_per_day

SINE, UNIFORM = CarringtonGrid(), CarringtonGrid(latitude="uniform")


def noise(grid: CarringtonGrid, seed: int = 0) -> Map:
    return np.random.default_rng(seed).normal(3, 50, grid.shape)


def flux(values: Map, grid: CarringtonGrid) -> float:
    return float((values * grid.area).sum())


@pytest.mark.parametrize("grid", [SINE, UNIFORM, CarringtonGrid(72, 50, "uniform")])
def test_cells_cover_the_sphere_once(grid: CarringtonGrid) -> None:
    assert (grid.area * np.ones(grid.shape)).sum() == pytest.approx(1, rel=1e-12)


def test_the_first_column_is_centred_half_a_step_from_0_and_row_0_is_south() -> None:
    assert SINE.longitude_deg[[0, -1]] == pytest.approx([0.5, 359.5])
    assert UNIFORM.latitude_deg[[0, -1]] == pytest.approx([-89.5, 89.5])
    assert np.sin(np.radians(SINE.latitude_deg[0])) == pytest.approx(-1 + 1 / 180)


@pytest.mark.parametrize(("given_grid", "wanted"), [(SINE, UNIFORM), (UNIFORM, SINE)])
def test_flux_is_conserved_between_sine_latitude_and_latitude(
    given_grid: CarringtonGrid, wanted: CarringtonGrid
) -> None:
    values = noise(given_grid)
    assert flux(resample(values, given_grid, wanted), wanted) == pytest.approx(
        flux(values, given_grid), rel=1e-9
    )


@settings(max_examples=25)
@given(
    columns=st.integers(3, 90),
    rows=st.integers(2, 60),
    latitude=st.sampled_from(["sine", "uniform"]),
    seed=st.integers(0, 99),
)
def test_flux_is_conserved_to_any_grid(columns: int, rows: int, latitude: str, seed: int) -> None:
    wanted = CarringtonGrid(columns, rows, "sine" if latitude == "sine" else "uniform")
    values = noise(UNIFORM, seed)
    assert flux(resample(values, UNIFORM, wanted), wanted) == pytest.approx(
        flux(values, UNIFORM), rel=1e-6, abs=1e-6
    )


def test_a_map_of_another_shape_than_its_grid_is_refused() -> None:
    with pytest.raises(ImplausibleGeometryError, match=r"got \(2, 2\), expected \(180, 360\)"):
        resample(np.zeros((2, 2)), SINE, UNIFORM)


def test_whole_cells_are_turned_exactly() -> None:
    values = noise(SINE)
    np.testing.assert_array_equal(shift_longitude(values, 7.0), np.roll(values, 7, axis=1))
    np.testing.assert_array_equal(shift_longitude(values, -360.0), values)


@settings(max_examples=25)
@given(degrees=st.floats(-720, 720), seed=st.integers(0, 99))
def test_each_row_keeps_its_flux_when_it_is_turned(degrees: float, seed: int) -> None:
    values = noise(SINE, seed)
    np.testing.assert_allclose(
        shift_longitude(values, degrees).mean(axis=1), values.mean(axis=1), rtol=0, atol=1e-10
    )


def test_each_row_may_have_its_own_shift() -> None:
    values = noise(SINE)
    turned = shift_longitude(values, np.where(np.arange(180) == 90, 2.0, 0.0))
    np.testing.assert_array_equal(turned[90], np.roll(values[90], 2))
    np.testing.assert_array_equal(turned[89], values[89])


def test_a_region_that_is_turned_a_hundred_times_is_hardly_smoother() -> None:
    """Once a day is what a map that is made from the one before it goes through."""

    def region(centre_deg: float) -> Map:
        east = wrap_deg(SINE.longitude_deg - centre_deg)
        return np.tile(100 * np.exp(-(east**2) / (2 * 3.0**2)), (180, 1))

    turned = region(180.0)
    for _ in range(100):
        turned = shift_longitude(turned, 0.13)
    assert np.abs(turned - region(193.0)).max() < 3
    sheared = shift_longitude(region(180.0), differential_rotation_deg_per_day(SINE.latitude_deg))
    assert sheared[90].argmax() == pytest.approx(180, abs=1)
