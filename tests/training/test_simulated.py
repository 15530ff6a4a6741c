"""A store of simulated suns holds what its campaign says, whatever stops the run."""

import multiprocessing as mp
import shutil
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from signal import SIGKILL
from time import sleep

import numpy as np
import pytest
from astropy.time import Time
from hypothesis import given, settings
from hypothesis import strategies as st

from farside.disk.registration import Disk
from farside.errors import DamagedImageError
from farside.magnetogram.encoding import encode
from farside.simulation.grid import COARSE, FINE
from farside.simulation.sun import Surface
from farside.sun.grid import Grid, Image
from farside.sun.reference_epoch import SYNODIC_PERIOD_DAYS, reference_lag_days
from tests.support.live import ROOT
from tests.support.small_model import RECIPE
from tests.training.small_renderer import DARK_RENDERER, SMALL_RENDERER, FixedSun, see_pattern
from training.data import Pairs, StoreError, open_store, prepare, simulate
from training.data.__main__ import main
from training.data.archive import ArchivePlan
from training.data.campaign import Campaign
from training.data.pairing import CHANNELS, FAR_CHANNELS
from training.data.simulated import EPOCHS, Renderer, lattice_for

GRID = Grid(32, 14.0)
CAMPAIGN = Campaign(GRID, first_seed=70, seeds=2, epochs=2, times=4)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Pairs:
    path = tmp_path_factory.mktemp("stores") / "suns.zarr"
    simulate(path, CAMPAIGN, processes=0, renderer=SMALL_RENDERER)
    return open_store(path)


@pytest.fixture
def copy(store: Pairs, tmp_path: Path) -> Path:
    return Path(shutil.copytree(store.path, tmp_path / "copy.zarr"))


def assert_same(one: Pairs, other: Pairs) -> None:
    assert one.pairs == other.pairs
    assert one.sets == other.sets
    for index in range(len(one)):
        for here, there in zip(disks_of(one, index), disks_of(other, index), strict=True):
            np.testing.assert_array_equal(here, there)


def disks_of(store: Pairs, index: int) -> list[Image]:
    sample = store[index]
    return [disk.image for disk in (*sample.observed, *sample.referenced, sample.truth)]


def test_every_epoch_has_its_references_and_each_pair_of_surfaces(store: Pairs) -> None:
    pairs_of_an_epoch = 4 * 3 // 2 + 1
    assert len(store) == 2 * 2 * pairs_of_an_epoch
    kinds = Counter((each.seed, each.channels) for each in store.sets)
    assert kinds == {
        (70, CHANNELS): 6,
        (71, CHANNELS): 6,
        (70, FAR_CHANNELS): 14,
        (71, FAR_CHANNELS): 14,
    }
    for pair in store.pairs:
        assert store.sets[pair.target].channels == FAR_CHANNELS
        assert store.sets[pair.reference].channels == CHANNELS
        assert store.sets[pair.target].seed == store.sets[pair.reference].seed


def test_the_spacecraft_is_where_eq_5_wants_the_reference_of_that_age(store: Pairs) -> None:
    for pair in store.pairs:
        target, reference = store.sets[pair.target], store.sets[pair.reference]
        age_days = (Time(target.time) - Time(reference.time)).to_value("day")
        assert pair.age_days == pytest.approx(age_days, abs=1e-4)
        wanted = reference_lag_days(target.longitude_deg)
        off_days = (age_days - wanted + 1) % SYNODIC_PERIOD_DAYS - 1
        assert off_days == pytest.approx(0, abs=1e-4)
        assert abs(pair.shift_deg) < 3  # the Earth's orbit is no circle


def test_a_sun_that_never_changes_looks_alike_in_reference_and_truth(store: Pairs) -> None:
    for index in range(len(store)):
        sample = store[index]
        assert alike(sample.referenced[-1], sample.truth) > 0.85  # B0 is another
    assert alike(store[0].truth, store[len(store) - 1].truth) < 0.7


def alike(one: Disk, other: Disk) -> float:
    on_disk = GRID.on_disk()
    here, there = (disk.image[on_disk].astype(np.float64) for disk in (one, other))
    return float(np.corrcoef(here, there)[0, 1])


def test_disks_are_in_medians_and_gauss_and_know_their_origin(store: Pairs) -> None:
    sample, on_disk = store[3], GRID.on_disk()
    for disk in (*sample.observed, *sample.referenced[:-1]):
        assert np.median(disk.image[on_disk]) == pytest.approx(1, rel=1e-3)
    for disk in (*sample.observed, *sample.referenced, sample.truth):
        assert np.isnan(disk.image[~on_disk]).all()
    names = [(d.origin.instrument, d.origin.band) for d in (*sample.observed, sample.truth)]
    wanted = [("EUVI-A", "304"), ("EUVI-A", "195"), ("EUVI-A", "171"), ("SIMULATION", "LOS")]
    assert names == wanted
    assert sample.seed == 70
    assert sample.truth.origin.observer.distance_m < sample.referenced[0].origin.observer.distance_m


