"""A run of seconds keeps the promises of a run of days."""

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
import torch

from farside.disk.registration import Disk
from farside.errors import IncompleteSetError
from farside.magnetogram.encoding import scale_disk
from farside.model import checkpoint
from farside.model.recipe import Recipe
from farside.sun.grid import Grid
from farside.sun.solar_cycle import leading_sign
from tests.support.live import ROOT
from tests.training.small_renderer import SMALL_RENDERER
from training.config import Config, ConfigError, Optimiser, read_config
from training.data import Campaign, StoreError, open_store, simulate
from training.samples import (
    Batches,
    SampleDataset,
    cropped,
    mirrored,
    open_samples,
    patched,
    reversed_fields,
)
from training.sources import PairSource
from training.train import LOSSES, MODEL, STATE, DivergedError, StateError, rate_at, train

DEMO = ROOT / "training" / "recipes" / "pix2pixcc-demo.toml"
RECIPE = Recipe.from_toml(DEMO.read_text())


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("training")
    for name, seed, test in (("suns", 1, False), ("others", 2, True)):
        campaign = Campaign(RECIPE.disk, seed, seeds=1, epochs=1, times=2, test=test)
        simulate(folder / name, campaign, processes=0, renderer=SMALL_RENDERER)
    small = folder / "recipe.toml"
    small.write_text(
        DEMO.read_text()
        .replace("n_gf = 16", "n_gf = 4")
        .replace("n_residual = 6", "n_residual = 1")
    )
    smoke = read_config(ROOT / "training" / "configs" / "smoke.toml")
    paths = {"store": (folder / "suns",), "validation": folder / "others"}
    data = smoke.data.model_copy(update=paths)
    return smoke.model_copy(update={"recipe": small, "data": data})


def losses(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / LOSSES).read_text().splitlines()]


def test_the_smoke_run_lowers_the_loss_and_leaves_a_model(config: Config, tmp_path: Path) -> None:
    state = train(config, tmp_path)
    found = [entry["generator"] for entry in losses(tmp_path)]
    assert len(found) == config.run.iterations
    assert np.mean(found[-4:]) < np.mean(found[:4])
    model = checkpoint.read(tmp_path / MODEL)
    assert checkpoint.build(model.recipe, model.state).input_channels == 7
    assert state.best > -1
    assert list((tmp_path / "tensorboard").glob("events*"))


def test_a_resumed_run_has_the_losses_of_one_that_never_stopped(
    config: Config, tmp_path: Path
) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    train(config, whole, last=8)
    train(config, parted, last=5)
    train(config, parted, last=8)
    assert [entry["step"] for entry in losses(parted)] == list(range(1, 9))
    for one, other in zip(losses(whole), losses(parted), strict=True):
        assert one == pytest.approx(other, rel=1e-5)


def test_the_precision_is_one_the_device_is_fast_in_and_stays_that_of_the_state(
    config: Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    auto = config.model_copy(update={"run": config.run.model_copy(update={"precision": "auto"})})
    for has_bfloat16, expected in ((True, "bf16-mixed"), (False, "32-true")):
        monkeypatch.setattr("training.train.torch_has_bfloat16", lambda has=has_bfloat16: has)
        assert train(auto, tmp_path / expected, last=1).precision == expected
        assert f"{expected} on cpu" in capsys.readouterr().out
    assert train(auto, tmp_path / "bf16-mixed", last=2).precision == "bf16-mixed"


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_state(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(config, tmp_path, last=6)
    before = (tmp_path / STATE).read_bytes()
    monkeypatch.setattr("training.losses.concordance", lambda made, _: made.sum() * torch.nan)
    with pytest.raises(DivergedError, match="step 7: got a loss of nan"):
        train(config, tmp_path)
    assert (tmp_path / STATE).read_bytes() == before


def test_steps_that_are_taken_again_are_counted_once(config: Config, tmp_path: Path) -> None:
    train(config, tmp_path, last=2)
    with (tmp_path / LOSSES).open("a") as file:
        file.write('{"step": 3, "generator": 0.0}\n')  # the run was killed after this step
    train(config, tmp_path, last=4)
    assert [entry["step"] for entry in losses(tmp_path)] == [1, 2, 3, 4]


def test_a_state_of_another_network_is_refused_before_anything_is_lost(
    config: Config, tmp_path: Path
) -> None:
    train(config, tmp_path, last=1)
    other = config.model_copy(update={"recipe": DEMO})
    with pytest.raises(StateError, match="another Recipe"):
        train(other, tmp_path)
    assert len(losses(tmp_path)) == 1


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("[run]\nepochs = 3", "run.epochs: Extra inputs"),
        ("[run", "is not TOML"),
        ("", "data: Field"),
    ],
)
def test_a_configuration_that_does_not_parse_says_where(
    line: str, complaint: str, tmp_path: Path
) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f'recipe = "r.toml"\n{line}\n')
    with pytest.raises(ConfigError, match=complaint):
        read_config(path)


