"""What is chosen from archives over real HTTP, and what is told of it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from farside.errors import FetchError, NoDataError, SourceMovedError, SourceUnreachableError
from farside.fetch import Archives, Fetched, fetch
from farside.fetch.archives import GRADES
from farside.fetch.fetch import A_SET, What
from farside.fetch.select import slots
from farside.model.recipe import Recipe
from tests.fetch.conftest import AIA, BANDS, EPOCH, EUVI, HMI, TIME, settings
from tests.support import local_archives as local
from tests.support.local_archives import LocalArchives, Trouble
from tests.support.tiny_recipe import flexible_recipe, recipe

RECIPE = recipe()


def fetched(
    archives: Archives,
    folder: Path,
    *what: What,
    time: datetime = TIME,
    spacecraft: str = "A",
    model: Recipe = RECIPE,
) -> Fetched:
    out, cache = folder / "out", folder / "cache"
    return fetch(time, spacecraft, out, model, what=what or A_SET, archives=archives, cache=cache)


def test_a_set_has_the_nearest_definitive_file_of_each_channel(
    mirror: LocalArchives, archives: Archives, tmp_path: Path
) -> None:
    found = fetched(archives, tmp_path)
    assert [path.name for path in found.observations] == [
        f"{EUVI[band]:%Y%m%d_%H%M%S}_n4euA.fts" for band in (304, 195, 171)
    ]
    assert [path.name for path in found.references] == [
        *(f"AIA20110208_0948_{band:04d}.fits" for band in BANDS),
        "hmi.M_720s.20110208_100000_TAI.fits",
    ]
    assert {file.grade for file in found.files} == {"definitive"}
    assert found.reference_epoch is not None
    assert abs(found.reference_epoch - EPOCH) < timedelta(minutes=1)
    for file in found.files:
        path = file.address.removeprefix(mirror.address)
        assert file.path.read_bytes() == mirror.files[path]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *(file.path.name for file in found.files),
        "fetch_20110215T001500_A.json",
    }


def test_the_record_says_what_was_taken_from_where_and_why(
    mirror: LocalArchives, archives: Archives, tmp_path: Path
) -> None:
    del mirror.files[local.hmi_path(HMI)]
    mirror.files[local.hmi_path(HMI, "hmi.M_720s_nrt")] = local.hmi(HMI)
    found = fetched(archives, tmp_path)
    record = json.loads((tmp_path / "out/fetch_20110215T001500_A.json").read_text())
    assert record["model"] == "tiny 1"
    assert record["longitude_deg"] == pytest.approx(87.0596)
    by_channel = {file["channel"]: file for file in record["files"]}
    hmi = by_channel["HMI LOS"]
    assert hmi["grade"] == "near-real-time"
    assert hmi["address"] == mirror.address + local.hmi_path(HMI, "hmi.M_720s_nrt")
    assert hmi["offset_hours"] == pytest.approx((HMI - EPOCH) / timedelta(hours=1), abs=0.02)
    assert "near-real-time" in hmi["reasons"][0]
    assert hmi["reasons"][1] == "hmi: no usable file there"
    assert by_channel["AIA 193"]["grade"] == "definitive"
    assert [Path(file["path"]) for file in record["files"]] == [f.path for f in found.files]


def test_beacon_comes_last_and_is_flagged(
    mirror: LocalArchives, archives: Archives, tmp_path: Path
) -> None:
    lost = EUVI[171]
    del mirror.files[local.euvi_path(local.LEVEL_0, lost)]
    mirror.files[local.euvi_path(local.BEACON, lost)] = local.euvi(lost, 171)
    grades = {
        file.channel: (file.grade, file.quality) for file in fetched(archives, tmp_path).files
    }
    assert grades["EUVI-A 304"] == ("definitive", ())
    assert grades["EUVI-A 171"] == ("beacon", ("BEACON",))


def test_beacon_can_be_asked_for(mirror: LocalArchives, archives: Archives, tmp_path: Path) -> None:
    for band, moment in EUVI.items():
        mirror.files[local.euvi_path(local.BEACON, moment)] = local.euvi(moment, band)
    found = fetched(archives, tmp_path, "beacon")
    assert {path.name[-9:] for path in found.observations} == {"n7euA.fts"}
    assert len(found.references) == 4
    assert not mirror.times_asked(local.LEVEL_0)


def test_a_gap_moves_the_whole_group_of_references_to_one_other_time(
    mirror: LocalArchives, archives: Archives, tmp_path: Path
) -> None:
    del mirror.files[local.aia_path(AIA, 193)]
    other = AIA + timedelta(hours=3)
    for band in BANDS:
        mirror.files[local.aia_path(other, band)] = local.aia(other, band)
    moment = HMI + timedelta(hours=3)
    mirror.files[local.hmi_path(moment)] = local.hmi(moment)
    found = fetched(archives, tmp_path)
    times = [file.time for file in found.files if file.role == "reference"]
    assert max(times) - min(times) <= timedelta(hours=RECIPE.timing.spread_hours)
    assert min(times) > AIA + timedelta(hours=2)


def test_what_is_missing_of_optional_channels_is_replaced_by_rule(
    mirror: LocalArchives, archives: Archives, tmp_path: Path
) -> None:
    model = flexible_recipe()
    path, content = local.gong_map(TIME.replace(minute=0))
    mirror.files[path] = content
    del mirror.files[local.euvi_path(local.LEVEL_0, EUVI[171])]
    del mirror.files[local.aia_path(AIA, 193)]
    found = fetched(archives, tmp_path, model=model)
    assert [f.channel for f in found.files] == [
        "EUVI-A 304", "EUVI-A 195", "AIA 304", "AIA 171", "HMI LOS"
    ]  # fmt: skip
    del mirror.files[local.hmi_path(HMI)]
    found = fetched(archives, tmp_path, model=model)
    assert [f.channel for f in found.files] == ["EUVI-A 304", "EUVI-A 195", "GONG MAP"]
    assert found.references == (tmp_path / "out" / Path(path).name,)
    del mirror.files[path]
    assert fetched(archives, tmp_path, model=model).references == ()


def test_a_file_that_is_there_already_is_not_written_again(
    archives: Archives, tmp_path: Path
) -> None:
    first = fetched(archives, tmp_path)
    before = [file.path.stat().st_ctime_ns for file in first.files]
    again = fetched(archives, tmp_path)
    assert [file.path.stat().st_ctime_ns for file in again.files] == before


def test_hmi_of_now_and_a_base_map(
    mirror: LocalArchives, archives: Archives, tmp_path: Path
) -> None:
    hour = TIME.replace(minute=0)
    for back in (2, 30):
        path, content = local.gong_map(hour - timedelta(hours=back))
        mirror.files[path] = content
        now = hour - timedelta(hours=back / 2)
        mirror.files[local.hmi_path(now)] = local.hmi(now)
    found = fetched(archives, tmp_path, "observed", "base")
    assert [path.name for path in found.observed] == ["hmi.M_720s.20110214_230000_TAI.fits"]
    assert found.base is not None
    assert found.base.name.startswith("mrzqs110214t2200c")
    assert found.observations == found.references == ()


def test_nothing_is_written_where_a_channel_has_no_file(
    mirror: LocalArchives, archives: Archives, tmp_path: Path
) -> None:
    del mirror.files[local.hmi_path(HMI)]
    with pytest.raises(NoDataError) as caught:
        fetched(archives, tmp_path)
    assert "HMI LOS as reference" in str(caught.value)
    assert "expected one within 48 h of 2011-02-08T09:4" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_an_archive_that_moved_is_passed_over_and_named(
    mirror: LocalArchives, archives: Archives, tmp_path: Path
) -> None:
    for band, moment in EUVI.items():
        mirror.files[local.euvi_path(local.BEACON, moment)] = local.euvi(moment, band)
    mirror.files = {k: v for k, v in mirror.files.items() if not k.startswith(local.LEVEL_0)}
    found = fetched(archives, tmp_path)
    assert {file.grade for file in found.files if file.role == "observation"} == {"beacon"}
    said = found.files[0].reasons[1]
    assert said.startswith("euvi-a-level0: ")
    assert f"{mirror.address}{local.LEVEL_0}: got status 404" in said
    mirror.files = {k: v for k, v in mirror.files.items() if not k.startswith(local.BEACON)}
    with pytest.raises(SourceMovedError, match="euvi"):
        fetched(archives, tmp_path)


def test_a_directory_that_leads_elsewhere_has_moved(
    mirror: LocalArchives, archives: Archives, tmp_path: Path
) -> None:
    mirror.always["/jsoc1.stanford.edu/"] = Trouble(302, (("Location", "/welcome/"),))
    mirror.files["/welcome/index.html"] = b"<html>We have moved</html>"
    with pytest.raises(SourceMovedError, match=r"leads to .*/welcome/"):
        fetched(archives, tmp_path)


def test_an_archive_that_answers_errors_only_is_unreachable(
    mirror: LocalArchives, archives: Archives, tmp_path: Path
) -> None:
    mirror.always["/jsoc1.stanford.edu/data/hmi/"] = Trouble(500)
    with pytest.raises(SourceUnreachableError, match="got status 500, expected 200"):
        fetched(archives, tmp_path)
    assert not (tmp_path / "out").exists()


def test_without_network_the_error_names_the_address(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreachableError, match=r"http://127\.0\.0\.1:9/stereo-ssc"):
        fetched(settings("http://127.0.0.1:9"), tmp_path)


@pytest.mark.parametrize(
    ("time", "spacecraft", "told"),
    [
        (datetime.now(UTC) + timedelta(days=2), "A", "is in the future"),
        (datetime(2006, 1, 1, tzinfo=UTC), "A", "euvi-a-level0 from 2006-12-04 on"),
        (datetime(2014, 9, 28, tzinfo=UTC), "B", "euvi-b-level0 from 2006-12-04 to 2014-09-27"),
        (datetime(2011, 2, 15, tzinfo=UTC), "C", "spacecraft: got 'C', expected of A, B, Earth"),
    ],
)
def test_a_time_outside_the_mission_is_refused_before_anything_is_asked(
    time: datetime,
    spacecraft: str,
    told: str,
    mirror: LocalArchives,
    archives: Archives,
    tmp_path: Path,
) -> None:
    with pytest.raises(NoDataError, match=told):
        fetched(archives, tmp_path, time=time, spacecraft=spacecraft)
    assert mirror.asked == []
    assert not (tmp_path / "out").exists()


def test_slots_come_by_distance_and_stay_inside_the_reach() -> None:
    found = slots(TIME, 0.5, (2.0, 5.0), "grade first")
    assert found[0] == (TIME, 0.5, "definitive")
    near = [slot for slot in found if abs(slot.middle - TIME) <= timedelta(hours=1.5)]
    assert found[: len(near)] == near
    assert [slot.worst for slot in near] == [grade for grade in GRADES for _ in range(7)]
    assert max(abs(slot.middle - TIME) for slot in found) == timedelta(hours=4.5)
    assert len(set(found)) == len(found)
    assert {slot.worst for slot in slots(TIME, 0.5, (2.0,), "time first")} == {"beacon"}


@pytest.mark.parametrize("what", [(), "set", ("sett",)])
def test_what_does_not_exist_is_not_asked_for(what: tuple[What, ...], tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"what: got .*expected a collection of set, beacon"):
        fetch(TIME, "A", tmp_path / "out", RECIPE, what=what)
    assert not (tmp_path / "out").exists()
