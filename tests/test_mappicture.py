"""What a forecaster reads off the pictures of a map."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from farside.carrington import CarringtonGrid
from farside.mappicture import (
    INWARD,
    OUTWARD,
    CoronalOverlay,
    corona_figure,
    draw,
    draw_corona,
    map_figure,
    observers,
)
from farside.observer import earth
from farside.quality import Quality
from tests.maps import BASE, HMI, TIME, stereo, synchronic

MAP = synchronic(BASE, HMI, stereo("A", 120), quality=Quality.BEACON | Quality.BASE_STALE)


def axes_of(figure: Figure) -> Axes:
    return figure.axes[0]


def legend(axes: Axes) -> list[str]:
    found = axes.get_legend()
    assert found
    return [text.get_text() for text in found.get_texts()]


def height(grid: CarringtonGrid, latitude: str) -> float:
    axes = axes_of(map_figure(synchronic(BASE, HMI, grid=grid)))
    ticks = {label.get_text(): label.get_position()[1] for label in axes.get_yticklabels()}
    low, high = axes.get_ylim()
    return float((ticks[latitude] - low) / (high - low))


def test_latitudes_stand_where_the_rows_are() -> None:
    assert height(CarringtonGrid(72, 36, "sine"), "30") == pytest.approx(0.75)
    assert height(CarringtonGrid(72, 36, "uniform"), "30") == pytest.approx(2 / 3)


def test_the_field_is_drawn_at_100_gauss_north_up_by_carrington_longitude() -> None:
    (image,) = axes_of(map_figure(MAP)).images
    assert image.get_clim() == (-100, 100)
    assert image.origin == "lower"
    assert tuple(image.get_extent())[:2] == (0, 360)


def test_the_legend_says_how_much_is_observed_generated_and_base() -> None:
    observed, generated, base = legend(axes_of(map_figure(MAP)))
    assert observed == f"observed {MAP.share('observed'):.0%}: HMI"
    assert generated == f"generated {MAP.share('generated'):.0%}: STEREO_A"
    assert base == f"base {MAP.share('base'):.0%}: NSO-GONG"


def test_a_kind_that_the_map_lacks_is_not_in_the_legend() -> None:
    assert len(legend(axes_of(map_figure(synchronic(BASE, HMI))))) == 2


def test_observers_stand_at_their_carrington_longitude() -> None:
    made = synchronic(BASE, HMI, stereo("A", 120), stereo("B", -100))
    found = observers(made)
    assert list(found) == ["Earth", "STEREO-A", "STEREO-B"]
    here = earth(TIME).carrington_longitude_deg(TIME)
    axes = axes_of(map_figure(made))
    places = {text.get_text(): text.xy[0] for text in axes.texts}  # type: ignore[attr-defined]
    assert places["Earth"] == pytest.approx(here)
    assert places["STEREO-A"] == pytest.approx((here + 120) % 360, abs=0.1)
    assert places["STEREO-B"] == pytest.approx((here - 100) % 360, abs=0.1)


def test_names_of_observers_side_by_side_do_not_meet() -> None:
    axes = axes_of(map_figure(synchronic(BASE, HMI, stereo("A", 8))))
    first, second = (text.xyann[1] for text in axes.texts)  # type: ignore[attr-defined]
    assert abs(first - second) >= 10


def test_title_and_caption_say_time_quality_age_and_score() -> None:
    figure = map_figure(MAP)
    title, caption = figure.get_suptitle(), figure.get_supxlabel()
    assert "2024-06-01T00:00 UT" in title
    assert "quality: beacon, base stale" in title
    assert "STEREO_A: 2.0 h before, pix2pixcc 1, CC 0.71" in caption
    assert "NSO-GONG: 3.0 d before" in caption
    assert "-0.40 G" in caption


@pytest.mark.parametrize("sources", [(BASE,), (HMI, BASE), (HMI, stereo("A", 180))])
def test_maps_of_few_sources_are_drawn(sources: tuple) -> None:  # type: ignore[type-arg]
    assert draw(synchronic(*sources)).startswith(b"\x89PNG")


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
    assert legend(axes_of(corona_figure(MAP, overlay()))) == [
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
