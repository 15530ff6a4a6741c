"""Cut-outs against bipoles of known flux."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farside.errors import ImplausibleGeometryError
from farside.sun.carrington_grid import CarringtonGrid
from farside.sun.grid import Grid
from farside.sun.observer import SOLAR_RADIUS_M
from farside.tracking.cutout import CutOut, CutoutFrame, cut, cut_map
from tests.support.bipoles import GRID, LATITUDE, LONGITUDE, bipole, image_of, pole_flux_mx, view_of

FRAME = CutoutFrame(LONGITUDE, LATITUDE)


def seen_at(meridian_deg: float, frame: CutoutFrame = FRAME, grid: Grid = GRID) -> CutOut:
    view = view_of(meridian_deg)
    return cut(image_of(view, grid), grid, view, frame)


@pytest.mark.parametrize("meridian_deg", [-55.0, -30.0, 0.0, 20.0, 45.0, 58.0])
def test_a_bipole_has_its_flux_from_every_side(meridian_deg: float) -> None:
    found = seen_at(meridian_deg)
    assert found.unsigned_flux_mx() == pytest.approx(2 * pole_flux_mx(), rel=0.01)
    assert abs(found.net_flux_mx()) < 0.005 * pole_flux_mx()


@pytest.mark.parametrize("cell_deg", [0.1, 0.25, 1.0, 2.0])
def test_the_flux_of_a_pole_does_not_depend_on_the_cells(cell_deg: float) -> None:
    half = CutoutFrame(LONGITUDE + 4, LATITUDE, size_deg=8, cell_deg=cell_deg)
    assert seen_at(30, half).net_flux_mx() == pytest.approx(pole_flux_mx(), rel=0.01)


def test_a_fine_disk_is_averaged_and_not_sampled() -> None:
    grid = Grid(512, 225)
    noise = np.random.default_rng(0).normal(0, 10, (512, 512)).astype(np.float32)
    found = cut(noise, grid, view_of(0), CutoutFrame(LONGITUDE, LATITUDE, cell_deg=2.0))
    pixels = (2.0 * np.radians(1) * 225) ** 2
    assert found.field_gauss.std() == pytest.approx(10 / np.sqrt(pixels), rel=0.25)


def test_the_positive_pole_lies_west_and_north_is_up() -> None:
    field = seen_at(30, CutoutFrame(LONGITUDE, LATITUDE - 3)).field_gauss
    row, column = np.unravel_index(np.argmax(field), field.shape)
    assert column > 20 > np.argmin(field) % 40
    assert row > 20


def test_cells_share_the_area_of_the_frame() -> None:
    frame = CutoutFrame(10.0, 50.0, size_deg=10, cell_deg=0.5)
    south, north = np.sin(np.radians([45.0, 55.0]))
    width = np.radians(10 / np.cos(np.radians(50)))
    expected = width * (north - south) * (100 * SOLAR_RADIUS_M) ** 2
    assert frame.cell_cm2 * frame.side**2 == pytest.approx(expected)


def test_what_lies_behind_the_limb_is_not_seen() -> None:
    found = seen_at(85)
    assert 0 < found.area_cm2 < 0.8 * seen_at(0).area_cm2
    assert np.isnan(found.field_gauss[found.seen == 0]).all()
    assert seen_at(180).area_cm2 == 0


def test_pixels_without_a_value_leave_a_gap_and_no_zero() -> None:
    view = view_of(0)
    image = image_of(view)
    image[:, : GRID.size_px // 2] = np.nan
    found = cut(image, GRID, view, FRAME)
    assert found.area_cm2 == pytest.approx(seen_at(0).area_cm2 / 2, rel=0.05)


def test_the_error_of_the_radial_field_grows_by_the_slant() -> None:
    view = view_of(50)
    found = cut(image_of(view), GRID, view, FRAME, np.full((256, 256), 10, np.float32))
    assert np.allclose(found.sigma_gauss * found.mu, 10, rtol=0.02)


@settings(max_examples=20)
@given(st.floats(0, 360), st.floats(-60, 60), st.sampled_from(["sine", "uniform"]))
def test_a_map_gives_the_same_field_as_the_surface(
    longitude: float, latitude: float, rows: str
) -> None:
    grid = CarringtonGrid(720, 360, rows)  # type: ignore[arg-type]
    lon, lat = np.meshgrid(grid.longitude_deg, grid.latitude_deg)
    # Smooth, and without a seam at longitude 0.
    field = 50 * np.cos(np.radians(2 * lon)) * np.cos(np.radians(lat))
    frame = CutoutFrame(longitude, latitude, cell_deg=1.0)
    lon, lat = frame.points(1)
    expected = 50 * np.cos(np.radians(2 * lon)) * np.cos(np.radians(lat))
    assert np.allclose(cut_map(field, grid, frame), expected, atol=1.0)


def test_a_map_keeps_the_flux_of_a_bipole() -> None:
    grid = CarringtonGrid(720, 360)
    field = bipole(*np.meshgrid(grid.longitude_deg, grid.latitude_deg))
    flux = np.abs(cut_map(field, grid, FRAME)).sum() * FRAME.cell_cm2
    assert flux == pytest.approx(2 * pole_flux_mx(), rel=0.01)


@pytest.mark.parametrize(
    ("latitude", "size", "cell", "wanted"),
    [(85, 20, 0.5, "pole"), (0, 20, 0, "larger than 0"), (0, 1, 2, "larger than its cells")],
)
def test_a_frame_that_cannot_be_says_what_is_wanted(
    latitude: float, size: float, cell: float, wanted: str
) -> None:
    with pytest.raises(ImplausibleGeometryError, match=wanted):
        CutoutFrame(0.0, latitude, size, cell)