@pytest.mark.parametrize("name", ["demo", "smoke"])
def test_the_configurations_that_come_with_it_parse(name: str) -> None:
    config = read_config(ROOT / "training" / "configs" / f"{name}.toml")
    assert Recipe.from_toml((ROOT / config.recipe).read_text()).name == "pix2pixcc-demo"


def samples_of(config: Config, recipe: Recipe = RECIPE, cache_gib: float = 0.0) -> SampleDataset:
    store = open_store(config.data.store[0])
    indices = store.select("train").tolist()
    return SampleDataset(PairSource(store, recipe, indices), indices, recipe, cache_gib)


def test_a_sample_is_what_the_service_would_give_the_network_and_the_truth(
    config: Config,
) -> None:
    store = open_store(config.data.store[0])
    planes = samples_of(config)[1].numpy()
    sample = store[1]
    disks: list[Disk] = [*sample.stack(RECIPE).given, sample.truth]
    scalings = [*(channel.scaling for channel in RECIPE.channels), RECIPE.field.scaling]
    assert planes.shape == (8, 256, 256)
    for plane, disk, scaling in zip(planes, disks, scalings, strict=True):
        wanted = np.empty_like(plane)
        scale_disk(disk, scaling, out=wanted)
        if disk.origin.is_magnetogram:
            wanted *= leading_sign(sample.stack(RECIPE).time)
        np.testing.assert_allclose(plane, wanted, rtol=1e-3, atol=1e-6)


def test_references_are_turned_into_the_view_where_the_recipe_wants_it(config: Config) -> None:
    still, turned = (
        RECIPE.model_copy(update={"reference_view": view, "polarity": "measured"})
        for view in ("own", "observation")
    )
    own, aligned = (samples_of(config, recipe)[1].numpy() for recipe in (still, turned))
    np.testing.assert_array_equal(own[:3], aligned[:3])
    np.testing.assert_array_equal(own[7], aligned[7])
    stack = open_store(config.data.store[0])[1].stack(turned)
    rotated = np.nan_to_num(stack.given[6].image) / 1500
    np.testing.assert_allclose(aligned[6], rotated, rtol=1e-3, atol=1e-6)
    assert not np.array_equal(own[6], aligned[6])


def test_samples_have_the_channels_of_any_recipe(config: Config) -> None:
    three = RECIPE.model_copy(update={"channels": RECIPE.channels[2::-1]})
    planes, all_planes = samples_of(config, three)[0], samples_of(config)[0]
    assert torch.equal(planes, all_planes[[2, 1, 0, 7]])


def test_a_kept_sample_is_the_same_as_one_made_anew(config: Config) -> None:
    keeping = samples_of(config, cache_gib=1.5 * 8 * 256**2 * 2 / 2**30)
    first = [keeping[index] for index in range(len(keeping))]
    again = [keeping[index] for index in range(len(keeping))]
    for index, anew in enumerate(samples_of(config)[index] for index in range(2)):
        assert torch.equal(first[index], anew)
        assert torch.equal(again[index], anew)


def with_data(config: Config, **changes: object) -> Config:
    return config.model_copy(update={"data": config.data.model_copy(update=changes)})


