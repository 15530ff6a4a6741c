import numpy as np
import pytest
from astropy.time import Time
from hypothesis import given, settings
from hypothesis import strategies as st

from farside.disk.registration import Disk
from farside.evaluation.metrics import (
    correlation,
    correlations,
    normalised_square_error,
    peak_signal_to_noise_db,
    persistence,
    polarity_accuracy,
    relative_flux_error,
    rms_error_gauss,
    rms_similarity_error,
    similarity,
)
from farside.observation.image import Origin
from farside.sun.observer import Observer
from tests.support.fields import BOX, GRID, blob, noise, uniform

EARTH = Observer(0.0, 5.0, 1.5e11)


@pytest.mark.parametrize(("factor", "expected"), [(1.0, 1.0), (-0.5, -1.0)])
def test_correlation_ignores_scale_and_knows_sign(factor: float, expected: float) -> None:
    truth = blob(10, 10) - blob(30, 10)
    assert correlation(factor * truth, truth, GRID) == pytest.approx(expected, abs=1e-6)


def test_an_image_that_does_not_fill_the_grid_is_refused() -> None:
    with pytest.raises(ValueError, match=r"got \(128, 128\), expected 256"):
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


def test_pixels_missing_in_one_image_are_excluded() -> None:
    truth = noise(1)
    generated = truth.copy()
    generated[BOX] = np.nan
    assert correlation(generated, truth, GRID, 1) == pytest.approx(1)
    assert rms_error_gauss(generated, truth, GRID) == 0
    assert similarity(generated, truth, GRID) > 0.9


def test_a_zero_field_has_no_correlation() -> None:
    assert np.isnan(correlation(uniform(0), noise(1), GRID))


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


@settings(max_examples=20)
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
