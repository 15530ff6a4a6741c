import numpy as np
import pytest
from astropy.time import Time
from hypothesis import given, settings
from hypothesis import strategies as st

from farside.grid import Grid, Image
from farside.heliographic import trace
from farside.metrics import (
    Box,
    binned,
    correlation,
    correlations,
    interval,
    net_flux_mx,
    normalised_square_error,
    paper_block_px,
    peak_signal_to_noise_db,
    persistence,
    pixel_area_cm2,
    pixels_per_degree,
    polar_field,
    polarity_accuracy,
    regress,
    relative_flux_error,
    rms_error_gauss,
    rms_similarity_error,
    similarity,
    unsigned_flux_mx,
)
from farside.observation import Origin
from farside.observer import SOLAR_RADIUS_M, Observer
from farside.registration import Disk

GRID = Grid(256, 112.5)
EARTH = Observer(0.0, 5.0, 1.5e11)
TIME = Time("2024-06-01T00:00:00")
BOX: Box = (slice(96, 128), slice(112, 144))

gauss = st.integers(-1000, 1000)


def blob(x: float, y: float, height: float = 100.0) -> np.ndarray:
    rows, columns = np.mgrid[: GRID.size_px, : GRID.size_px] - GRID.centre_px
    image = height * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 50)
    return np.where(GRID.on_disk(), image, np.nan).astype(np.float32)


def test_one_degree_is_eight_pixels_on_the_papers_grid_and_two_on_ours() -> None:
    assert pixels_per_degree(Grid(1024, 450.0)) == 8
    assert pixels_per_degree(GRID) == 2


def test_blocks_across_the_edge_of_the_disk_do_not_count() -> None:
    blocks = binned(np.ones((256, 256), np.float32), GRID, 2)
    assert np.nanmax(blocks) == np.nanmin(blocks) == 1
    assert 0.97 < np.isfinite(blocks).sum() * 4 / GRID.on_disk().sum() < 1


@pytest.mark.parametrize(("factor", "expected"), [(1.0, 1.0), (-0.5, -1.0)])
def test_correlation_ignores_scale_and_knows_sign(factor: float, expected: float) -> None:
    truth = blob(10, 10) - blob(30, 10)
    assert correlation(factor * truth, truth, GRID) == pytest.approx(expected, abs=1e-6)


def test_unsigned_flux_of_a_uniform_disk_is_field_times_area() -> None:
    image = np.where(GRID.on_disk(), -10, np.nan).astype(np.float32)
    area_cm2 = np.pi * (100 * SOLAR_RADIUS_M * GRID.mask_radius) ** 2
    assert unsigned_flux_mx(image, GRID) == pytest.approx(10 * area_cm2, rel=2e-3)


def uniform(field_gauss: float) -> Image:
    return np.where(GRID.on_disk(), field_gauss, np.nan).astype(np.float32)


def noise(seed: int, sigma_gauss: float = 100.0) -> Image:
    field = np.random.default_rng(seed).normal(0, sigma_gauss, (GRID.size_px, GRID.size_px))
    return np.where(GRID.on_disk(), field, np.nan).astype(np.float32)


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
    np.testing.assert_array_equal(binned(image, grid, 7), [[0, 3], [0, 0]])


def test_an_image_that_does_not_fill_the_grid_is_refused() -> None:
    with pytest.raises(ValueError, match=r"got \(128, 128\), wanted 256"):
        correlation(noise(0)[:128, :128], noise(0)[:128, :128], GRID)


def test_correlations_are_those_of_the_available_blocks() -> None:
    generated, truth = noise(1) + noise(2), noise(1)
    found = correlations(generated, truth, GRID)
    assert found.blocks_of_8 == correlation(generated, truth, GRID, 2)
    assert found.blocks_of_4 == correlation(generated, truth, GRID, 1)
    assert found.blocks_of_1 is None


def test_the_sum_of_two_equal_independent_fields_correlates_with_one_at_root_half() -> None:
    found = correlation(noise(1) + noise(2), noise(1), GRID, 1)
    assert found == pytest.approx(np.sqrt(0.5), abs=0.01)


def test_correlation_of_a_patch_looks_at_nothing_else() -> None:
    generated, truth = noise(1), noise(2)
    generated[BOX] = 2 * truth[BOX]
    assert correlation(generated, truth, GRID, box=BOX) == pytest.approx(1)
    assert abs(correlation(generated, truth, GRID)) < 0.2


