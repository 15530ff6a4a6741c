"""Regions in far-side magnetograms: place and flux."""

import numpy as np
import pytest
from astropy.time import Time

from farside.seismology.magnetic import regions_of_disks, regions_of_map
from farside.seismology.regions import GRID
from farside.sun.angles import wrap_deg
from farside.sun.grid import Grid
from farside.sun.heliographic import lines_of_sight, trace
from farside.sun.observer import Observer, View
from farside.synchronic.disk import MapDisk
from farside.synchronic.emergence import SPHERE_CM2
from tests.support.synchronic_maps import GENERATOR, NOW, synchronic_map

DISK = Grid(256, 110.0)
TIME = Time("2024-06-01T00:00:00", scale="utc")


def disk_of(stonyhurst_deg: float, place: tuple[float, float]) -> MapDisk:
    """A bipole at a Carrington longitude and latitude, as a spacecraft sees it."""
    observer = Observer(stonyhurst_deg, 3.0, 1.45e11)
    points = trace(*lines_of_sight(DISK, observer), observer, TIME)
    image = np.zeros((256, 256))
    for sign in (-1, 1):
        east = wrap_deg(points.longitude_deg - place[0] - 2.5 * sign)
        north = points.latitude_deg - place[1]
        image += sign * 400 * np.exp(-(east**2 + north**2) / (2 * 1.8**2))
    seen = np.where(DISK.on_disk(), image * points.mu, np.nan).astype(np.float32)
    return MapDisk(seen, DISK, View(observer, TIME), "STEREO_A", generator=GENERATOR)


def test_a_region_in_two_disks_is_one_at_its_place_with_its_flux() -> None:
    here = Observer(0.0, 0.0, 1.5e11).carrington_longitude_deg(TIME)
    place = (here + 100) % 360, 12.0
    found, field = regions_of_disks([disk_of(70, place), disk_of(150, place)], TIME)
    (region,) = found.regions
    assert region.longitude_deg == pytest.approx(place[0], abs=0.7)
    assert region.latitude_deg == pytest.approx(place[1], abs=0.7)
    true_mx = 2 * 400 * 2 * np.pi * np.radians(1.8) ** 2 / (4 * np.pi) * SPHERE_CM2
    # Neighbouring polarities cancel where they overlap.
    assert region.size == pytest.approx(true_mx * np.cos(np.radians(12.0)) ** -1, rel=0.25)
    assert np.isnan(field).any()
    assert not regions_of_disks([disk_of(70, place)], TIME, 2 * region.size)[0].regions


def test_a_map_is_carried_to_the_time_and_covers_the_sun() -> None:
    found, field = regions_of_map(synchronic_map(), NOW)
    assert found.covered.all()
    assert np.isfinite(field).all()
    # Its spots at 40.5° and 50.5° are one region.
    assert any(40.5 < region.longitude_deg < 50.5 for region in found.regions)
    assert found.regions[0].size == max(region.size for region in found.regions)


def test_cells_that_no_disk_sees_are_not_covered() -> None:
    found, _ = regions_of_disks([disk_of(70, (0.0, 0.0))], TIME)
    assert 0.3 < float((found.covered * GRID.area).sum()) < 0.4
