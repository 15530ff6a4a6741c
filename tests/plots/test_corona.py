"""What a forecaster reads off the picture of a corona."""

import numpy as np
import pytest
from numpy.typing import NDArray

from farside.plots.corona import INWARD, OUTWARD, CoronalOverlay, corona_figure, draw_corona
from farside.quality import Quality
from farside.sun.carrington_grid import CarringtonGrid
from farside.sun.observer import earth
from tests.support.maps import BASE, HMI, TIME, stereo, synchronic

MAP = synchronic(BASE, HMI, stereo("A", 120), quality=Quality.BEACON)


def overlay(lines: tuple = ()) -> CoronalOverlay:  # type: ignore[type-arg]
    grid = CarringtonGrid(72, 36)
    polarity = np.zeros(grid.shape, np.int8)
    polarity[-4:], polarity[:4] = 1, -1
    surface = np.broadcast_to(np.sin(np.radians(grid.latitude_deg))[:, None], grid.shape)
    return CoronalOverlay(polarity, np.asarray(surface), grid, field_lines=lines)


def radial(longitude_deg: float, outermost: float = 2.5) -> np.ndarray:
    radius = np.linspace(1, outermost, 20)
    angle = np.radians(longitude_deg)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), 0 * radius], axis=1)


def test_open_field_and_neutral_line_are_named() -> None:
    found = corona_figure(MAP, overlay()).axes[0].get_legend()
    assert found
    assert [text.get_text() for text in found.get_texts()] == [
        "open field, away from the Sun",
        "open field, towards the Sun",
        "source-surface neutral line",
    ]


def test_open_lines_have_the_colour_of_the_source_surface_closed_ones_are_black() -> None:
    loop = np.array([[1, 0, 0], [1.5, 0.2, 0], [0.9, 0.436, 0]])
    # North of the equator the field of the source surface is outward.
    north, south = (radial(0) + np.array([0, 0, each]) for each in (0.3, -0.3))
    figure = corona_figure(MAP, overlay((north, south[::-1], loop)))
    assert [line.get_color() for line in figure.axes[-1].lines] == [OUTWARD, INWARD, "k"]


def test_a_line_west_of_earth_is_drawn_to_the_right_and_one_behind_the_sun_is_hidden() -> None:
    here = earth(TIME).carrington_longitude_deg(TIME)
    lines = radial(here + 90), radial(here + 180, 2.4)
    west, behind = corona_figure(MAP, overlay(lines)).axes[-1].lines
    assert np.asarray(west.get_xdata()).max() == pytest.approx(2.5, abs=0.01)
    assert np.isnan(np.asarray(behind.get_xdata(), float)).all()


def test_the_disk_beside_it_is_that_which_earth_sees() -> None:
    here = np.radians(earth(TIME).carrington_longitude_deg(TIME))
    (image,) = corona_figure(MAP, overlay((radial(0),))).axes[-1].images
    disk: NDArray[np.float64] = np.ma.filled(np.ma.asarray(image.get_array()), np.nan)
    assert np.isnan(disk[0, 0])
    assert disk[200, 200] == pytest.approx(80 * np.cos(here), abs=6)
    west = np.arcsin(340.5 / 200 - 1)
    assert disk[200, 340] == pytest.approx(80 * np.cos(here + west), abs=6)


def test_without_field_lines_there_is_one_panel() -> None:
    assert draw_corona(MAP, overlay()).startswith(b"\x89PNG")
    assert len(corona_figure(MAP, overlay()).axes) == 2  # the map and its colour bar
