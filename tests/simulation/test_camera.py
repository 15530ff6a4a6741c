import numpy as np
import pytest
from astropy.time import Time

from farside.grid import Grid
from farside.observer import Observer
from farside.simulation.camera import Detector, line_of_sight_field, look, sample
from farside.simulation.sphere import COLUMNS, LATITUDE_DEG, ROWS, STEP_DEG

TIME = Time("2024-06-01T00:00:00")
OBSERVER = Observer(70.0, 6.0, 1.44e11)
GRID = Grid(256, 112.5)


def test_a_uniform_radial_field_is_seen_as_mu() -> None:
    view = look(Detector.of_grid(GRID, OBSERVER), OBSERVER, TIME)
    seen = line_of_sight_field(np.full((ROWS, COLUMNS), 100, np.float32), view)
    radius = GRID.radius_px() / GRID.disk_radius_px
    inside = radius < 0.98
    np.testing.assert_allclose(seen[inside], 100 * np.sqrt(1 - radius[inside] ** 2), atol=0.5)
    assert np.isnan(seen[radius > 1.01]).all()


def test_a_spot_under_the_spacecraft_is_at_the_disk_centre_whatever_the_roll() -> None:
    longitude = OBSERVER.carrington_longitude_deg(TIME)
    columns = (np.arange(COLUMNS) + 0.5) * STEP_DEG
    away = np.hypot((columns - longitude + 180) % 360 - 180, LATITUDE_DEG[:, None] - 6.0)
    spot = np.exp(-((away / 3) ** 2)).astype(np.float32)
    detector = Detector(512, 4.0, (250.0, 262.0), roll_deg=33.0)
    seen = line_of_sight_field(spot, look(detector, OBSERVER, TIME))
    weight = np.nan_to_num(seen)
    y, x = np.mgrid[:512, :512]
    assert (x * weight).sum() / weight.sum() == pytest.approx(250.0, abs=0.3)
    assert (y * weight).sum() / weight.sum() == pytest.approx(262.0, abs=0.3)


def test_the_northern_pole_stands_at_the_position_angle_of_the_roll() -> None:
    detector = Detector(512, 4.0, (255.5, 255.5), roll_deg=90.0)
    view = look(detector, OBSERVER, TIME)
    latitude = sample(np.broadcast_to(LATITUDE_DEG[:, None], (ROWS, COLUMNS)).copy(), view)
    latitude[~view.on_disk] = np.nan
    y, x = np.unravel_index(np.nanargmax(latitude), latitude.shape)
    # CROTA2 = 90: x_world = -y_pixel, y_world = x_pixel, so that north is to the right.
    assert x > 450
    assert abs(y - 255.5) < 20
