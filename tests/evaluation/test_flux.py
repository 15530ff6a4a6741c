import numpy as np
import pytest
from astropy.time import Time

from farside.evaluation.flux import net_flux_mx, pixel_area_cm2, polar_field, unsigned_flux_mx
from farside.sun.heliographic import trace
from farside.sun.observer import SOLAR_RADIUS_M, Observer
from tests.support.fields import BOX, GRID, blob, noise, uniform

EARTH = Observer(0.0, 5.0, 1.5e11)
TIME = Time("2024-06-01T00:00:00")


def test_unsigned_flux_of_a_uniform_disk_is_field_times_area() -> None:
    image = np.where(GRID.on_disk(), -10, np.nan).astype(np.float32)
    area_cm2 = np.pi * (100 * SOLAR_RADIUS_M * GRID.mask_radius) ** 2
    assert unsigned_flux_mx(image, GRID) == pytest.approx(10 * area_cm2, rel=2e-3)


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
