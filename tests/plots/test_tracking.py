"""The picture of a followed region, of any number of points."""

import astropy.units as u
import pytest

from farside.plots.tracking import MAX_CUTS, render
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
