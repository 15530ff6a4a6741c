"""Prepare is given files of a simulated Sun, which it must treat as those of an archive."""

import gzip
import hashlib
import json
import shutil
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
import zarr
from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from farside.disk.registration import Disk, register
from farside.disk.reproject import reproject_disk
from farside.errors import IncompleteSetError
from farside.observation.image import Observation, read
from farside.quality import Quality
from farside.simulation import SimulatedSet
from farside.sun.grid import Grid, Image
from farside.sun.reference_epoch import SYNODIC_PERIOD_DAYS
from tests.support.moved_files import moved_set
from tests.support.small_model import RECIPE
from training.data import ArchivePlan, ArchiveSummary, Pairs, StoreError, open_store, prepare
from training.data.__main__ import main
from training.data.journal import JOURNAL, RegisteredImage
from training.data.pairing import CHANNELS, Ages, MonthsRule, group, pair

GRID = Grid(64, 28.0)
NOW = Time("2024-11-20T00:00:00")
HALF_TURN_DAYS = SYNODIC_PERIOD_DAYS / 2
SDO = RECIPE.model_copy(
    update={
        "channels": (
            RECIPE.channels[0].model_copy(update={"accepts": ("EUVI 195", "AIA 193")}),
            RECIPE.channels[1],
        )
    }
)
"""Takes the images of SDO as an observation too."""
PLAN = ArchivePlan(GRID, ages=Ages(step_days=HALF_TURN_DAYS))


def images_of(folder: Path) -> list[Path]:
    """The files of SDO, in the order of the channels."""
    aia = [next(folder.glob(f"aia*.{channel[4:]}.*")) for channel in CHANNELS[:-1]]
    return [*aia, next(folder.glob("hmi*"))]


