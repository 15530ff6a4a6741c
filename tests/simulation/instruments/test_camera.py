from dataclasses import replace

import numpy as np
import pytest
from astropy.time import Time

from farside.simulation.emission.corona import corona_of
from farside.simulation.grid import COARSE, Lattice
from farside.simulation.instruments.camera import (
    Camera,
    Detector,
    ShellView,
    line_of_sight_field,
    sample,
    trace_shell,
)
from farside.simulation.sun import SimulatedSun
from farside.sun.angles import wrap_deg
from farside.sun.grid import Grid, Image
from farside.sun.heliographic import project
from farside.sun.observer import Observer

TIME = Time("2024-06-01T00:00:00")
OBSERVER = Observer(70.0, 6.0, 1.44e11)
GRID = Grid(256, 112.5)


def spot(longitude_deg: float, latitude_deg: float, lattice: Lattice = COARSE) -> Image:
    """A round spot on a map."""
    east = wrap_deg(lattice.longitude_deg - longitude_deg)
    away = np.hypot(east, lattice.latitude_deg[:, None] - latitude_deg)
    return np.asarray(np.exp(-((away / 3) ** 2)), dtype=np.float32)


def middle(image: Image) -> tuple[float, float]:
    """Centroid of a picture, (x, y) in pixels."""
    weight = np.nan_to_num(image)
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    return float((x * weight).sum() / weight.sum()), float((y * weight).sum() / weight.sum())


def test_a_uniform_radial_field_is_seen_as_mu() -> None:
    view = trace_shell(Detector.of_grid(GRID, OBSERVER), OBSERVER, TIME)
    seen = line_of_sight_field(np.full((COARSE.rows, COARSE.columns), 100, np.float32), view)
    radius = GRID.radius_px() / GRID.disk_radius_px
    inside = radius < 0.98
    np.testing.assert_allclose(seen[inside], 100 * np.sqrt(1 - radius[inside] ** 2), atol=0.5)
    assert np.isnan(seen[radius > 1.01]).all()


@pytest.mark.parametrize("lattice", [COARSE, Lattice(720)])
def test_a_spot_under_the_spacecraft_is_at_the_disk_centre_whatever_the_roll(
    lattice: Lattice,
) -> None:
    below = spot(OBSERVER.carrington_longitude_deg(TIME), 6.0, lattice)
    detector = Detector(512, 4.0, (250.0, 262.0), roll_deg=33.0)
    seen = line_of_sight_field(below, trace_shell(detector, OBSERVER, TIME))
    assert middle(seen) == pytest.approx((250.0, 262.0), abs=0.3)


def test_the_northern_pole_stands_at_the_position_angle_of_the_roll() -> None:
    view = trace_shell(Detector(512, 4.0, (255.5, 255.5), roll_deg=90.0), OBSERVER, TIME)
    latitude = np.where(view.on_disk, view.latitude_deg, np.nan)
    y, x = np.unravel_index(np.nanargmax(latitude), latitude.shape)
    # CROTA2 = 90: x_world = -y_pixel, y_world = x_pixel, so that north is to the right.
    assert x > 450
    assert abs(y - 255.5) < 20


def test_higher_structures_show_parallax() -> None:
    longitude = OBSERVER.carrington_longitude_deg(TIME) + 45.0
    detector = Detector.of_grid(GRID, OBSERVER)
    marked = spot(longitude, 0.0)
    seen = [middle(_lit(marked, trace_shell(detector, OBSERVER, TIME, r))) for r in (1.0, 1.06)]
    # From a point 6 % farther from the Sun's centre.
    nearer = replace(OBSERVER, distance_m=OBSERVER.distance_m / 1.06)
    expected = [
        np.array(project(np.array(longitude), np.array(0.0), observer, TIME)[:2])
        for observer in (OBSERVER, nearer)
    ]
    step = np.radians(detector.scale_arcsec / 3600)
    moved = (expected[1] - expected[0]) / step
    assert moved[0] > 4
    assert np.subtract(seen[1], seen[0]) == pytest.approx(moved, abs=0.4)


def _lit(field: Image, view: ShellView) -> Image:
    # Weighed by μ as an area is: the centroid of a tilted spot stays in its middle.
    return sample(field, view) * view.mu * (view.mu > 0)


def test_the_corona_shines_beyond_the_limb_and_fades() -> None:
    corona = corona_of(SimulatedSun(3).at(TIME, COARSE))
    wide = Grid(256, 90.0)
    image = Camera(Detector.of_grid(wide, OBSERVER), OBSERVER, TIME).euv(corona, "EUVI 171")
    radius = wide.radius_px() / wide.disk_radius_px
    rings = [image[np.abs(radius - r) < 0.015].mean() for r in (0.5, 1.0, 1.1, 1.2)]
    assert rings[1] > 1.2 * rings[0]
    assert rings[1] > 2 * rings[2] > 4 * rings[3] > 0
