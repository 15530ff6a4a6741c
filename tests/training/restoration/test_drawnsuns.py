"""Which drawings are scored: other Suns, the hands in turn, the same each time."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.time import Time

from farside.simulation.instruments.registered import BANDS
from farside.simulation.sun import SimulatedSun
from farside.sun.grid import Grid
from farside.sun.observer import earth
from training.data.campaign import FROM, UNTIL
from training.restoration.drawnsuns import DrawnSun, drawn_suns, has_spots, quiet_sun

GRID = Grid(64, 28.125)
ON_DISK = GRID.on_disk()


@pytest.fixture(scope="module")
def suns() -> list[DrawnSun]:
    return list(drawn_suns(4, 2, GRID))


def test_the_hands_take_turns(suns: list[DrawnSun]) -> None:
    assert [sun.hand for sun in suns] == ["projection", "amateur"]


def test_all_is_of_one_view_from_earth_in_the_trained_cycles(suns: list[DrawnSun]) -> None:
    for sun in suns:
        assert Time(FROM) <= sun.view.time <= Time(UNTIL)
        assert sun.view.observer == earth(sun.view.time)
        assert sun.other.time == sun.drawing.time
        images = [sun.drawing.given[0].image, sun.truth.field, *sun.truth.brightness.values()]
        for image in images:
            np.testing.assert_array_equal(np.isfinite(image), ON_DISK)


def test_brightness_is_in_medians(suns: list[DrawnSun]) -> None:
    for image in suns[0].truth.brightness.values():
        assert np.median(image[ON_DISK]) == pytest.approx(1, rel=1e-4)


def test_the_other_drawing_is_of_another_sun_by_the_same_hand(suns: list[DrawnSun]) -> None:
    sun = suns[0]
    apart = sun.drawing.given[0].image - sun.other.given[0].image
    assert np.nanmax(np.abs(apart)) > 0.05
    assert sun.other.given[0].origin == sun.drawing.given[0].origin


def test_the_same_seed_gives_the_same_case(suns: list[DrawnSun]) -> None:
    again = next(drawn_suns(4, 2, GRID))
    np.testing.assert_array_equal(again.truth.field, suns[0].truth.field)
    np.testing.assert_array_equal(again.drawing.given[0].image, suns[0].drawing.given[0].image)


@pytest.mark.parametrize(
    ("seed", "day", "found"), [(3, "2008-12-01", False), (2, "2014-04-01", True)]
)
def test_a_disk_has_spots_or_not(seed: int, day: str, found: bool) -> None:
    time = Time(f"{day}T15:00:00")
    assert has_spots(SimulatedSun(seed), earth(time), time) is found


def test_a_quiet_sun_has_no_field_and_depends_on_the_distance_from_the_centre_alone() -> None:
    quiet = quiet_sun(GRID)
    assert not quiet.field[ON_DISK].any()
    assert list(quiet.brightness) == list(BANDS["SDO"])
    for image in quiet.brightness.values():
        for turned in (image[::-1], image.T):
            np.testing.assert_array_equal(turned, image)
        assert np.median(image[ON_DISK]) == pytest.approx(1, abs=0.2)
