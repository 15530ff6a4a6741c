"""What a reader sees of a region that emerged behind the limb."""

from dataclasses import replace

import astropy.units as u
import numpy as np
import pytest
from matplotlib.figure import Figure

from farside.plots.emergence import Moment, Place, around, draw_emergence, emergence_figure
from farside.quality import Quality
from farside.sun.carrington_grid import CarringtonGrid
from farside.sun.observer import earth
from tests.support.maps import BASE, HMI, TIME, stereo, synchronic

GRID = CarringtonGrid(72, 36)
HERE = earth(TIME).carrington_longitude_deg(TIME)
PLACE = Place((HERE + 115) % 360, 10.0)
WITHOUT = synchronic(BASE, HMI)
MADE = synchronic(BASE, HMI, stereo("A", 70), quality=Quality.SIMULATED_TRAINING)


def moment(days: float = 0.0) -> Moment:
    plane = np.zeros(GRID.shape)
    return Moment(TIME + days * u.day, PLACE, GRID, plane, plane + 50, plane - 50, "truth")


def figure(**update: object) -> Figure:
    made = replace(MADE, **update)  # type: ignore[arg-type]  # fields by name
    return emergence_figure(WITHOUT, made, [moment(), moment(14)])


def test_a_panel_shows_the_surroundings_of_the_place_also_across_longitude_0() -> None:
    spot = np.zeros(GRID.shape)
    row = int(np.abs(GRID.latitude_deg - 10).argmin())
    spot[row, 71] = 1
    part = around(spot, GRID, Place(1.0, 10.0))
    ((y, x),) = np.argwhere(part)
    assert (x - part.shape[1] / 2 + 0.5) * 5 == pytest.approx(-2.5)
    assert abs(y - part.shape[0] // 2) <= 1


def test_earth_is_in_the_middle_and_stereo_at_its_longitude() -> None:
    without, made, *_ = figure().axes
    assert [text.get_text() for text in without.texts] == ["Earth"]
    places = {text.get_text(): text.xy[0] for text in made.texts}  # type: ignore[attr-defined]
    assert places == pytest.approx({"Earth": 0, "STEREO-A": 70})
    (image,) = without.images
    field = np.asarray(image.get_array())
    # The field of the sample map is greatest at Carrington longitude 0.
    brightest = (field[18].argmax() + 0.5) * 5 - 180
    assert (brightest + HERE + 180) % 360 - 180 == pytest.approx(0, abs=5)


def test_the_panels_are_without_with_and_truth_now_and_on_return() -> None:
    found = figure()
    assert [axes.get_title() for axes in found.axes[2:]] == 2 * [
        "without",
        "with the far side",
        "truth",
    ]
    _, below = found.subfigs
    assert "carried forward 14 days" in below.subfigs[1].get_suptitle()
    assert "carried" not in below.subfigs[0].get_suptitle()


def test_the_caveat_is_on_pictures_of_models_trained_on_a_simulated_sun_only() -> None:
    assert "simulated Sun" in figure().get_supxlabel()
    assert figure(quality=Quality.GOOD).get_supxlabel() == ""


def test_it_is_a_picture() -> None:
    assert draw_emergence(WITHOUT, MADE, [moment()]).startswith(b"\x89PNG")