@given(st.integers(0, 2**40), st.integers(1, 9), st.integers(2, 8), st.floats(0.01, 1))
@settings(max_examples=20)
def test_ages_reach_from_nought_to_a_rotation_within_the_dates(
    seed: int, epochs: int, times: int, share: float
) -> None:
    campaign = Campaign(GRID, seed, 1, epochs, times, share=share)
    schedule = campaign.schedule()
    starts = [Time(epoch.start).mjd for epoch in schedule]
    part = (Time(campaign.last).mjd - Time(campaign.first).mjd - SYNODIC_PERIOD_DAYS) / epochs
    strata = (np.array(starts) - Time(campaign.first).mjd) / part
    np.testing.assert_array_equal(np.floor(strata + 1e-6 * (strata % 1 < 0.5)), range(epochs))
    for epoch in schedule:
        assert (epoch.days[0], epoch.days[-1]) == (0, SYNODIC_PERIOD_DAYS)
        assert list(epoch.days) == sorted(epoch.days)
        pairs = [view for view in epoch.views if view.reference is not None]
        assert len(pairs) == max(1, round(share * (times * (times - 1) / 2 + 1)))
        references = {view.surface for view in epoch.views if view.reference is None}
        assert references == {view.reference for view in pairs}


def test_the_last_surface_of_an_epoch_is_one_synodic_rotation_after_the_first(
    store: Pairs,
) -> None:
    oldest = [pair for pair in store.pairs if pair.age_days > 27]
    assert [pair.age_days for pair in oldest] == [SYNODIC_PERIOD_DAYS] * 4
    assert sum(pair.age_days == 0 for pair in store.pairs) == 4


class Interrupted:
    """Sees so many sets, then the machine stops."""

    def __init__(self, sets: int) -> None:
        self.seen = 0
        self._sets = sets

    def __call__(self, surface: Surface, *rest: object) -> Image:
        if self.seen == self._sets:
            raise KeyboardInterrupt
        self.seen += 1
        return see_pattern(surface, *rest)  # type: ignore[arg-type]


def test_an_interrupted_run_goes_on_and_does_only_the_open_epoch_again(
    store: Pairs, tmp_path: Path
) -> None:
    path, sets_of_an_epoch = tmp_path / "parted.zarr", 10
    with pytest.raises(KeyboardInterrupt):
        simulate(
            path, CAMPAIGN, processes=0, renderer=Renderer(FixedSun, Interrupted(15), version=1)
        )
    with pytest.raises(StoreError, match="not finished"):
        open_store(path)
    rest = Interrupted(1000)
    simulate(path, CAMPAIGN, processes=0, renderer=Renderer(FixedSun, rest, version=1))
    assert rest.seen == 3 * sets_of_an_epoch
    assert_same(open_store(path), store)
    done = Interrupted(0)
    simulate(path, CAMPAIGN, processes=0, renderer=Renderer(FixedSun, done, version=1))
    assert_same(open_store(path), store)


def test_a_killed_run_goes_on_to_the_same_store(store: Pairs, tmp_path: Path) -> None:
    path = tmp_path / "killed.zarr"
    kill = mp.get_context("spawn").Process(
        target=simulate, args=(path, CAMPAIGN, 2, SMALL_RENDERER)
    )
    kill.start()
    while kill.is_alive() and not any((path / EPOCHS).glob("*.json")):
        sleep(0.01)
    kill.kill()
    kill.join()
    assert kill.exitcode == -SIGKILL
    simulate(path, CAMPAIGN, processes=0, renderer=SMALL_RENDERER)
    assert_same(open_store(path), store)


def test_two_processes_make_the_same_store(store: Pairs, tmp_path: Path) -> None:
    simulate(tmp_path / "two.zarr", CAMPAIGN, processes=2, renderer=SMALL_RENDERER)
    assert_same(open_store(tmp_path / "two.zarr"), store)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"first_seed": 71}, "first_seed 70, expected 71"),
        ({"times": 5}, "times 4, expected 5"),
        ({"share": 0.5}, r"share 1\.0, expected 0\.5"),
        ({"test": True}, "test False, expected True"),
        ({"grid": Grid(64, 28.0)}, r"got a store on Grid.*32.*expected one on Grid.*64"),
    ],
)
def test_a_store_holds_one_campaign(copy: Path, change: dict[str, int], sentence: str) -> None:
    with pytest.raises(StoreError, match=sentence):
        simulate(copy, replace(CAMPAIGN, **change), processes=0, renderer=SMALL_RENDERER)  # type: ignore[arg-type]
    assert len(open_store(copy)) == 28


