"""What stands where no disk sees well."""

from dataclasses import replace

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time

from farside.errors import DamagedImageError
from farside.sun.angles import wrap_deg
from farside.sun.carrington_grid import CarringtonGrid, Map
from farside.sun.heliographic import differential_rotation_deg_per_day
from farside.synchronic.contributions import WeightedMean
from farside.synchronic.fill import (
    BASE_MU,
    EVOLUTION_DAYS,
    GUESS_AGE_DAYS,
    LEAST_BASE_MU,
    MAP_SIGMA_GAUSS,
    Mask,
    advect_base_map,
    evolution_sigma_gauss,
    fill_gaps,
    fill_poles,
)
from farside.synchronic.map import BaseMap
from farside.synchronic.weights import quality_factor

GRID = CarringtonGrid()
THEN = Time("2024-06-01T00:00:00.000", scale="utc")


def base_of(field: Map, grid: CarringtonGrid = GRID, age_days: float = 0.0) -> BaseMap:
    age = np.full(grid.shape, age_days)
    return BaseMap(field, grid, THEN, "ADAPT", "a.fits", "ab", age, synchronic=True)


def meridian(grid: CarringtonGrid = GRID) -> Map:
    east = grid.longitude_deg - 180
    return np.tile(100 * np.exp(-(east**2) / (2 * 4.0**2)), (grid.rows, 1))


@pytest.mark.parametrize("latitude", ["sine", "uniform"])
def test_a_base_map_is_turned_by_differential_rotation(latitude: str) -> None:
    own = CarringtonGrid(latitude="sine" if latitude == "sine" else "uniform")
    found = advect_base_map(base_of(meridian(own), own), GRID, THEN + 5 * u.day)
    for row in (20, 90, 150):
        centre = float((found.field_gauss[row] * GRID.longitude_deg).sum())
        centre /= float(found.field_gauss[row].sum())
        drift = float(differential_rotation_deg_per_day(GRID.latitude_deg[row]))
        assert centre == pytest.approx(180 + 5 * drift, abs=0.2)


def test_advection_conserves_the_flux() -> None:
    own = CarringtonGrid(latitude="uniform")
    field = np.random.default_rng(0).normal(2, 30, own.shape)
    found = advect_base_map(base_of(field, own), GRID, THEN + 3.3 * u.day)
    assert (found.field_gauss * GRID.area).sum() == pytest.approx((field * own.area).sum(), 1e-6)


def test_a_base_map_ages_and_its_sigma_grows() -> None:
    given = base_of(meridian(), age_days=2.0)
    new, old = (advect_base_map(given, GRID, THEN + days * u.day) for days in (0, 10))
    np.testing.assert_allclose(new.age_days, 2)
    np.testing.assert_allclose(old.age_days, 12)
    assert old.sigma_gauss.mean() > 1.4 * new.sigma_gauss.mean()
    assert old.sigma_gauss.min() > MAP_SIGMA_GAUSS


def test_sigma_of_the_file_counts_from_the_time_of_the_file() -> None:
    given = replace(base_of(0 * meridian(), age_days=9.0), sigma_gauss=np.full(GRID.shape, 30.0))
    np.testing.assert_allclose(advect_base_map(given, GRID, THEN).sigma_gauss, 30)
    later = advect_base_map(given, GRID, THEN + 2 * u.day).sigma_gauss
    growth = (
        evolution_sigma_gauss(np.zeros(1), 11.0) ** 2 - evolution_sigma_gauss(np.zeros(1), 9.0) ** 2
    )
    np.testing.assert_allclose(later**2, 900 + growth[0], rtol=1e-6)


def test_a_file_that_calls_an_old_pixel_certain_is_not_believed() -> None:
    given = replace(base_of(0 * meridian(), age_days=9.0), sigma_gauss=np.ones(GRID.shape))
    np.testing.assert_allclose(
        advect_base_map(given, GRID, THEN).sigma_gauss, evolution_sigma_gauss(np.zeros(1), 9.0)[0]
    )


def weight_of(base: BaseMap, days: float = 0.0) -> float:
    found = advect_base_map(base, GRID, THEN + days * u.day)
    assert found.source.weight == pytest.approx((found.weight * GRID.area).sum())
    return found.source.weight


