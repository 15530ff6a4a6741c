"""Registration against pictures whose every pixel is known."""

import itertools

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from farside.disk.registration import grid_to_source, register
from farside.errors import DamagedImageError
from farside.io.wcs import disk_radius_arcsec
from farside.observation.image import Observation, read
from farside.sun.grid import Grid, Image
from tests.support.instrument_files import (
    Camera,
    Picture,
    aia_cards,
    euvi_cards,
    file_bytes,
    hmi_cards,
)

SPOTS = np.array([[0.5, 0.1], [-0.4, 0.45], [-0.2, -0.55], [0.35, -0.3]])
"""(x, y) in solar radii; no symmetry maps them onto each other."""

CAMERAS = [
    pytest.param(Camera(512, 200.3, 0.0), Grid(256, 112.5), id="shrinks"),
    pytest.param(Camera(512, 201.0, -7.7356, (-11.3, 24.6)), Grid(256, 112.5), id="EUVI-B roll"),
    pytest.param(Camera(512, 214.7, 179.93, (4.2, -6.9)), Grid(256, 112.5), id="HMI roll"),
    pytest.param(Camera(512, 214.7, 91.0, (4.2, -6.9)), Grid(255, 100.0), id="quarter turn"),
    pytest.param(Camera(512, 150.0, 5.1, (10.5, 50.5)), Grid(1024, 450.0), id="beacon grows"),
    pytest.param(Camera(1024, 405.3, 0.02), Grid(1024, 450.0), id="synoptic grows a little"),
]


def observation_of(camera: Camera, pixels: Image) -> Observation:
    """An image of AIA 94, of which nothing is expected that a Sun would have to show."""
    return read(file_bytes(aia_cards(camera, WAVELNTH=94), pixels))


def observed(camera: Camera, picture: Picture) -> Observation:
    return observation_of(camera, camera.sees(picture).astype(np.float32))


def seen(grid: Grid, picture: Picture) -> NDArray[np.float64]:
    """`picture` as a perfect instrument would register it, by 4 by 4 samples a pixel."""
    offsets = (np.arange(4) - 1.5) / 4
    samples = (
        Camera(grid.size_px, grid.disk_radius_px, 0.0, (x, y)).sees(picture)
        for x, y in itertools.product(offsets, offsets)
    )
    return np.asarray(sum(samples) / 16, np.float64)