def test_what_is_missing_in_one_image_does_not_count() -> None:
    truth = noise(1)
    generated = truth.copy()
    generated[BOX] = np.nan
    assert correlation(generated, truth, GRID, 1) == pytest.approx(1)
    assert rms_error_gauss(generated, truth, GRID) == 0
    assert similarity(generated, truth, GRID) > 0.9


def test_a_zero_field_has_no_correlation() -> None:
    assert np.isnan(correlation(uniform(0), noise(1), GRID))


def test_net_flux_of_a_uniform_disk_keeps_its_sign() -> None:
    assert net_flux_mx(uniform(-10), GRID) == -unsigned_flux_mx(uniform(-10), GRID)


def test_a_dipole_has_no_net_flux_and_twice_the_flux_of_one_pole() -> None:
    pole, other = blob(20, 10), blob(-20, 10)
    dipole = pole - other
    # A Gaussian of variance 25 px² and 100 G.
    flux_mx = 100 * 2 * np.pi * 25 * pixel_area_cm2(GRID)
    assert unsigned_flux_mx(dipole, GRID) == pytest.approx(2 * flux_mx, rel=1e-3)
    assert abs(net_flux_mx(dipole, GRID)) < 1e-6 * flux_mx


def test_fields_below_the_threshold_carry_no_flux() -> None:
    image = uniform(5)
    image[BOX] = -20
    expected = 20 * image[BOX].size * pixel_area_cm2(GRID)
    assert unsigned_flux_mx(image, GRID, threshold_gauss=10) == pytest.approx(expected)
    assert net_flux_mx(image, GRID, threshold_gauss=10) == pytest.approx(-expected)


def test_without_a_threshold_noise_adds_its_mean_absolute_value() -> None:
    expected = np.sqrt(2 / np.pi) * unsigned_flux_mx(uniform(6.3), GRID)
    assert unsigned_flux_mx(noise(3, 6.3), GRID) == pytest.approx(expected, rel=0.01)


def test_fluxes_of_parts_add_up() -> None:
    image = noise(4)
    halves = [(slice(0, 100), slice(None)), (slice(100, None), slice(None))]
    for flux in (unsigned_flux_mx, net_flux_mx):
        assert sum(flux(image, GRID, half) for half in halves) == pytest.approx(flux(image, GRID))


def test_a_line_has_its_slope_and_correlation_one() -> None:
    truth = np.array([1.0, 2.0, 4.0, 8.0])
    found = regress(0.82 * truth + 3, truth)
    assert (found.slope, found.correlation) == pytest.approx((0.82, 1))
    assert found.r_squared < 1


@pytest.mark.parametrize(
    ("correlated", "slope", "printed"), [(0.99, 1.02, 0.97), (0.94, 0.82, 0.87), (0.94, 1.05, 0.85)]
)
def test_r_squared_follows_from_slope_and_correlation_as_in_the_paper(
    correlated: float, slope: float, printed: float
) -> None:
    truth, scatter = np.array([1.0, 1, -1, -1]), np.array([1.0, -1, 1, -1])
    generated = slope * (truth + np.sqrt(correlated**-2 - 1) * scatter)
    found = regress(generated, truth)
    assert (found.correlation, found.slope) == pytest.approx((correlated, slope))
    assert found.r_squared == pytest.approx(printed, abs=0.011)


def test_the_mean_as_the_only_answer_determines_nothing() -> None:
    found = regress([2.0, 2.0, 2.0], [1.0, 2.0, 3.0])
    assert (found.r_squared, found.slope) == (0, 0)
    assert np.isnan(found.correlation)


@given(
    st.lists(st.tuples(gauss, gauss), min_size=3, max_size=20, unique_by=lambda pair: pair[1]),
    st.integers(0, 2**32 - 1),
)
def test_regression_does_not_depend_on_order(pairs: list[tuple[int, int]], seed: int) -> None:
    made, truth = np.array(pairs, float).T
    order = np.random.default_rng(seed).permutation(len(pairs))
    one, other = regress(made, truth), regress(made[order], truth[order])
    assert one.slope == pytest.approx(other.slope, rel=1e-6, abs=1e-6)
    assert one.r_squared == pytest.approx(other.r_squared, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("generated", "truth", "message"),
    [
        ([1.0, 2.0], [1.0], "wanted two rows of equal length"),
        ([1.0], [1.0], "at least 2"),
        ([1.0, np.nan], [1.0, 2.0], "must be finite"),
    ],
)
def test_unpaired_values_are_refused(
    generated: list[float], truth: list[float], message: str
) -> None:
    for measure in (regress, interval):
        with pytest.raises(ValueError, match=message):
            measure(generated, truth)


