"""Disks on the map of the whole Sun: fields known everywhere, and poles of known flux."""

from collections.abc import Callable

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time
from numpy.typing import NDArray

from farside.sun.angles import wrap_deg
from farside.sun.carrington_grid import CarringtonGrid, Map
from farside.sun.grid import Grid
from farside.sun.heliographic import differential_rotation_deg_per_day, lines_of_sight, trace
from farside.sun.observer import SOLAR_RADIUS_M, Observer, View
from farside.synchronic.disk import MAP_GRID, MapDisk
from farside.synchronic.magnetographs import HMI
from farside.synchronic.project import (
    ProjectedDisk,
    project_disk,
)
from tests.support.bipoles import LATITUDE, LONGITUDE, MODEL, disk, pole_flux_mx

TIME = Time("2024-03-06T00:00:00.000", scale="utc")
EARTH = Observer(0.0, -7.2, 1.484e11)
ONE_DEGREE = CarringtonGrid()
SPHERE_CM2 = 4 * np.pi * (100 * SOLAR_RADIUS_M) ** 2

Pattern = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]


def disk_of(pattern: Pattern, grid: Grid = MAP_GRID) -> MapDisk:
    points = trace(*lines_of_sight(grid, EARTH), EARTH, TIME)
    field = pattern(points.longitude_deg, points.latitude_deg) * points.mu
    image = np.where(grid.on_disk(), field, np.nan).astype(np.float32)
    return MapDisk(image, grid, View(EARTH, TIME), "HMI")


def even(longitude: NDArray[np.float64], latitude: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(100 + 0 * longitude)


def waves(longitude: NDArray[np.float64], latitude: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(300 * np.cos(np.radians(3 * longitude)) * np.cos(np.radians(2 * latitude)))


def centre_of(part: ProjectedDisk, grid: CarringtonGrid, sign: int) -> tuple[float, float]:
    """Longitude and latitude of the middle of one polarity's flux."""
    weight = np.maximum(sign * part.field_gauss, 0) * grid.area
    weight /= weight.sum()
    east = wrap_deg(grid.longitude_deg - LONGITUDE)
    latitude = float((weight.sum(axis=1) * grid.latitude_deg).sum())
    return LONGITUDE + float((weight.sum(axis=0) * east).sum()), latitude


@pytest.mark.parametrize("grid", [Grid(256, 112.5), MAP_GRID])
@pytest.mark.parametrize("hours", [0, -6, 30])
def test_a_uniform_radial_field_is_uniform_wherever_it_is_seen(grid: Grid, hours: float) -> None:
    part = project_disk(disk_of(even, grid), ONE_DEGREE, TIME + hours * u.hour)
    np.testing.assert_allclose(part.field_gauss[part.seen], 100, rtol=0.02)
    assert not part.field_gauss[~part.seen].any()
    assert part.seen.mean() == pytest.approx(0.45, abs=0.01)
    assert np.isfinite(part.sigma_gauss).all()


@pytest.mark.parametrize(
    "grid", [ONE_DEGREE, CarringtonGrid(latitude="uniform"), CarringtonGrid(180, 90)]
)
def test_each_cell_is_the_mean_of_its_area(grid: CarringtonGrid) -> None:
    part = project_disk(disk_of(waves), grid, TIME)
    lon, lat = np.meshgrid(grid.longitude_deg, grid.latitude_deg)
    low = (part.mu > 0.2) & (np.abs(lat) < 70)
    np.testing.assert_allclose(part.field_gauss[low], waves(lon, lat)[low], rtol=0, atol=1.5)


@pytest.mark.parametrize("meridian_deg", [0.0, 45.0])
def test_the_flux_of_a_pole_is_all_there(meridian_deg: float) -> None:
    part = project_disk(disk(meridian_deg), ONE_DEGREE, disk(meridian_deg).view.time)
    for sign in (1, -1):
        flux = float((np.maximum(sign * part.field_gauss, 0) * ONE_DEGREE.area).sum()) * SPHERE_CM2
        assert flux == pytest.approx(pole_flux_mx(), rel=0.02)


@pytest.mark.parametrize("hours", [0.0, 6.0, -6.0, 48.0])
def test_a_pole_lands_where_differential_rotation_puts_it(hours: float) -> None:
    seen = disk(10.0)
    part = project_disk(seen, ONE_DEGREE, seen.view.time + hours * u.hour)
    drift = float(differential_rotation_deg_per_day(np.array(LATITUDE))) * hours / 24
    for sign, offset in ((1, 4.0), (-1, -4.0)):
        longitude, latitude = centre_of(part, ONE_DEGREE, sign)
        assert longitude == pytest.approx(LONGITUDE + offset + drift, abs=0.1)
        assert latitude == pytest.approx(LATITUDE, abs=0.1)


def noisy() -> MapDisk:
    """HMI's noise, averaged over the pixels of the registered disk."""
    radius_arcsec = np.degrees(np.arcsin(SOLAR_RADIUS_M / EARTH.distance_m)) * 3600
    sigma = HMI.noise_gauss * HMI.pixel_arcsec / (radius_arcsec / MAP_GRID.disk_radius_px)
    noise = np.random.default_rng(0).normal(0, sigma, (MAP_GRID.size_px,) * 2)
    image = np.where(MAP_GRID.on_disk(), noise, np.nan).astype(np.float32)
    return MapDisk(image, MAP_GRID, View(EARTH, TIME), "HMI")


def test_noise_falls_with_the_pixels_that_a_cell_has_and_sigma_says_so() -> None:
    part = project_disk(noisy(), ONE_DEGREE, TIME)
    for low, high in ((0.95, 1.0), (0.5, 0.55)):
        ring = (part.mu > low) & (part.mu < high)
        rms = float(np.sqrt((part.field_gauss[ring] ** 2).mean()))
        assert rms == pytest.approx(float(part.sigma_gauss[ring].mean()), rel=0.3)
    assert rms < 0.7


def test_sigma_of_a_strong_field_grows_towards_the_limb() -> None:
    part = project_disk(disk_of(even), ONE_DEGREE, TIME)

    def mean_sigma(low: float, high: float) -> float:
        return float(part.sigma_gauss[(part.mu > low) & (part.mu < high)].mean())

    # tan θ tan 12° of 100 G at 45°.
    assert mean_sigma(0.69, 0.72) == pytest.approx(100 * np.tan(np.radians(12)), rel=0.1)
    assert mean_sigma(0.2, 0.25) > 3 * mean_sigma(0.69, 0.72)


def test_sigma_of_a_generated_disk_is_its_own_over_mu() -> None:
    grid = Grid(256, 112.5)
    sigma: Map = np.where(grid.on_disk(), 30.0, np.nan)
    made = MapDisk(
        disk_of(even, grid).image,
        grid,
        View(EARTH, TIME),
        "STEREO_A",
        sigma=sigma.astype(np.float32),
        generator=MODEL,
    )
    part = project_disk(made, ONE_DEGREE, TIME)
    inside = part.mu > 0.3
    np.testing.assert_allclose(part.sigma_gauss[inside], 30 / part.mu[inside], rtol=0.03)
