"""What a forecaster reads off the pictures of a map."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from farside.plots.synchronic import draw_map, map_figure
from farside.quality import Quality
from farside.sun.carrington_grid import CarringtonGrid
from farside.sun.observer import earth
from farside.synchronic.map import FluxBalance
from farside.synchronic.observers import observers
from tests.support.maps import BASE, HMI, TIME, stereo, synchronic

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
    shared = replace(MAP, generated=np.full(MAP.grid.shape, 0.24))
    observed, generated, base = legend(axes_of(map_figure(shared)))
    assert observed == f"observed {MAP.share('observed'):.0%}: HMI"
    leads = f"{MAP.share('generated'):.0%}"
    assert generated == f"generated {leads} (contributes 24%): STEREO_A"
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
    assert "STEREO_A: 2 h before, pix2pixcc 1, CC 0.71" in caption
    assert "NSO-GONG: 72 h before" in caption
    assert "-0.40 G" in caption


@pytest.mark.parametrize("sources", [(BASE,), (HMI, BASE), (HMI, stereo("A", 180))])
def test_maps_of_few_sources_are_drawn(sources: tuple) -> None:  # type: ignore[type-arg]
    assert draw_map(synchronic(*sources)).startswith(b"\x89PNG")


def test_the_caption_calls_balanced_only_what_was() -> None:
    left = replace(MAP, balance=FluxBalance(-0.4, -0.4))
    assert map_figure(MAP).get_supxlabel().endswith("G, balanced")
    assert map_figure(left).get_supxlabel().endswith("G, not balanced")


def test_a_long_caption_goes_on_in_another_line() -> None:
    made = synchronic(BASE, HMI, stereo("A", 120), stereo("B", -100))
    lines = map_figure(made).get_supxlabel().splitlines()
    assert len(lines) == 2
    assert max(map(len, lines)) < 150


def test_a_map_of_others_whose_net_field_is_negligible_is_called_balanced() -> None:
    even = replace(MAP, balance=FluxBalance(0.002, 0.002))
    assert map_figure(even).get_supxlabel().endswith("G: balanced")


def test_the_caveat_of_simulated_training_is_under_the_map() -> None:
    trained = replace(MAP, quality=Quality.SIMULATED_TRAINING)
    assert "trained on a simulated Sun" in map_figure(trained).get_supxlabel()
    assert "simulated Sun" not in map_figure(MAP).get_supxlabel()
