import numpy as np
import pytest
from astropy.time import Time

from farside.grid import Grid
from farside.metrics import binned, correlation, persistence, pixels_per_degree, unsigned_flux_mx
from farside.observation import Origin
from farside.observer import SOLAR_RADIUS_M, Observer
from farside.registration import Disk

GRID = Grid(256, 112.5)
EARTH = Observer(0.0, 5.0, 1.5e11)


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
