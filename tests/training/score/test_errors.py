import cv2
import numpy as np
import pytest

from farside.model.recipe import ErrorModel
from farside.sun.observer import View
from tests.training.score.fakes import DISK, GRID, SPACECRAFT, TIME, noise, points
from training.score.errors import FIELD_EDGES_GAUSS, MU_EDGES, ErrorTally, correlation_length_px

VIEW = View(SPACECRAFT, TIME)
KNOWN = DISK & (np.arange(GRID.size_px) > GRID.size_px // 2)


def uniform(gauss: float) -> np.ndarray:
    return np.where(DISK, gauss, np.nan).astype(np.float32)


def tallied() -> ErrorModel:
    """Ten disks of 30 G whose error is 20 G where the reference knew, 40 G elsewhere."""
    tally = ErrorTally(GRID)
    made = uniform(30)
    for seed in range(10):
        error = noise(seed, 20.0) * np.where(KNOWN, 1, 2)
        tally.add(made, made - error, KNOWN, VIEW)
    return tally.model()


def test_sigma_is_that_of_its_bin_of_field_mu_and_reference() -> None:
    errors = tallied()
    column = FIELD_EDGES_GAUSS.index(20.0)
    for known, new, either in zip(
        errors.known_gauss, errors.new_gauss, errors.either_gauss, strict=True
    ):
        assert known[column] == pytest.approx(20, rel=0.1)
        assert new[column] == pytest.approx(40, rel=0.1)
        assert either[column] == pytest.approx(np.sqrt((20**2 + 40**2) / 2), rel=0.1)


def test_bins_without_pixels_take_the_next_field() -> None:
    errors = tallied()
    column = FIELD_EDGES_GAUSS.index(20.0)
    for row in errors.either_gauss:
        assert set(row) == {row[column]}
    assert errors.known_gauss[0][0] == errors.either_gauss[0][0]


def test_mu_tells_the_limb_from_the_centre() -> None:
    tally = ErrorTally(GRID)
    mu = points(VIEW).mu
    made = uniform(30)
    tally.add(made, made + np.where(mu < 0.6, 50, 5) * np.sign(noise(1)), KNOWN, VIEW)
    column = FIELD_EDGES_GAUSS.index(20.0)
    for low, row in zip(MU_EDGES, tally.model().either_gauss, strict=True):
        assert row[column] == pytest.approx(50 if low < 0.6 else 5, rel=1e-3)


def test_a_bias_counts_as_error() -> None:
    tally = ErrorTally(GRID)
    tally.add(uniform(30), uniform(18) + noise(1, 0.1), KNOWN, VIEW)
    assert tally.model().either_gauss[0][0] == pytest.approx(12, rel=1e-2)


@pytest.mark.parametrize("sigma_px", [1.5, 3.0])
def test_smoothed_noise_has_the_length_of_its_kernel(sigma_px: float) -> None:
    tally = ErrorTally(GRID)
    for seed in range(20):
        white = np.random.default_rng(seed).normal(0, 10, DISK.shape)
        error = cv2.GaussianBlur(white, (0, 0), sigma_px)
        tally.add(uniform(30), (uniform(30) + error).astype(np.float32), KNOWN, VIEW)
    # The autocorrelation of a Gaussian kernel is exp(-d² / 4σ²), 1/e at two sigma.
    expected_deg = np.degrees(2 * sigma_px / GRID.disk_radius_px)
    assert tally.model().correlation_length_deg == pytest.approx(expected_deg, rel=0.1)


def test_the_length_is_where_the_autocorrelation_crosses_1_over_e() -> None:
    assert correlation_length_px(np.array([1.0, 0.5, 0.5 - 2 * (0.5 - np.exp(-1))])) == 1.5
    assert correlation_length_px(np.array([1.0, 0.9, 0.8])) == 2


def test_a_model_without_error_or_a_disk_is_refused() -> None:
    with pytest.raises(ValueError, match="expected"):
        ErrorTally(GRID).model()
