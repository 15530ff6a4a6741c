from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farside.archive.naming import Name, disk_series, map_series
from tests.support.tiny_recipe import recipe

SLOT = datetime(2026, 2, 14, 6, tzinfo=UTC)


def test_a_series_is_named_by_model_version_and_spacecraft() -> None:
    published = recipe("aisfm", "3")
    assert disk_series(published, "STEREO_A") == "aisfm_v3_stereo_a"
    assert map_series(published) == "aisfm_v3_synchronic"


def test_a_product_lies_under_its_day() -> None:
    name = Name("aisfm_v3_stereo_a", SLOT, 2)
    assert name.path == Path("2026/02/14/aisfm_v3_stereo_a_20260214T060000_i2.fits")


@given(
    st.from_regex(r"[a-z0-9_]{1,30}", fullmatch=True),
    st.datetimes(datetime(2006, 10, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
    st.integers(1, 10**6),
)
def test_a_path_says_which_product_it_is(series: str, slot: datetime, issue: int) -> None:
    name = Name(series, slot.replace(microsecond=0), issue)
    assert Name.of_path(name.path) == name


@pytest.mark.parametrize(
    "path",
    [
        "2026/02/14/notes.fits",
        "2026/02/15/aisfm_v3_stereo_a_20260214T060000_i2.fits",  # the folder of another day
        "2026/02/14/aisfm_v3_stereo_a_20260214T060000_i0.fits",
        "2026/02/14/aisfm_v3_stereo_a_20260230T060000_i1.fits",
        "aisfm_v3_stereo_a_20260214T060000_i1.fits",
    ],
)
def test_other_files_are_no_products(path: str) -> None:
    assert Name.of_path(Path(path)) is None