def spots(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(sum(np.exp(-((x - a) ** 2 + (y - b) ** 2) / 0.002) for a, b in SPOTS))


def smooth(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(40 * np.sin(5 * x + 1) * np.cos(4 * y) + 25 * x - 10 * y * y)


def centroids_px(image: Image, grid: Grid) -> NDArray[np.complex128]:
    """Where the spots lie, from the Sun's centre, as x + iy in pixels."""
    offset = np.arange(grid.size_px) - grid.centre_px
    found = []
    for x, y in SPOTS * grid.disk_radius_px:
        near = (offset - x) ** 2 + (offset[:, None] - y) ** 2 < (0.15 * grid.disk_radius_px) ** 2
        weight = np.where(near, image, 0.0)
        x_mean = (weight * offset).sum() / weight.sum()
        y_mean = (weight * offset[:, None]).sum() / weight.sum()
        found.append(complex(x_mean, y_mean))
    return np.array(found)


@pytest.mark.parametrize(("camera", "grid"), CAMERAS)
def test_centre_radius_and_roll_are_those_of_the_grid(camera: Camera, grid: Grid) -> None:
    found = centroids_px(register(observed(camera, spots), grid).image, grid)
    true = (SPOTS @ [1, 1j]) * grid.disk_radius_px
    scale_and_roll, centre = np.linalg.lstsq(
        np.column_stack([true, np.ones(4)]), found, rcond=None
    )[0]
    assert abs(centre) < 0.05
    assert abs(scale_and_roll) == pytest.approx(1, abs=1e-3)
    assert np.degrees(np.angle(scale_and_roll)) == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize(("camera", "grid"), CAMERAS)
def test_smooth_field_is_reproduced_within_one_percent_of_its_span(
    camera: Camera, grid: Grid
) -> None:
    image = register(observed(camera, smooth), grid).image
    true = seen(grid, smooth)
    on_disk = grid.on_disk()
    assert np.abs(image - true)[on_disk].max() < 0.01 * np.ptp(true[on_disk])


@pytest.mark.parametrize(("camera", "grid"), CAMERAS)
def test_every_pixel_inside_the_mask_has_a_value_and_none_outside(
    camera: Camera, grid: Grid
) -> None:
    image = register(observed(camera, smooth), grid).image
    assert image.dtype == np.float32
    assert image.shape == (grid.size_px, grid.size_px)
    np.testing.assert_array_equal(np.isfinite(image), grid.on_disk())


@given(roll_deg=st.floats(-180, 180), x=st.floats(-8, 8), y=st.floats(-8, 8))
@settings(max_examples=25)
def test_registered_picture_does_not_depend_on_roll_and_offset(
    roll_deg: float, x: float, y: float
) -> None:
    grid = Grid(128, 56.0)
    upright = register(observed(Camera(256, 110.0), smooth), grid).image
    turned = register(observed(Camera(256, 110.0, roll_deg, (x, y)), smooth), grid).image
    assert np.nanmax(np.abs(turned - upright)) < 0.01 * np.ptp(upright[grid.on_disk()])


def test_aligned_pixels_are_averaged_exactly() -> None:
    rng = np.random.default_rng(1)
    camera, grid = Camera(512, 200.0), Grid(128, 50.0)
    pixels = rng.normal(100, 30, (512, 512)).astype(np.float32)
    image = register(observation_of(camera, pixels), grid).image
    blocks = pixels.reshape(128, 4, 128, 4).mean(axis=(1, 3))
    on_disk = grid.on_disk()
    np.testing.assert_allclose(image[on_disk], blocks[on_disk], rtol=2e-6)


@pytest.mark.parametrize("roll_deg", [3.7, 179.93])
def test_block_means_of_noise_are_conserved_under_rotation(roll_deg: float) -> None:
    rng = np.random.default_rng(2)
    camera, grid = Camera(1024, 420.0, roll_deg), Grid(256, 112.5)
    noise = rng.normal(0, 100, (1024, 1024)).astype(np.float32)
    image = register(observation_of(camera, noise), grid).image
    block_px, half = 32, 420.0 / 112.5 * 16
    index = np.arange(1024) - camera.centre_px[0]
    (a, b), (c, d) = camera.rotation
    x, y = a * index + b * index[:, None], c * index + d * index[:, None]
    for row, column in ((96, 96), (112, 160), (160, 96)):
        mean = image[row : row + block_px, column : column + block_px].mean(dtype=np.float64)
        middle = (np.array([column, row]) + block_px / 2 - 0.5 - grid.centre_px) * 420.0 / 112.5
        inside = (np.abs(x - middle[0]) < half) & (np.abs(y - middle[1]) < half)
        # One standard error of such a mean is 0.84; only edge pixels may be counted differently.
        assert mean == pytest.approx(noise[inside].mean(dtype=np.float64), abs=0.3)


def test_stripes_finer_than_the_grid_do_not_alias() -> None:
    camera, grid = Camera(2048, 810.0, 10.0), Grid(128, 56.25)
    index = np.arange(2048, dtype=np.float32)
    stripes = np.broadcast_to(1000 * np.sin(index * np.float32(2 * np.pi / 14.0)), (2048, 2048))
    image = register(observation_of(camera, stripes.astype(np.float32)), grid).image
    # A pixel of 14.4 stripes' widths keeps 3 % of them; point sampling would keep 71 %.
    assert np.nanstd(image) < 0.04 * 1000


def test_growing_keeps_the_brightness_of_a_point_source() -> None:
    grid = Grid(1024, 450.0)
    image = register(observed(Camera(512, 150.0), spots), grid).image
    flux = np.nansum(image, dtype=np.float64) / grid.disk_radius_px**2
    assert flux == pytest.approx(4 * np.pi * 0.002, rel=2e-3)


def test_pixels_without_a_value_do_not_darken_their_neighbours() -> None:
    def flat_to_the_limb(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(np.hypot(x, y) < 0.999, np.where(y > 0, 100.0, -100.0) + 1e-4 * x, np.nan)

    camera, grid = Camera(512, 214.7, 179.93), Grid(128, 56.25)
    pixels = camera.sees(flat_to_the_limb).astype(np.float32)
    image = register(read(file_bytes(hmi_cards(camera), pixels)), grid).image
    inside = grid.on_disk().copy()
    inside[grid.size_px // 2 - 8 : grid.size_px // 2 + 8] = False  # where the sign changes
    np.testing.assert_allclose(np.abs(image[inside]), 100.0, rtol=1e-5)


def test_a_mask_wider_than_the_data_is_refused_by_count() -> None:
    def crop(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(np.hypot(x, y) < 1.0, 100.0 * x, np.nan)

    camera = Camera(512, 200.0)
    pixels = camera.sees(crop).astype(np.float32)
    observation = read(file_bytes(hmi_cards(camera), pixels))
    with pytest.raises(DamagedImageError, match=r"of .* pixels on the disk have no value"):
        register(observation, Grid(256, 100.0, mask_radius=1.1))


@pytest.mark.parametrize("cards", [euvi_cards, aia_cards, hmi_cards])
def test_grid_positions_agree_with_sunpy_coordinates(cards: type) -> None:
    camera = Camera(256, 100.0, 12.5, (-6.0, 9.0), distance_m=1.4774e11)
    pixels = camera.sees(lambda x, y: 700 + np.where(np.hypot(x, y) < 1, 900 + 100 * x, 0))
    if cards is hmi_cards:
        pixels -= 1600.0
    observation = read(file_bytes(cards(camera), pixels.astype(np.float32)))
    grid = Grid(128, 56.0)
    distance_m = observation.origin.observer.distance_m
    to_source, ratio = grid_to_source(observation.pointing, grid, distance_m)
    index = np.array([[20.0, 100.0, 63.5], [90.0, 31.0, 63.5]])
    angle = (index - grid.centre_px) * disk_radius_arcsec(distance_m) / grid.disk_radius_px
    where = SkyCoord(*(angle * u.arcsec), frame=observation.to_map().coordinate_frame)
    expected = observation.to_map().wcs.world_to_pixel(where)
    found = to_source @ np.vstack([index, np.ones(3)])
    np.testing.assert_allclose(found, expected, atol=0.005)
    assert ratio == pytest.approx(100.0 / 56.0)