def test_a_bad_disk_stops_the_run_before_its_first_step(config: Config, tmp_path: Path) -> None:
    store = tmp_path / "holed"
    shutil.copytree(config.data.store[0], store)
    (store / "disks" / "c" / "6" / "0" / "0").unlink()
    with pytest.raises(StoreError, match=r"EUVI-A 171 of set 1 \(row 6\): got values that are"):
        train(with_data(config, store=(store,)), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_channel_that_no_set_has_stops_the_run_before_its_first_step(
    config: Config, tmp_path: Path
) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(config.recipe.read_text().replace('"AIA 193"', '"AIA 211"'))
    with pytest.raises(IncompleteSetError, match="as reference, expected AIA 211 as reference"):
        train(config.model_copy(update={"recipe": recipe}), tmp_path / "run")


def test_disks_on_another_grid_are_refused(config: Config) -> None:
    other = RECIPE.model_copy(update={"grid": Grid(64, 28.0)})
    with pytest.raises(StoreError, match=r"got images on Grid.*256.*, expected Grid.*64.*finer"):
        samples_of(config, other)


def test_a_store_without_samples_of_its_split_is_refused(config: Config) -> None:
    swapped = with_data(config, store=(config.data.validation,))
    with pytest.raises(StoreError, match="others: got no sample of split 'train'"):
        open_samples(swapped.data, RECIPE)


def test_samples_are_of_the_dates_that_are_asked_for(config: Config) -> None:
    recipe = Recipe.from_toml(config.recipe.read_text())
    stores = [open_store(path) for path in (config.data.store[0], config.data.validation)]
    days = [[date.fromisoformat(s.sets[p.target].time[:10]) for p in s.pairs] for s in stores]
    last = max(max(each) for each in days)
    before = config.data.model_copy(update={"dates": (date(2000, 1, 1), last - timedelta(days=1))})
    found = [len(samples) for samples in open_samples(before, recipe)]
    assert found == [sum(day < last for day in each) for each in days]
    assert sum(found) < sum(map(len, days))
    never = config.data.model_copy(update={"dates": (date(2000, 1, 1), date(2000, 1, 2))})
    with pytest.raises(StoreError, match="split 'train' of 2000-01-01 to 2000-01-02"):
        open_samples(never, recipe)


def test_a_sun_that_is_trained_on_does_not_validate(config: Config, tmp_path: Path) -> None:
    campaign = Campaign(RECIPE.disk, 1, seeds=2, epochs=1, times=2, test=True)
    simulate(tmp_path / "both", campaign, processes=0, renderer=SMALL_RENDERER)
    leaking = with_data(config, validation=tmp_path / "both")
    with pytest.raises(
        StoreError, match="got 1 suns that are trained on, as seed 1, expected none"
    ):
        open_samples(leaking.data, RECIPE)


def test_validation_takes_so_many_samples_at_most(config: Config) -> None:
    few = with_data(config, validation_samples=1)
    _, validation = open_samples(few.data, RECIPE)
    assert len(validation) == 1
    store = open_store(config.data.validation)
    assert len(store) == 2
    alone = SampleDataset(PairSource(store, RECIPE, [0]), [0], RECIPE)
    assert torch.equal(validation[0], alone[0])


def test_batches_follow_from_the_step_alone(config: Config) -> None:
    batches = Batches(samples_of(config), RECIPE, config.data, size=2, seed=3)
    ahead = dict(batches.steps(4, 6))
    assert sorted(ahead) == [4, 5, 6]
    assert torch.equal(ahead[5], batches.batch(5))
    assert not torch.equal(ahead[5], batches.batch(6))


def test_upside_down_euv_stays_and_fields_change_sign() -> None:
    batch = torch.arange(8.0).reshape(1, 2, 2, 2)
    assert mirrored(batch, [1]).tolist() == [[[[2, 3], [0, 1]], [[-6, -7], [-4, -5]]]]


def test_inputs_and_targets_are_turned_alike_by_hales_law(config: Config) -> None:
    measured, by_law = (
        samples_of(config, RECIPE.model_copy(update={"polarity": polarity}))
        for polarity in ("measured", "hale")
    )
    signs = set()
    for index in range(len(measured)):
        date = open_store(config.data.store[0])[index].stack(RECIPE).time
        sign = leading_sign(date)
        signs.add(sign)
        assert torch.equal(by_law[index][:6], measured[index][:6])
        assert torch.equal(by_law[index][6:], sign * measured[index][6:])
    assert signs


def test_reversed_suns_keep_their_euv_and_turn_their_fields() -> None:
    batch = torch.tensor([[[[0.0, 1.0]], [[4.0, -5.0]]]])
    assert reversed_fields(batch, [1]).tolist() == [[[[0, 1]], [[-4, 5]]]]
    assert batch.tolist() == [[[[0, 1]], [[4, -5]]]]


def test_a_crop_is_a_window_of_the_padded_image() -> None:
    batch = torch.arange(64.0).reshape(1, 1, 8, 8)
    window = cropped(batch, 2, np.random.default_rng(0))
    assert window.shape == batch.shape
    assert set(window.flatten().tolist()) <= set(batch.flatten().tolist())


def test_a_patch_is_a_window_of_the_image_at_its_own_resolution() -> None:
    batch = torch.arange(64.0).reshape(1, 1, 8, 8)
    corners = {patched(batch, 6, np.random.default_rng(k))[0, 0, 0, 0].item() for k in range(60)}
    assert corners == {8.0 * y + x for y in range(3) for x in range(3)}
    assert patched(batch, 8, np.random.default_rng(0)).equal(batch)
    assert patched(batch, None, np.random.default_rng(0)).equal(batch)
    with pytest.raises(ValueError, match="patches of 9 px: expected at most the 8 px given"):
        patched(batch, 9, np.random.default_rng(0))


def test_the_linear_rate_is_held_and_then_falls_to_nothing() -> None:
    optimiser = Optimiser(rate=3.0, schedule="linear", hold=2 / 3)
    assert [rate_at(optimiser, step, 150) for step in (1, 100)] == pytest.approx([3, 3])
    assert [rate_at(optimiser, step, 150) for step in (125, 150)] == pytest.approx([1.5, 0])


def test_the_rate_rises_falls_and_stays_as_the_schedule_says() -> None:
    assert rate_at(Optimiser(rate=1.0, warmup=10), 5, 100) == 0.5
    assert rate_at(Optimiser(rate=1.0), 100, 100) == 1.0
    cosine = Optimiser(rate=1.0, schedule="cosine")
    assert [rate_at(cosine, step, 100) for step in (50, 100)] == pytest.approx([0.5, 0])