def test_a_base_map_counts_less_the_older_it_is() -> None:
    weights = [weight_of(base_of(meridian()), days) for days in (0, 2, 5, 10, 20, 40, 60)]
    assert weights[0] == pytest.approx(BASE_MU**4)
    assert weights == sorted(weights, reverse=True)
    assert weights[-1] == pytest.approx(LEAST_BASE_MU**4)


def test_a_base_map_that_explains_a_third_of_the_field_counts_as_a_model_that_does() -> None:
    days = -EVOLUTION_DAYS * np.log(1 / 3)
    given = replace(base_of(meridian(), age_days=days), sigma_gauss=np.zeros(GRID.shape))
    assert weight_of(given) == pytest.approx(quality_factor(np.sqrt(1 / 3)))


def test_the_generated_part_of_a_base_map_keeps_a_low_weight() -> None:
    """A σ as large as what the field may become leaves it the least weight at any age."""
    given = replace(base_of(meridian(), age_days=1.0), sigma_gauss=100.0 + 0 * meridian())
    assert weight_of(given) == pytest.approx(LEAST_BASE_MU**4)


def test_the_trust_in_a_base_map_has_neither_steps_nor_a_seam() -> None:
    north, east = GRID.latitude_deg[:, None], wrap_deg(GRID.longitude_deg)
    poor = (np.abs(north) < 20) & (np.abs(east) < 20)
    given = base_of(0 * meridian(), age_days=3.0)
    weight = advect_base_map(
        replace(given, sigma_gauss=np.where(poor, 20.0, 0.0)), GRID, THEN
    ).weight
    assert weight[90, 0] < 0.4 * weight[90, 180]
    np.testing.assert_allclose(weight, weight[:, ::-1], rtol=1e-9)
    np.testing.assert_allclose(weight[:, 180], weight[::-1, 180], rtol=1e-9)
    steps = (np.diff(weight, axis=0), np.diff(weight, axis=1, append=weight[:, :1]))
    assert max(np.abs(step).max() for step in steps) < 0.15 * np.ptp(weight)


def test_gaps_have_no_weight_and_do_not_spread() -> None:
    field = np.full(GRID.shape, 50.0)
    field[:20] = np.nan
    field[100, 40] = np.nan
    found = advect_base_map(base_of(field), GRID, THEN)
    np.testing.assert_array_equal(found.weight == 0, np.isnan(field))
    np.testing.assert_allclose(found.field_gauss[found.weight > 0], 50)
    np.testing.assert_array_equal(found.weight[found.weight > 0], BASE_MU**4)
    later = advect_base_map(base_of(field), GRID, THEN + 3 * u.day)
    np.testing.assert_allclose(later.field_gauss[later.weight > 0], 50)
    assert all(np.isfinite(plane).all() for plane in (later.age_days, later.sigma_gauss))


def test_a_base_map_that_is_mostly_empty_is_refused_by_name() -> None:
    with pytest.raises(DamagedImageError, match=r"ADAPT 2024-06-01.*a\.fits.*0% of its cells"):
        advect_base_map(base_of(np.full(GRID.shape, np.nan)), GRID, THEN)


def merged(field: Map, known: Mask) -> WeightedMean:
    weight = known.astype(np.float64)
    ages = np.full(GRID.shape, 1.5) * (weight > 0)
    return WeightedMean(
        field, ages, np.ones(GRID.shape), weight, np.zeros(GRID.shape, np.uint8), 0 * weight, weight
    )


def test_what_nothing_shows_has_the_mean_and_the_scatter_of_its_parallel() -> None:
    seen = np.broadcast_to(GRID.longitude_deg < 180, GRID.shape)
    rows = np.arange(180.0)[:, None]
    field = rows + np.random.default_rng(0).normal(0, 4, GRID.shape)
    found, made = fill_gaps(merged(np.where(seen, field, 0), seen), seen, GRID)
    low = np.abs(GRID.latitude_deg) < 75
    np.testing.assert_array_equal(made[low], ~seen[low])
    unseen = made & low[:, None]
    np.testing.assert_allclose(found.field_gauss[unseen], (rows + 0 * field)[unseen], atol=1.5)
    np.testing.assert_allclose(found.sigma_gauss[unseen], 4, rtol=0.3)
    np.testing.assert_allclose(found.age_days[unseen], GUESS_AGE_DAYS)
    assert all(np.isfinite(x).all() for x in (found.field_gauss, found.sigma_gauss, found.age_days))