@pytest.fixture(scope="module")
def archive(
    small: SimulatedSet, from_earth: SimulatedSet, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Sets of SDO 0, 13.65, 27.3 and 40.95 days old; a file of the last is cut off."""
    folder = tmp_path_factory.mktemp("archive") / "files"
    # Two pictures in turn: those that are a rotation apart differ.
    for name, half_turns, files in (
        ("now", 0, small),
        ("half", 1, small),
        ("one", 2, from_earth),
        ("late/more", 3, from_earth),
    ):
        taken = read(files.references[-1]).origin.time
        days = float((NOW - taken).to_value("day")) - half_turns * HALF_TURN_DAYS
        moved_set(files, timedelta(days=days), folder / name)
        shutil.copytree(files.truth.parent, folder / name / files.truth.parent.name)
    shutil.copytree(folder / "late", whole(folder))
    torn = images_of(folder / "late" / "more")[1]
    torn.write_bytes(torn.read_bytes()[:50_000])
    good = images_of(folder / "now")[0]
    card = b"QUALITY =                    0"
    assert card in good.read_bytes()
    bad = card[:-1] + b"4"
    (folder / "bad.fits").write_bytes(good.read_bytes().replace(card, bad))
    packed = images_of(folder / "half")[3]
    (folder / "x").write_bytes(gzip.compress(packed.read_bytes(), 1))
    packed.unlink()
    (folder / "notes.txt").write_text("downloaded in November")
    return folder


def whole(archive: Path) -> Path:
    """Where the last set lies with no file cut off."""
    return archive.with_name("whole")


@pytest.fixture(scope="module")
def summary_and_path(
    archive: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[ArchiveSummary, Path]:
    path = tmp_path_factory.mktemp("stores") / "whole.zarr"
    return prepare([archive], path, PLAN), path


@pytest.fixture(scope="module")
def summary(summary_and_path: tuple[ArchiveSummary, Path]) -> ArchiveSummary:
    return summary_and_path[0]


@pytest.fixture(scope="module")
def store(summary_and_path: tuple[ArchiveSummary, Path]) -> Pairs:
    return open_store(summary_and_path[1])


@pytest.fixture
def copy(store: Pairs, tmp_path: Path) -> Path:
    return Path(shutil.copytree(store.path, tmp_path / "copy.zarr"))


def assert_same_samples(one: Pairs, other: Pairs) -> None:
    assert one.pairs == other.pairs
    assert one.sets == other.sets
    for index in range(len(one)):
        for here, there in zip(images_in(one, index), images_in(other, index), strict=True):
            np.testing.assert_array_equal(here, there)


def images_in(store: Pairs, index: int) -> list[Image]:
    sample = store[index]
    return [disk.image for disk in (*sample.observed, *sample.referenced, sample.truth)]


def test_complete_sets_are_found_by_their_headers_in_any_folder_under_any_name(
    archive: Path, store: Pairs
) -> None:
    ages = [(NOW - Time(each.time)).to_value(u.day) for each in store.sets]
    assert ages == pytest.approx([27.3, 13.65, 0], abs=0.01)
    assert store.sets[1].files[3] == "x"
    assert store.sets[2].files == tuple(path.name for path in images_of(archive / "now"))
    hashes = [hashlib.sha256(p.read_bytes()).hexdigest() for p in images_of(archive / "now")]
    assert list(store.sets[2].sha256) == hashes
    observer = read(images_of(archive / "now")[3]).origin.observer
    found = store.sets[2]
    assert found.longitude_deg == observer.longitude_deg
    assert found.latitude_deg == observer.latitude_deg
    assert found.distance_m == observer.distance_m


def test_each_file_without_a_use_is_listed_with_its_reason(
    archive: Path, summary: ArchiveSummary, store: Pairs
) -> None:
    names = [Path(each.path).relative_to(archive).as_posix() for each in summary.refused]
    reasons = dict(zip(names, (each.reason for each in summary.refused), strict=True))
    torn, field = (images_of(archive / "late" / "more")[i].name for i in (1, 3))
    assert "BadQualityError" in reasons["bad.fits"]
    assert "NotFitsError" in reasons["notes.txt"]
    assert "NotFitsError" in reasons[f"late/more/{torn}"]
    assert reasons[f"late/more/{field}"] == "no AIA 193 within 15 min of this HMI LOS"
    assert "expected AIA 304" in next(reasons[name] for name in reasons if "n7euA" in name)
    assert summary.files == 4 * 8 + len(["bad.fits", "notes.txt"])
    assert len(reasons) == summary.files - 4 * summary.sets
    assert store.refused == summary.refused
    plan = json.loads((store.path / "zarr.json").read_text())["attributes"]["plan"]
    assert plan["rule"] == {"first_year": 2011, "first_month": 1, "guard_days": 0.0}
    listed = (store.path / "summary.txt").read_text().splitlines()
    assert listed[1:] == [f"{each.path}: {each.reason}" for each in summary.refused]


def test_a_sample_is_the_registered_images_in_physical_units(archive: Path, store: Pairs) -> None:
    index = int(store.select("train", greatest_shift_deg=10)[0])
    target, reference = (
        [register(read(path), GRID) for path in images_of(archive / name)]
        for name in ("now", "one")
    )
    sample, on_disk = store[index], GRID.on_disk()
    wanted = [*target[:3], *reference, target[3]]
    found = [*sample.observed, *sample.referenced, sample.truth]
    for here, there in zip(found, wanted, strict=True):
        assert here.origin.band == there.origin.band
        assert here.origin.instrument == there.origin.instrument
        assert here.origin.sha256 == there.origin.sha256
        assert abs(here.origin.time - there.origin.time) < 2 * u.ms
        assert np.isnan(here.image[~on_disk]).all()
        field = there.origin.is_magnetogram
        unit = 1 if field else np.median(there.image[on_disk])
        values = there.image[on_disk] / unit
        np.testing.assert_allclose(here.image[on_disk], values, rtol=1e-3, atol=1e-3 * field)
    assert sample.seed is None


def test_quality_bits_of_the_files_reach_the_stack(copy: Path) -> None:
    label = copy / "sets" / "zarr.json"
    rows = json.loads(label.read_text())
    rows["attributes"]["rows"][1]["quality"] = [0, int(Quality.NEAR_REAL_TIME), 0, 0]
    rows["attributes"]["rows"][0]["quality"] = [0, 0, 0, int(Quality.REPAIRED)]
    label.write_text(json.dumps(rows))
    stack = open_store(copy)[0].stack(SDO)
    assert stack.quality == Quality.NEAR_REAL_TIME | Quality.REPAIRED
    assert stack.spacecraft == "SDO"


def test_a_stack_has_the_channels_of_the_recipe_in_its_order_and_view(store: Pairs) -> None:
    sample = store[0]
    own = sample.stack(SDO)
    assert own.disks == (sample.observed[1], sample.referenced[3])
    turned = sample.stack(SDO.model_copy(update={"reference_view": "observation"}))
    assert turned.disks[0] is sample.observed[1]
    rotated = reproject_disk(sample.referenced[3], turned.observer, turned.time)
    np.testing.assert_array_equal(turned.given[1].image, rotated.image)
    assert turned.time == sample.truth.origin.time


def test_a_channel_that_the_store_does_not_have_is_named(store: Pairs) -> None:
    with pytest.raises(IncompleteSetError, match=r"AIA 304, .* as observation, expected EUVI 195"):
        store[0].stack(RECIPE)


def test_pairs_have_the_ages_asked_for_and_say_how_far_the_reference_is_turned(
    store: Pairs,
) -> None:
    found = [(p.target, p.reference, p.age_days, abs(p.shift_deg)) for p in store.pairs]
    np.testing.assert_allclose(
        found, [(1, 0, 13.65, 180), (2, 0, 27.3, 0), (2, 1, 13.65, 180)], atol=1
    )
    np.testing.assert_array_equal(store.select("train"), [0, 1, 2])
    np.testing.assert_array_equal(store.select("train", greatest_shift_deg=10), [1])
    assert store.select("test").size == 0


def test_an_interrupted_run_goes_on_and_registers_nothing_twice(
    archive: Path, store: Pairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def interrupted(after: int) -> Callable[[Observation, Grid], Disk]:
        def registering(observation: Observation, grid: Grid) -> Disk:
            if len(calls) == after:
                raise KeyboardInterrupt
            calls.append(observation.origin.sha256)
            return register(observation, grid)

        return registering

    path = tmp_path / "parted.zarr"
    for after in (5, 9):
        monkeypatch.setattr("training.data.archive.register", interrupted(after))
        with pytest.raises(KeyboardInterrupt):
            prepare([archive], path, PLAN)
        with pytest.raises(StoreError, match="not finished"):
            open_store(path)
        with (path / JOURNAL).open("ab") as journal:
            journal.write(b'{"path": "a line without its en')
    monkeypatch.setattr("training.data.archive.register", interrupted(-1))
    prepare([archive], path, PLAN)
    prepare([archive], path, PLAN)
    assert len(calls) == len(set(calls)) == 15
    assert_same_samples(open_store(path), store)


def test_two_processes_make_the_same_store(archive: Path, store: Pairs, tmp_path: Path) -> None:
    two = ArchivePlan(GRID, ages=PLAN.ages, processes=2)
    prepare([archive], tmp_path / "two.zarr", two)
    assert_same_samples(open_store(tmp_path / "two.zarr"), store)


def test_a_folder_more_adds_to_a_store_and_a_mended_file_is_read_again(
    archive: Path, copy: Path, tmp_path: Path
) -> None:
    more = tmp_path / "more"
    shutil.copytree(archive / "late", more)
    first = prepare([more], copy, PLAN)
    assert first.sets == 3
    shutil.copytree(whole(archive), more, dirs_exist_ok=True)
    second = prepare([more], copy, PLAN)
    assert second.sets == 4
    assert second.files == first.files
    assert len(open_store(copy).sets) == 4


def test_a_file_that_breaks_a_library_is_listed_and_tried_again(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(observation: Observation, grid: Grid) -> Disk:
        raise ZeroDivisionError("of some library")

    monkeypatch.setattr("training.data.archive.register", broken)
    summary = prepare([archive / "now"], tmp_path / "a.zarr", PLAN)
    assert summary.sets == 0
    assert sum("ZeroDivisionError: of some library" in each.reason for each in summary.refused) == 4
    monkeypatch.undo()
    assert prepare([archive / "now"], tmp_path / "a.zarr", PLAN).sets == 1


def test_a_store_without_pairs_is_no_data_set(archive: Path, tmp_path: Path) -> None:
    assert prepare([archive / "now"], tmp_path / "a.zarr", PLAN).pairs == ()
    with pytest.raises(StoreError, match="got no pairs, expected at least one"):
        open_store(tmp_path / "a.zarr")


def test_a_store_is_on_one_grid(archive: Path, copy: Path) -> None:
    with pytest.raises(StoreError, match=r"got a store on Grid.*64.*expected one on Grid.*128"):
        prepare([archive], copy, ArchivePlan(Grid(128, 56.0)))


def test_what_is_no_store_is_not_written_into(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    for path in (tmp_path / "letters", tmp_path / "nothing"):
        with pytest.raises(StoreError, match=r"expected a store of training\.data"):
            open_store(path)
    with pytest.raises(StoreError, match=r"expected a store of training\.data"):
        prepare([archive], tmp_path / "letters", PLAN)
    assert not any((tmp_path / "letters").iterdir())


@pytest.mark.parametrize(
    ("part", "old", "new", "sentence"),
    [
        (
            "zarr.json",
            '"version": 2',
            '"version": 9',
            r"got format and version .*9.*, expected .*2",
        ),
        ("zarr.json", "{", "[", "expected a store of training.data, got"),
        ("zarr.json", '"disk_radius_px"', '"radius"', "got grid .*radius"),
        ("sets/zarr.json", '"AIA 193"', '"AIA 211"', "got channels .*211.*, expected .*193"),
        ("sets/zarr.json", '"latitude_deg"', '"latitude"', "rows are damaged"),
        ("sets/images/zarr.json", '"shape"', '"form"', "'images' is damaged"),
    ],
)
def test_a_damaged_label_or_table_is_a_clear_error(
    copy: Path, part: str, old: str, new: str, sentence: str
) -> None:
    text = (copy / part).read_text()
    assert old in text
    (copy / part).write_text(text.replace(old, new))
    with pytest.raises(StoreError, match=sentence):
        open_store(copy)


@pytest.mark.parametrize("part", ["disks", "sets", "pairs/age_days", "refused"])
def test_a_missing_table_is_named(copy: Path, part: str) -> None:
    shutil.rmtree(copy / part)
    with pytest.raises(StoreError, match=f"expected .* '{Path(part).name}'"):
        open_store(copy)


def test_a_missing_or_damaged_disk_is_named_when_it_is_read(copy: Path) -> None:
    store = open_store(copy)
    row = read_images(copy)[store.pairs[0].target, 1]
    chunk = copy / "disks" / "c" / str(row) / "0" / "0"
    whole = chunk.read_bytes()
    about = rf"AIA 193 of set 1 \(row {row}\): got"
    chunk.write_bytes(whole[:60] + bytes([whole[60] ^ 1]) + whole[61:])
    with pytest.raises(StoreError, match=f"{about} a damaged disk"):
        store[0]
    chunk.unlink()
    with pytest.raises(StoreError, match=f"{about} values that are missing"):
        store[0]


def read_images(path: Path) -> NDArray[np.int32]:
    return np.asarray(zarr.open_array(path / "sets" / "images", mode="r")[:])


def test_a_damaged_journal_is_a_clear_error(archive: Path, copy: Path) -> None:
    (copy / JOURNAL).write_text("what became of the files\n")
    with pytest.raises(StoreError, match=r"journal.jsonl, line 1: got b'what became"):
        prepare([archive], copy, PLAN)


def image(channel: str, minutes: float, path: str = "", quality: int = 0) -> RegisteredImage:
    time = NOW + minutes * u.min
    return RegisteredImage(
        row=0,
        path=path or f"{channel} {minutes:g}",
        channel=channel,
        time=time.isot,
        mjd=float(time.mjd),
        longitude_deg=0,
        latitude_deg=0,
        distance_m=1.5e11,
        carrington_deg=0,
        quality=quality,
        sha256="",
    )


def test_the_nearest_images_make_a_set_and_none_is_in_two() -> None:
    bands = [image(band, minutes) for band in CHANNELS[:-1] for minutes in (-13, 2, 9)]
    fields = [image("HMI LOS", minutes) for minutes in (0, 3, 300)]
    grouped = group([*bands, *fields], 15)
    assert [[each.path for each in found.images] for found in grouped.sets] == [
        ["AIA 304 2", "AIA 193 2", "AIA 171 2", "HMI LOS 3"]
    ]
    reasons = {each.path: each.reason for each in grouped.unused}
    assert reasons["HMI LOS 300"] == "no AIA 304 within 15 min of this HMI LOS"
    assert reasons["HMI LOS 0"] == "no set needs this HMI LOS"
    assert len(reasons) == 8


def test_of_two_images_of_one_time_the_definitive_one_is_taken() -> None:
    bands = [image(band, 0) for band in CHANNELS[:-1]]
    late = image("HMI LOS", 0, "a near-real-time one", quality=4)
    grouped = group([late, *bands, image("HMI LOS", 0, "the definitive one")], 15)
    assert [each.field.path for each in grouped.sets] == ["the definitive one"]
    assert [each.reason for each in grouped.unused] == [
        "HMI LOS of the same time as the definitive one"
    ]


def test_test_months_move_by_four_each_year() -> None:
    rule = MonthsRule(first_year=2011, first_month=1)
    for year, wanted in ((2010, {9, 10}), (2011, {1, 2}), (2012, {5, 6}), (2013, {9, 10})):
        months = Time([f"{year}-{month:02d}-15T00:00:00" for month in range(1, 13)]).mjd
        assert set(np.flatnonzero(rule.test(months)) + 1) == wanted
    edge = Time(["2011-02-28T23:59:59.999", "2011-03-01T00:00:00.000"]).mjd
    np.testing.assert_array_equal(rule.test(edge), [True, False])


@given(st.integers(1990, 2030), st.integers(1, 12), st.integers(1995, 2025))
def test_two_months_of_every_year_test_and_ten_train(year: int, month: int, when: int) -> None:
    rule = MonthsRule(year, month)
    months = Time([f"{when}-{number:02d}-15T00:00:00" for number in range(1, 13)]).mjd
    assert rule.test(months).sum() == 2
    np.testing.assert_array_equal(rule.train(months), ~rule.test(months))


def test_the_guard_leaves_out_training_days_around_test_months() -> None:
    rule = MonthsRule(2011, 1, guard_days=7)
    months = Time(["2011-03-07T00:00:00", "2011-03-09T00:00:00", "2010-12-26T00:00:00"]).mjd
    np.testing.assert_array_equal(rule.train(months), [False, True, False])


@given(
    st.integers(1, 12),
    st.floats(0, 20),
    st.lists(st.floats(0.2, 9), min_size=20, max_size=60),
    st.floats(1, 20),
)
def test_no_pair_leaks_and_every_reference_has_about_an_age_asked_for(
    month: int, guard_days: float, steps: list[float], age_step: float
) -> None:
    mjd = float(NOW.mjd) + np.cumsum(steps)
    rule, ages = MonthsRule(2011, month, guard_days), Ages(age_step, 12.0)
    test = rule.test(mjd)
    pairs = pair(mjd, np.zeros_like(mjd), ages, rule)
    for each in pairs:
        assert each.reference < each.target
        assert each.age_days == mjd[each.target] - mjd[each.reference]
        assert min(abs(each.age_days - age) for age in ages.days) <= 0.5
        assert each.test == test[each.target]
        assert each.test or not test[each.reference]
    assert len({(each.target, each.reference) for each in pairs}) == len(pairs)


def test_a_regular_archive_has_every_age_from_a_cadence_to_a_rotation() -> None:
    first = float(Time("2012-07-01T00:00:00").mjd)
    mjd = np.linspace(first, first + 99.75, 400)
    pairs = pair(mjd, np.zeros_like(mjd), Ages(), MonthsRule())
    last = [each.age_days for each in pairs if each.target == 399]
    np.testing.assert_allclose(
        sorted(last), [0.25, 4, 7.75, 11.75, 15.5, 19.5, 23.5, 27.25], atol=0.2
    )


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Ages(step_days=0), "step of ages: got 0"),
        (lambda: Ages(tolerance_hours=-1), "tolerance of ages: got -1"),
        (lambda: ArchivePlan(GRID, set_minutes=0), "set: got 0 minutes"),
        (lambda: ArchivePlan(GRID, processes=0), "processes: got 0"),
        (lambda: MonthsRule(first_month=13), "first test month: got 13"),
        (lambda: MonthsRule(guard_days=40), "guard: got 40"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(make: Callable[[], object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make()


def test_the_command_says_what_it_made_and_what_is_wrong(
    archive: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "made.zarr"
    command = ["training.data", "prepare", "--out", str(out), "--processes", "1"]
    monkeypatch.setattr(sys, "argv", [*command, str(archive / "now")])
    main()
    said = capsys.readouterr().out
    assert "files: 8, of them 4 registered and 4 unused; sets: 1; pairs: 0" in said
    monkeypatch.setattr(sys, "argv", [*command, str(tmp_path / "nowhere")])
    with pytest.raises(SystemExit, match=r"nowhere: expected a folder of FITS files"):
        main()
