"""Region lists of Stanford, read strictly."""

import numpy as np
import pytest

from farside.errors import ImplausibleGeometryError, InputError, RegionListError
from farside.seismology.regions import (
    FarSideRegions,
    at_least,
    cosine_to,
    is_region_list,
    read_region_list,
)

LIST = """                         2012-01-01.5
        Far-Side Vantage:  CLon = {vantage}, Lat =   3.0

Designation        Centroid       Strength    ETA at        Days from
              Longitude  Latitude             East Limb     East Limb
              (degree)   (degree)            (yyyy-mm-dd.d)

FS-2011-052   306.4       24.2       828      2012-01-07.4    6.4
FS-2011-053   280.0      -11.5      1400      2012-01-05.4    4.4
"""
NONE = """  2011-01-01.0
   Far-Side Vantage:  CLon =  75.4, Lat =   3.0

No Strong Active Regions (SARs) in the Sun's far hemisphere at this time.
"""


def listed(text: str = LIST, vantage: str = "291.2") -> FarSideRegions:
    return read_region_list(text.format(vantage=vantage).encode(), "AR_LIST.txt")


def test_regions_have_place_and_strength_the_strongest_first() -> None:
    found = listed()
    assert found.time.isot == "2012-01-01T12:00:00.000"
    first, second = found.regions
    assert (first.name, first.longitude_deg, first.latitude_deg) == ("FS-2011-053", 280.0, -11.5)
    assert (first.size, second.size, found.unit) == (1400, 828, "µHem rad")
    assert at_least(found, 1000).regions == (first,)


def test_what_it_covers_is_the_far_side() -> None:
    found = listed()
    cosine = cosine_to(291.2, 3.0)
    assert found.covered[cosine > 0.3].all()
    assert not found.covered[cosine < 0.2].any()


def test_a_list_may_say_that_there_is_none() -> None:
    assert listed(NONE).regions == ()
    assert is_region_list(NONE.encode())
    assert not is_region_list(b"SIMPLE  =" + bytes(300))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\x00\xff",
        LIST.replace("Vantage", "Advantage"),
        LIST.replace("2012-01-01.5", "2012-13-01.5"),
        LIST.replace("828", "many"),
        LIST.replace("FS-2011-052 ", "FS-2011-52"),
        LIST + "<script>\n",
        LIST + 200 * "FS-2011-053   280.0      -11.5      1400      2012-01-05.4    4.4\n",
        LIST + 70_000 * " ",
    ],
)
def test_anything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(RegionListError, match=r"AR_LIST\.txt: "):
        listed(text)


@pytest.mark.parametrize("vantage", ["111.2", "285.0"])
def test_a_vantage_point_that_is_not_opposite_earth_is_refused(vantage: str) -> None:
    with pytest.raises(ImplausibleGeometryError, match="opposite Earth"):
        listed(vantage=vantage)


def test_a_place_that_is_not_on_the_sun_is_refused() -> None:
    with pytest.raises(ImplausibleGeometryError, match="FS-2011-052"):
        listed(LIST.replace("306.4", "400.0"))


def test_cut_and_altered_lists_give_no_other_error() -> None:
    data, rng = LIST.format(vantage="291.2").encode(), np.random.default_rng(0)
    for _ in range(200):
        altered = bytearray(data[: rng.integers(len(data))])
        if altered:
            altered[rng.integers(len(altered))] = rng.integers(256)
        try:
            read_region_list(bytes(altered))
        except InputError:
            continue