def test_the_errors_of_a_parallel_add_to_its_scatter() -> None:
    seen = np.broadcast_to(GRID.longitude_deg < 180, GRID.shape)
    field = np.random.default_rng(0).normal(0, 4, GRID.shape)
    known = replace(merged(np.where(seen, field, 0), seen), sigma_gauss=np.where(seen, 3.0, 0.0))
    found, made = fill_gaps(known, seen, GRID)
    unseen = made & (np.abs(GRID.latitude_deg) < 75)[:, None]
    np.testing.assert_allclose(found.sigma_gauss[unseen], 5, rtol=0.25)


def test_poles_that_are_well_known_stay_and_others_are_smoothed() -> None:
    field = np.random.default_rng(0).normal(3, 10, GRID.shape)
    everywhere = np.ones(GRID.shape, np.bool_)
    kept, made = fill_gaps(merged(field, everywhere), everywhere, GRID)
    np.testing.assert_array_equal(kept.field_gauss, field)
    assert not made.any()
    south = np.broadcast_to(GRID.latitude_deg[:, None] > -75, GRID.shape)
    found, made = fill_gaps(merged(field, everywhere), south, GRID)
    np.testing.assert_array_equal(made, ~south)
    assert found.field_gauss[made].std() < 5


EVERYWHERE = np.ones(GRID.shape, np.bool_)


def cap(gradient: float = 2.0) -> Map:
    """A polar field with one side stronger."""
    colatitude = np.radians(90 - np.abs(GRID.latitude_deg))[:, None]
    side = np.sin(colatitude) * np.cos(np.radians(GRID.longitude_deg))
    sine = np.sin(np.radians(GRID.latitude_deg))[:, None]
    return np.asarray(6 * np.sign(sine) * sine**8 + gradient * side)


def test_the_missing_part_of_a_cap_is_like_the_rest() -> None:
    truth = cap()
    hidden = np.abs(GRID.latitude_deg)[:, None] > 80 * np.ones(GRID.shape)
    filled = fill_poles(np.where(hidden, 0, truth), (~hidden).astype(float), hidden, GRID)
    assert np.abs(filled - truth)[hidden].max() < 0.5
    np.testing.assert_array_equal(filled[~hidden], truth[~hidden])


def test_half_a_cap_is_enough_for_its_mean() -> None:
    truth = cap(gradient=0.0)
    unseen = np.broadcast_to(GRID.longitude_deg > 180, GRID.shape)
    trust = np.where(unseen, 0.001, 1.0)
    noisy = truth + np.random.default_rng(0).normal(0, 5, GRID.shape)
    filled = fill_poles(np.where(unseen, 0, noisy), trust, unseen, GRID)
    north = unseen & (GRID.latitude_deg[:, None] > 75)
    assert filled[north].mean() == pytest.approx(truth[north].mean(), rel=0.3)
    assert np.abs(filled[north]).max() < 15


def test_lower_latitudes_and_good_cells_are_left_alone() -> None:
    field = np.random.default_rng(1).normal(0, 5, GRID.shape)
    filled = fill_poles(field, np.ones(GRID.shape), EVERYWHERE, GRID)
    low = np.abs(GRID.latitude_deg) < 75
    np.testing.assert_array_equal(filled[low], field[low])
    assert filled[~low].std() < 0.5 * field[~low].std()
    np.testing.assert_array_equal(fill_poles(field, np.ones(GRID.shape), ~EVERYWHERE, GRID), field)


def test_a_cap_that_nothing_is_known_of_keeps_what_it_has() -> None:
    field = cap()
    np.testing.assert_array_equal(fill_poles(field, np.zeros(GRID.shape), EVERYWHERE, GRID), field)