def test_an_image_is_wholly_similar_to_itself_and_less_to_its_negative() -> None:
    truth = noise(1)
    assert similarity(truth, truth, GRID, box=BOX) == pytest.approx(1)
    assert similarity(-truth, truth, GRID, box=BOX) < 0


def test_similarity_of_uniform_fields_is_the_luminance_term_for_3000_gauss() -> None:
    constant = (0.01 * 3000) ** 2
    expected = (2 * 100 * 300 + constant) / (100**2 + 300**2 + constant)
    assert similarity(uniform(100), uniform(300), GRID, box=BOX) == pytest.approx(expected)


def test_similarity_rises_with_binning_where_the_error_is_noise() -> None:
    truth = 10 * (blob(0, -20) - blob(10, -15))
    generated = truth + noise(1)
    fine, coarse = (similarity(generated, truth, GRID, pixels, BOX) for pixels in (1, 2))
    assert fine < coarse < 1


@pytest.mark.parametrize("latitude_deg", [-7.0, 0.0, 7.0])
def test_polar_field_is_that_of_the_caps_about_the_meridian(
    latitude_deg: float,
) -> None:
    observer = Observer(30.0, latitude_deg, 1.5e11)
    tangent = np.tan(np.arcsin(SOLAR_RADIUS_M / 1.5e11)) / GRID.disk_radius_px
    index = (np.arange(GRID.size_px) - GRID.centre_px) * tangent
    west, north = np.meshgrid(index, index)
    points = trace(west, north, observer, TIME)
    from_meridian = (points.longitude_deg - observer.carrington_longitude_deg(TIME) + 180) % 360
    caps = (np.abs(points.latitude_deg) > 60) & (np.abs(from_meridian - 180) <= 45)
    radial = np.where(caps, np.where(points.latitude_deg > 0, 5, -3), 90)
    image = np.where(GRID.on_disk(), radial * points.mu, np.nan).astype(np.float32)
    found = polar_field(image, GRID, observer, TIME)
    assert (found.north_gauss, found.south_gauss) == pytest.approx((5, -3), rel=1e-4)


