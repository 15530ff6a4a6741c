from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from farside.disk.registration import register
from farside.observation.image import read
from farside.simulation.grid import COARSE, FINE
from farside.simulation.instruments.camera import Detector
from farside.simulation.instruments.files import SimulatedSet, read_truth
from farside.simulation.instruments.registered import InstrumentSuite, noise_gauss, render_view
from farside.simulation.scene import stereo
from farside.simulation.sun import SimulatedSun, Surface
from farside.sun.grid import Grid, Image
from farside.sun.observer import earth
from tests.support.once import once
from tests.support.simulated_sets import TIME

GRID = Grid(256, 112.5)


@pytest.fixture(scope="module")
def surface() -> Surface:
    return SimulatedSun(2).at(TIME, COARSE)


@pytest.mark.parametrize("instrument", ["SDO", "EUVI"])
def test_a_view_has_four_planes_in_quiet_suns_and_gauss_and_nothing_off_the_disk(
    surface: Surface, instrument: InstrumentSuite
) -> None:
    planes = render_view(surface, earth(TIME), instrument, GRID, np.random.default_rng(0))
    assert planes.shape == (4, 256, 256)
    assert planes.dtype == np.float32
    assert np.isfinite(planes).all()
    assert not planes[:, ~GRID.on_disk()].any()
    for plane in planes[:3]:
        assert 0.5 < np.median(plane[GRID.on_disk()]) < 2.5
    assert 100 < np.abs(planes[3]).max() < 3000


def test_the_same_random_numbers_give_the_same_view(surface: Surface) -> None:
    first, again, other = (
        render_view(surface, earth(TIME), "SDO", GRID, np.random.default_rng(k)) for k in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_hmi_noise_falls_with_the_area_of_the_pixel() -> None:
    native = Detector(400, 0.504, (199.5, 199.5))
    wide = Detector(400, 5.04, (199.5, 199.5))
    rng = np.random.default_rng(0)
    assert noise_gauss(native, rng).std() == pytest.approx(6.3, rel=0.02)
    assert noise_gauss(wide, rng).std() == pytest.approx(0.63, rel=0.02)


class Views(NamedTuple):
    """One Sun from Earth on two lattices, and from the spacecraft of `small`: (4, y, x) each."""

    coarse: Image
    fine: Image
    far: Image


def views_of(_folder: Path) -> Views:
    sun, rng = SimulatedSun(2), np.random.default_rng
    surface = sun.at(TIME, FINE)
    return Views(
        coarse=render_view(sun.at(TIME, COARSE), earth(TIME), "SDO", GRID, rng(0)),
        fine=render_view(surface, earth(TIME), "SDO", GRID, rng(0)),
        far=render_view(surface, stereo(TIME, 70.0), "EUVI", GRID, rng(0)),
    )


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> Views:
    return once(tmp_path_factory, "views", views_of)


def test_the_lattice_hardly_matters_to_the_light(views: Views) -> None:
    coarse, fine = views.coarse, views.fine
    inside = GRID.radius_px() < 0.9 * GRID.disk_radius_px
    for plane in range(3):
        logs = (np.log(np.maximum(view[plane][inside], 0.05)) for view in (coarse, fine))
        assert np.corrcoef(*logs)[0, 1] > 0.95
        assert np.median(coarse[plane][inside]) == pytest.approx(
            np.median(fine[plane][inside]), rel=0.05
        )


def test_the_files_show_what_is_seen_straight_on_the_grid(
    views: Views, small: SimulatedSet, from_earth: SimulatedSet
) -> None:
    inside = GRID.radius_px() < 0.9 * GRID.disk_radius_px
    far, front = views.far, views.fine
    paths = (*small.observations, *from_earth.references)
    for plane, path in zip((*far[:3], *front), paths, strict=True):
        image = register(read(path), GRID).image
        assert np.corrcoef(plane[inside], image[inside])[0, 1] > 0.9, path.name
    truth = read_truth(small.truth, GRID)
    assert np.corrcoef(far[3][inside], truth[inside])[0, 1] > 0.97