def test_a_store_holds_suns_of_one_version(copy: Path) -> None:
    with pytest.raises(StoreError, match="simulation 1, expected 2"):
        simulate(copy, CAMPAIGN, processes=0, renderer=replace(SMALL_RENDERER, version=2))
    assert len(open_store(copy)) == 28


def test_real_and_simulated_images_do_not_share_a_store(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    with pytest.raises(StoreError, match=r"another source: command 'simulate', expected 'prepare'"):
        prepare([tmp_path / "archive"], copy, ArchivePlan(GRID))
    prepare([tmp_path / "archive"], tmp_path / "real.zarr", ArchivePlan(GRID))
    with pytest.raises(StoreError, match="another source: command 'prepare', expected 'simulate'"):
        simulate(tmp_path / "real.zarr", CAMPAIGN, processes=0, renderer=SMALL_RENDERER)


def test_the_split_is_by_sun(store: Pairs, tmp_path: Path) -> None:
    assert store.select("train").size == len(store)
    simulate(
        tmp_path / "t.zarr",
        replace(CAMPAIGN, test=True, seeds=1),
        processes=0,
        renderer=SMALL_RENDERER,
    )
    other = open_store(tmp_path / "t.zarr")
    assert other.select("train").size == 0
    assert other.seeds(other.select("test")) == {70}
    assert store.seeds(store.select("train")) == {70, 71}


def test_an_image_that_is_not_finite_stops_the_run_and_is_not_stored(tmp_path: Path) -> None:
    with pytest.raises(DamagedImageError, match=r"AIA 304 .*: got values to nan"):
        simulate(tmp_path / "dark.zarr", CAMPAIGN, processes=0, renderer=DARK_RENDERER)
    assert not any((tmp_path / "dark.zarr" / EPOCHS).iterdir())


def test_a_damaged_account_of_an_epoch_is_named_before_anything_is_rendered(copy: Path) -> None:
    (copy / EPOCHS / "70-1.json").write_text("{")
    with pytest.raises(StoreError, match=r"70-1\.json: expected the metadata of an epoch"):
        simulate(
            copy, CAMPAIGN, processes=0, renderer=Renderer(FixedSun, Interrupted(0), version=1)
        )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"seeds": 0}, "seeds: got 0, expected 1 or more"),
        ({"times": 1}, "times: got 1, expected 2 or more"),
        ({"share": 0.0}, "share: got 0"),
        ({"last": "2010-06-20"}, "dates: got 2010-06-01 to 2010-06-20, expected 27.3 days"),
    ],
)
def test_a_campaign_that_makes_no_sense_is_refused(change: dict[str, int], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        replace(CAMPAIGN, **change)  # type: ignore[arg-type]


def test_pictures_of_a_third_of_a_degree_a_pixel_need_the_coarse_lattice_only() -> None:
    assert lattice_for(Grid(256, 112.5)) == COARSE
    assert lattice_for(Grid(1024, 450.0)) == FINE


@pytest.mark.parametrize("seeds", ["5", "five:2"])
def test_the_command_says_how_seeds_are_given(
    seeds: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["training.data", "simulate", "--out", str(tmp_path / "a"), "--seeds", seeds]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit):
        main()
    assert f"got '{seeds}', expected FIRST:COUNT" in capsys.readouterr().err


def test_the_command_renders_the_simulated_sun_and_goes_on_with_the_same_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "made.zarr"
    options = ["--recipe", str(ROOT / "tests" / "golden" / "recipe.toml"), "--processes", "1"]
    few = ["--seeds", "3:1", "--epochs", "1", "--times", "2", "--from", "2014-01-01"]
    command = ["training.data", "simulate", "--out", str(out), *options, *few]
    for _ in range(2):
        monkeypatch.setattr(sys, "argv", [*command, "--split", "test"])
        main()
        said = capsys.readouterr().out
        assert "suns: 1; epochs: 1; sets: 3; pairs: 0 for training, 2 for testing" in said
    stack = open_store(out)[1].stack(RECIPE)
    tensor = np.empty((1, 2, 64, 64), np.float32)
    encode(stack, RECIPE, tensor)
    assert np.isfinite(tensor).all()
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit, match=r"StoreError: .*test True, expected False"):
        main()
