import numpy as np
import pytest

from farside.denoising.noise import (
    box,
    core_width_gauss,
    measure,
    network_power,
    noise_of,
    pixel_mm,
    strong_flux,
)
from farside.errors import DamagedImageError, UnsupportedImageError
from farside.observation.image import read
from farside.sun.grid import Image
from farside.sun.observer import ASTRONOMICAL_UNIT_M
from tests.support.instrument_files import Camera, aia_cards, file_bytes, hmi_cards, integers

MM = 0.366


def gaussian(sigma: float, side: int = 256, seed: int = 0) -> Image:
    return np.random.default_rng(seed).normal(0, sigma, (side, side)).astype(np.float32)


def wave(wavelength_mm: float, side: int = 256, height: float = 10.0) -> Image:
    x = np.arange(side) * MM
    line = height * np.sin(2 * np.pi * x / wavelength_mm)
    return np.repeat(line[None, :], side, axis=0).astype(np.float32)


@pytest.mark.parametrize("sigma", [1.0, 9.1, 14.0])
def test_noise_of_a_known_width_is_measured_to_three_per_cent(sigma: float) -> None:
    found = [core_width_gauss(gaussian(sigma, seed=seed)) for seed in range(5)]
    assert found == pytest.approx([sigma] * 5, rel=0.03)


def test_strong_fields_in_the_wings_have_no_influence() -> None:
    field = gaussian(9.1)
    field[:20] += 300.0
    field[20:30] -= 800.0
    assert core_width_gauss(field) == pytest.approx(9.1, rel=0.03)
    assert field.std() > 100


def test_the_middle_of_the_core_need_not_be_zero() -> None:
    assert core_width_gauss(gaussian(5.0) + np.float32(12.0)) == pytest.approx(5.0, rel=0.03)


def test_a_constant_has_no_noise() -> None:
    assert core_width_gauss(np.full((64, 64), 3.0, np.float32)) == 0.0


def test_too_few_values_are_refused() -> None:
    field = np.full((64, 64), np.nan, np.float32)
    field[:10, :10] = 1.0
    with pytest.raises(DamagedImageError, match="100 pixels have a value, expected 1000"):
        core_width_gauss(field)


def noisy_disk(camera: Camera) -> Image:
    """Noise of 4 G at disk centre, 8 G beyond 0.7 radii, NaN off the disk."""
    distance = camera.sees(np.hypot)
    sigma = np.where(distance < 0.7, 4.0, 8.0)
    field = sigma * np.random.default_rng(3).standard_normal(distance.shape)
    return np.where(distance < 1, field, np.nan).astype(np.float32)


def test_centre_and_limb_are_measured_apart() -> None:
    camera = Camera(1024, 450.0, offset_px=(12.0, -7.0))
    x, y = camera.centre_px
    found = measure(noisy_disk(camera), (float(x), float(y)), 450.0)
    assert found.centre_gauss == pytest.approx(4.0, rel=0.05)
    assert found.limb_gauss == pytest.approx(8.0, rel=0.05)


def test_a_file_is_measured_where_its_header_has_the_disk() -> None:
    camera = Camera(1024, 450.0, roll_deg=179.9, offset_px=(-20.0, 15.0))
    counts, cards = integers(noisy_disk(camera), 0.1)
    found = noise_of(read(file_bytes(hmi_cards(camera, **cards), counts, rice=True)))
    assert found.centre_gauss == pytest.approx(4.0, rel=0.05)
    assert found.limb_gauss == pytest.approx(8.0, rel=0.05)


def test_an_intensity_image_is_refused() -> None:
    camera = Camera()
    light = camera.sees(lambda x, y: np.where(np.hypot(x, y) < 1, 100 + 50 * x, 0))
    data = file_bytes(aia_cards(camera), light.astype(np.int16))
    with pytest.raises(UnsupportedImageError, match=r"AIA 171 2011-02-15.*expected a magnetogram"):
        noise_of(read(data))


def test_a_box_ends_where_the_image_does() -> None:
    image = np.arange(100.0, dtype=np.float32).reshape(10, 10)
    np.testing.assert_array_equal(box(image, (1.0, 4.0), 4.0), image[2:6, :3])


def test_an_unchanged_image_keeps_all_power() -> None:
    truth = gaussian(50.0)
    kept = network_power(truth, truth, MM)
    assert kept.power == pytest.approx(1.0)
    assert kept.coherent == pytest.approx(1.0)


def test_half_the_amplitude_is_a_quarter_of_the_power() -> None:
    truth = wave(12.0)
    kept = network_power(truth * np.float32(0.5), truth, MM)
    assert kept.power == pytest.approx(0.25)
    assert kept.coherent == pytest.approx(0.5)


def test_only_the_scales_of_the_network_count() -> None:
    truth = wave(12.0)
    kept = network_power(truth + wave(1.5, height=30.0), truth, MM)
    assert kept.power == pytest.approx(1.0, abs=0.01)


def test_noise_that_is_left_is_power_but_not_coherent() -> None:
    truth = wave(12.0)
    kept = network_power(truth + gaussian(60.0), truth, MM)
    assert kept.power > 1.03
    assert kept.coherent == pytest.approx(1.0, abs=0.025)


def test_images_that_do_not_resolve_the_network_are_refused() -> None:
    with pytest.raises(ValueError, match="5 to 30 Mm"):
        network_power(gaussian(1.0, 16), gaussian(1.0, 16), 50.0)
    with pytest.raises(ValueError, match="one shape"):
        network_power(gaussian(1.0, 16), gaussian(1.0, 32), MM)


def test_strong_flux_is_compared_where_the_truth_is_strong() -> None:
    truth = np.array([[500.0, -1000.0, 10.0, np.nan, 300.0]], np.float32)
    image = np.array([[490.0, -980.0, 90.0, 700.0, np.nan]], np.float32)
    found = strong_flux(image, truth)
    assert found.slope == pytest.approx(0.98)
    assert found.unsigned == pytest.approx(0.98)


def test_without_strong_flux_there_is_nothing_to_compare() -> None:
    with pytest.raises(ValueError, match="200 G or more"):
        strong_flux(gaussian(9.0), np.zeros((256, 256), np.float32))


def test_a_pixel_of_hmi_is_some_366_km() -> None:
    assert pixel_mm(0.504, ASTRONOMICAL_UNIT_M) == pytest.approx(0.364, abs=0.002)
