"""The table of archives: names as the archives have them, and settings that are refused."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farside.errors import ArchiveSettingsError
from farside.fetch import load_archives

# Addresses that users of the archives have published.
ADDRESSES = [
    ("euvi-a-level0", "195", "https://stereo-ssc.nascom.nasa.gov/data/ins_data/secchi/L0/a/img/"
     "euvi/20070501/20070501_000400_n4euA.fts", "2007-05-01T00:04"),
    ("euvi-a-beacon", "195", "https://stereo-ssc.nascom.nasa.gov/data/beacon/ahead/secchi/img/"
     "euvi/20080302/20080302_174530_n7euA.fts", "2008-03-02T17:45:30"),
    ("aia-synoptic", "193", "http://jsoc1.stanford.edu/data/aia/synoptic/2020/02/19/H1200/"
     "AIA20200219_1202_0193.fits", "2020-02-19T12:02"),
    ("aia-synoptic-nrt", "94", "http://jsoc1.stanford.edu/data/aia/synoptic/nrt/2020/02/19/H1200/"
     "AIA20200219_120000_0094.fits", "2020-02-19T12:00"),
    ("hmi", "LOS", "http://jsoc1.stanford.edu/data/hmi/fits/2024/06/06/"
     "hmi.M_720s.20240606_230000_TAI.fits", "2024-06-06T23:00"),
    ("hmi-nrt", "LOS", "http://jsoc1.stanford.edu/data/hmi/fits/2024/06/06/"
     "hmi.M_720s_nrt.20240606_230000_TAI.fits", "2024-06-06T23:00"),
    ("gong-zqs", "MAP", "https://gong2.nso.edu/oQR/zqs/202001/mrzqs200130/"
     "mrzqs200130t0004c2227_349.fits.gz", "2020-01-30T00:04"),
    ("gong-bqs", "MAP", "https://gong.nso.edu/data/magmap/QR/bqs/202203/mrbqs220302/"
     "mrbqs220302t0614c2254_009.fits.gz", "2022-03-02T06:14"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "band", "address", "time"), ADDRESSES)
def test_the_table_knows_the_addresses_of_the_archives(
    name: str, band: str, address: str, time: str
) -> None:
    source = load_archives().sources[name]
    moment = datetime.fromisoformat(time).replace(tzinfo=UTC)
    folder, _, file = address.rpartition("/")
    assert source.directories(moment, moment) == (folder[len(source.base) :] + "/",)
    assert source.time_of(file, band) == moment


@given(st.datetimes(datetime(2010, 6, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))
def test_a_file_name_keeps_its_time_and_no_other_name_has_one(moment: datetime) -> None:
    source = load_archives().sources["aia-synoptic-nrt"]
    folder, _, name = source.path(moment, "193").rpartition("/")
    assert source.directories(moment, moment) == (f"{folder}/",)
    assert source.time_of(name, "193") == moment.replace(microsecond=0)
    assert source.time_of(name, "304") is None
    assert source.time_of(f"{name}.tmp", "193") is None
    assert source.time_of("AIA20201399_120000_0193.fits", "193") is None


def test_directories_of_a_period_are_all_those_of_its_hours_or_days() -> None:
    table = load_archives().sources
    first, last = datetime(2019, 12, 31, 22, 50, tzinfo=UTC), datetime(2020, 1, 1, 1, tzinfo=UTC)
    assert table["aia-synoptic"].directories(first, last) == (
        "2019/12/31/H2200/", "2019/12/31/H2300/", "2020/01/01/H0000/", "2020/01/01/H0100/",
    )  # fmt: skip
    assert table["hmi"].directories(first, last) == ("2019/12/31/", "2020/01/01/")


def test_a_file_of_changes_names_another_address_and_leaves_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = tmp_path / "archives.toml"
    changes.write_text('pause_s = 2\n[sources.hmi]\nbase = "https://mirror.example/hmi/"\n')
    monkeypatch.setenv("FARSIDE_ARCHIVES", str(changes))
    found, packaged = load_archives(), load_archives().sources
    assert found.pause_s == 2
    assert found.base(found.sources["hmi"]) == "https://mirror.example/hmi/"
    assert found.sources["hmi"].file == packaged["hmi-nrt"].file.replace("_nrt", "")


def test_a_mirror_has_each_archive_below_its_host_name() -> None:
    found = load_archives(mirror="http://localhost:8000/copy/")
    assert found.base(found.sources["gong-zqs"]) == (
        "http://localhost:8000/copy/gong2.nso.edu/oQR/zqs/"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("pauses = 1", "unknown key 'pauses'"),
        ("[sources.hmi]\nmirror = 'x'", "unknown key 'sources.hmi.mirror'"),
        ("pause_s = -1", "pause_s"),
        ("[sources.hmi]\nbase = 'ftp://x/'", "sources.hmi.base"),
        ("[sources.hmi]\nbase = 'http://x/y'", "must end with '/'"),
        ("[sources.hmi]\nfile = '%Y%m%d_%H%M%j.fits'", "%j"),
        ("[sources.hmi]\nfile = '%Y%m%d.fits'", "%H"),
        ("[sources.hmi]\nfile = '../%Y%m%d_%H%M'", "sources.hmi.file"),
        ("[sources.new]\ninstrument = 'AIA'", "sources.new"),
        ("[sources.hmi]\ninstrument = 'HMJ'", "sources.hmi.instrument: got 'HMJ'"),
        ("[sources.hmi]\nbands = ['MAP']", "bands must be of LOS, got MAP"),
        ("pause_s = ", "expected TOML"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(text: str, told: str, tmp_path: Path) -> None:
    changes = tmp_path / "archives.toml"
    changes.write_text(text)
    with pytest.raises(ArchiveSettingsError) as caught:
        load_archives(changes)
    assert told in str(caught.value)
    assert str(changes) in str(caught.value)


def test_a_missing_settings_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArchiveSettingsError, match="does not read"):
        load_archives(tmp_path / "none.toml")
