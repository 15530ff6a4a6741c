"""The picture of a followed region, of any number of points."""

from dataclasses import replace

import astropy.units as u
import pytest

from farside.plots.tracking import MAX_CUTS, render, track_figure
from farside.quality import Quality
from farside.tracking.track import TrackedRegion, track_region
from tests.support.bipoles import LATITUDE, LONGITUDE, MODEL, TIME, disk

REGION = TrackedRegion("NOAA 1", LONGITUDE, LATITUDE, TIME)


@pytest.mark.parametrize("count", [1, 9, MAX_CUTS + 6])
def test_the_picture_is_drawn_of_one_point_and_of_more_than_it_shows(count: int) -> None:
    given = [disk(0, TIME + n * u.hour, f"{n}.fits") for n in range(count)]
    assert render(track_region(REGION, given)).startswith(b"\x89PNG")


def test_points_without_sigma_are_drawn() -> None:
    generated = disk(30, instrument="STEREO_A", generator=MODEL)
    assert render(track_region(REGION, [generated])).startswith(b"\x89PNG")


@pytest.mark.parametrize(("quality", "named"), [(Quality.SIMULATED_TRAINING, True), (0, False)])
def test_a_model_trained_on_a_simulated_sun_is_named_under_the_picture(
    quality: Quality, named: bool
) -> None:
    generated = disk(30, instrument="STEREO_A", generator=MODEL)
    figure = track_figure(track_region(REGION, [replace(generated, quality=Quality(quality))]))
    assert ("trained on a simulated Sun" in figure.get_supxlabel()) == named