def test_a_polar_cap_without_pixels_has_no_field() -> None:
    image = uniform(1)
    image[: GRID.size_px // 2] = np.nan
    found = polar_field(image, GRID, EARTH, TIME)
    assert found.north_gauss > 0
    assert np.isnan(found.south_gauss)


def test_errors_of_a_field_of_the_wrong_strength() -> None:
    truth = uniform(-100)
    for generated, unsigned, squared in [(150, 0.5, 6.25), (-50, 0.5, 0.25), (0, 1, 1)]:
        image = uniform(generated)
        assert relative_flux_error(image, truth, GRID) == pytest.approx(unsigned)
        assert normalised_square_error(image, truth, GRID) == pytest.approx(squared)
        assert rms_error_gauss(image, truth, GRID) == pytest.approx(generated + 100)


def test_a_tenth_of_the_range_is_20_decibel_and_equal_images_have_no_noise() -> None:
    assert peak_signal_to_noise_db(uniform(300), uniform(0), GRID) == pytest.approx(20)
    assert peak_signal_to_noise_db(noise(1), noise(1), GRID) == np.inf


def test_rms_similarity_error_of_uniform_fields_follows_equation_9() -> None:
    constant = (0.01 * 3000) ** 2
    expected = (300 / 1500 + 1 - constant / (300**2 + constant)) / 2
    assert rms_similarity_error(uniform(300), uniform(0), GRID, BOX) == pytest.approx(expected)
    assert rms_similarity_error(noise(1), noise(1), GRID) == pytest.approx(0)


def test_polarity_counts_strong_pixels_by_sign_alone() -> None:
    truth, generated = uniform(10), uniform(-1)
    truth[BOX], generated[BOX] = -200, -1
    generated[96:104, BOX[1]] = 500
    assert polarity_accuracy(generated, truth, GRID) == pytest.approx(0.75)
    assert polarity_accuracy(-generated, truth, GRID) == pytest.approx(0.25)
    assert polarity_accuracy(uniform(0), truth, GRID) == 0
    assert np.isnan(polarity_accuracy(generated, truth, GRID, threshold_gauss=300))


def test_polarity_among_some_pixels_looks_at_no_other() -> None:
    truth, generated = uniform(100), uniform(-100)
    generated[BOX] = 100
    among = np.zeros(truth.shape, bool)
    among[BOX] = True
    assert polarity_accuracy(generated, truth, GRID, among=among) == 1
    assert polarity_accuracy(generated, truth, GRID, among=~among) == 0


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_measures_do_not_depend_on_the_order_of_pixels(seed: int) -> None:
    generated, truth = noise(1) + noise(2), noise(1)
    order = np.random.default_rng(seed).permutation(generated[BOX].size)
    mixed_generated, mixed_truth = generated.copy(), truth.copy()
    for mixed in (mixed_generated, mixed_truth):
        mixed[BOX] = mixed[BOX].ravel()[order].reshape(mixed[BOX].shape)
    for measure in (
        relative_flux_error,
        normalised_square_error,
        rms_error_gauss,
        peak_signal_to_noise_db,
    ):
        found = measure(mixed_generated, mixed_truth, GRID, BOX)
        assert found == pytest.approx(measure(generated, truth, GRID, BOX))
    found = correlation(mixed_generated, mixed_truth, GRID, 1, BOX)
    assert found == pytest.approx(correlation(generated, truth, GRID, 1, BOX))


def test_a_bootstrap_interval_holds_the_true_mean_about_as_often_as_it_says() -> None:
    draw = np.random.default_rng(1)
    trials = 400
    held = 0
    for trial in range(trials):
        common = draw.normal(0, 10, 40)
        found = interval(common + draw.normal(0.3, 1, 40), common, 0.9, 400, trial)
        held += found.low <= 0.3 <= found.high
    # Four standard errors of a share of 0.9 are 0.06.
    assert held / trials == pytest.approx(0.9, abs=0.06)


def test_pairing_takes_out_what_both_have_in_common() -> None:
    draw = np.random.default_rng(2)
    common = draw.normal(0, 10, 40)
    found = interval(common + draw.normal(1, 0.1, 40), common)
    assert found.mean == pytest.approx(1, abs=0.1)
    # The standard error of the mean difference is 0.1 / √40, and 1.96 of them the half-width.
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.1 / np.sqrt(40), rel=0.3)
    assert found.seeds == 40


def test_a_constant_difference_is_certain() -> None:
    found = interval([1.5, 2.5, 3.5], [1.0, 2.0, 3.0])
    assert (found.mean, found.low, found.high) == (0.5, 0.5, 0.5)


def test_a_higher_level_gives_a_wider_interval_and_the_seed_the_same_one() -> None:
    a, b = np.random.default_rng(3).normal(size=(2, 40))
    wide, narrow = interval(a, b, 0.99), interval(a, b, 0.8)
    assert wide.low < narrow.low < narrow.mean < narrow.high < wide.high
    assert interval(a, b) == interval(a, b)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_outside_0_to_1_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        interval([1.0, 2.0], [1.0, 2.0], level)


def reference(image: np.ndarray, time: str) -> Disk:
    return Disk(image, GRID, Origin("HMI", "LOS", Time(time), EARTH, "", ""))


def test_persistence_leaves_the_centre_where_it_is_at_the_same_time_and_place() -> None:
    disk = reference(blob(0, 0), "2024-06-01T00:00:00")
    kept = persistence(disk, EARTH, disk.origin.time)
    inside = GRID.radius_px() < 0.95 * GRID.disk_radius_px
    np.testing.assert_allclose(kept[inside], disk.image[inside], atol=0.5)


def test_persistence_carries_a_spot_west_at_the_synodic_rate() -> None:
    disk = reference(blob(0, -10), "2024-06-01T00:00:00")
    kept = persistence(disk, EARTH, Time("2024-06-03T00:00:00"))
    _, x = np.unravel_index(np.nanargmax(kept), kept.shape)
    # Two days at 13.4 degrees a day near the equator, seen from Earth.
    assert x - GRID.centre_px == pytest.approx(112.5 * np.sin(np.radians(26.9)), abs=2)


def test_what_the_reference_did_not_see_persists_as_zero() -> None:
    disk = reference(blob(0, 0), "2024-06-01T00:00:00")
    opposite = Observer(179.0, 5.0, 1.5e11)
    assert np.nanmax(np.abs(persistence(disk, opposite, disk.origin.time))) < 1e-3
