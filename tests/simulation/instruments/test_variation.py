import numpy as np
import pytest
from astropy.time import Time

from farside.simulation.emission.corona import corona_of
from farside.simulation.emission.responses import RESPONSES, varied_response
from farside.simulation.grid import COARSE
from farside.simulation.instruments.exposure import TELESCOPES, varied_telescope
from farside.simulation.instruments.variation import Variation, random_variation, vary
from farside.simulation.sun import SimulatedSun
from farside.sun.grid import Grid, Image

GRID = Grid(128, 56.25)


@pytest.fixture
def picture() -> Image:
    light = np.random.default_rng(1).gamma(2.0, 1.0, (GRID.size_px, GRID.size_px))
    return np.where(GRID.on_disk(), light, 0).astype(np.float32)


def test_the_neutral_variation_gives_the_picture_back(picture: Image) -> None:
    assert random_variation(np.random.default_rng(3), GRID, strength=0) == Variation()
    np.testing.assert_array_equal(vary(picture, GRID, Variation()), picture)


def test_the_same_numbers_give_the_same_picture_and_others_another(picture: Image) -> None:
    one, same, other = (
        vary(picture, GRID, random_variation(rng, GRID), rng)
        for rng in map(np.random.default_rng, (3, 3, 4))
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("seed", range(20))
def test_every_variation_is_finite_and_leaves_the_sky_dark(picture: Image, seed: int) -> None:
    rng = np.random.default_rng(seed)
    seen = vary(picture, GRID, random_variation(rng, GRID, strength=2.0), rng)
    assert np.isfinite(seen).all()
    assert not seen[~GRID.on_disk()].any()
    assert seen[GRID.on_disk()].any()


def test_level_is_a_factor_and_a_gap_is_empty(picture: Image) -> None:
    seen = vary(picture, GRID, Variation(level=2.0, gaps=((0.5, 0.5, 0.125, 0.25),)))
    assert not seen[64:80, 64:96].any()
    np.testing.assert_allclose(seen[:64], 2 * picture[:64], rtol=1e-6)


def test_pointing_moves_what_is_on_the_disk() -> None:
    spot = np.zeros((GRID.size_px, GRID.size_px), np.float32)
    spot[60, 70] = 1
    moved = vary(spot, GRID, Variation(shift_px=(3.0, -2.0)))
    assert divmod(int(moved.argmax()), GRID.size_px) == (58, 73)


def test_haze_fills_what_was_dark_and_blur_keeps_the_light(picture: Image) -> None:
    dark = picture.copy()
    dark[50:78, 50:78] = 0
    assert vary(dark, GRID, Variation(haze=0.2, haze_radii=0.3))[64, 64] > 0.05
    blurred = vary(picture, GRID, Variation(blur_px=1.0))
    inner = GRID.radius_px() < 45
    assert blurred[inner].mean() == pytest.approx(float(picture[inner].mean()), rel=0.01)
    assert blurred[inner].std() < 0.6 * picture[inner].std()


@pytest.mark.parametrize("name", RESPONSES)
def test_without_variety_bands_answer_as_they_are_given(name: str) -> None:
    assert varied_response(name, 5, 0.0) == RESPONSES[name]
    assert varied_telescope(name, 5, 0.0) == TELESCOPES[name]
    drawn = varied_response(name, 5, 1.0)
    assert drawn == varied_response(name, 5, 1.0) != varied_response(name, 6, 1.0)
    assert 0 < drawn.hole < 1
    assert 0 < drawn.filament < 1
    assert 0 < varied_telescope(name, 5, 3.0).scattered <= 0.9


def test_a_sun_of_another_variety_has_the_same_field_and_another_light() -> None:
    time = Time("2014-06-01T00:00:00")
    usual, other = (SimulatedSun(4, variety=v).at(time, COARSE) for v in (0.0, 1.0))
    np.testing.assert_array_equal(usual.radial_field, other.radial_field)
    one, another = (corona_of(each).shells("AIA 304")[0].radiance for each in (usual, other))
    assert not np.allclose(one, another, rtol=0.02)
