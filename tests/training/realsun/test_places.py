"""Regions of a helioseismic list: which line is of a time, and what is near."""

from __future__ import annotations

from pathlib import Path

import pytest
from astropy.time import Time

from training.realsun.places import Place, SeismicRegion, seismic_regions

HEAD = "map_time,designation,lon_deg,lat_deg\n"


def test_the_regions_are_those_of_the_nearest_line(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        f"{HEAD}2012-01-01T00:00,FS-2012-001,10.0,20.0\n2012-01-01T12:00,FS-2012-001,11.0,20.0\n"
        "2012-01-01T12:00,FS-2012-002,90.0,-15.0\n2012-02-01T00:00,FS-2012-009,90.0,-15.0\n"
    )
    found = seismic_regions(path, Time("2012-01-01T08:00:00"))
    assert [each.designation for each in found] == ["FS-2012-001", "FS-2012-002"]
    assert found[0].longitude_deg == 11.0
    assert seismic_regions(path, Time("2012-01-15T00:00:00")) == []


def test_without_a_list_none_are_known(tmp_path: Path) -> None:
    assert seismic_regions(tmp_path / "list.csv", Time("2012-01-01T08:00:00")) == []


@pytest.mark.parametrize(
    ("longitude_deg", "latitude_deg", "near"), [(355, 20, True), (17, 20, True), (25, 20, False)]
)
def test_a_region_is_near_within_the_resolution_also_across_longitude_0(
    longitude_deg: float, latitude_deg: float, near: bool
) -> None:
    place = Place(longitude_deg, latitude_deg, 120.0, 1e22, 100.0)
    assert SeismicRegion("FS-2012-001", 3.0, 18.0).is_near(place) is near
