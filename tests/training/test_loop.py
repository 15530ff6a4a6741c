"""A run of seconds keeps the promises of a run of days."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from farside import checkpoint
from farside.recipe import Recipe
from tests.live import ROOT
from training.config import Config, ConfigError, read_config
from training.loop import LOSSES, MODEL, STATE, DivergedError, StateError, train
from training.samples import Batches, Samples, cropped, mirrored
from training.simulated import render

DEMO = ROOT / "training" / "recipes" / "pix2pixcc-demo.toml"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("training")
    for seed in range(2):
        np.save(folder / f"{seed}.npy", render(seed).planes.astype(np.float16))
    small = folder / "recipe.toml"
    small.write_text(
        DEMO.read_text()
        .replace("n_gf = 16", "n_gf = 4")
        .replace("n_residual = 6", "n_residual = 1")
    )
    smoke = read_config(ROOT / "training" / "configs" / "smoke.toml")
    data = smoke.data.model_copy(update={"samples": folder, "validation": folder})
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


@pytest.mark.parametrize(
    ("planes", "complaint"),
    [
        (np.ones((7, 256, 256), np.float16), r"got planes \(7, 256, 256\), wanted \(8, 256, 256\)"),
        (np.full((8, 256, 256), np.nan, np.float16), "not finite"),
    ],
)
def test_a_sample_that_is_none_is_refused_by_name(
    planes: np.ndarray, complaint: str, tmp_path: Path
) -> None:
    np.save(tmp_path / "5.npy", planes)
    samples = Samples(tmp_path, Recipe.from_toml(DEMO.read_text()))
    with pytest.raises(ValueError, match=f"5.npy: .*{complaint}"):
        samples[0]


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no samples in"):
        Samples(tmp_path, Recipe.from_toml(DEMO.read_text()))


def test_batches_follow_from_the_step_alone(config: Config) -> None:
    recipe = Recipe.from_toml(config.recipe.read_text())
    samples = Samples(config.data.samples, recipe)
    batches = Batches(samples, recipe, config.data, size=2, seed=3)
    ahead = dict(batches.steps(4, 6))
    assert sorted(ahead) == [4, 5, 6]
    assert torch.equal(ahead[5], batches.batch(5))
    assert not torch.equal(ahead[5], batches.batch(6))


def test_upside_down_euv_stays_and_fields_change_sign() -> None:
    batch = torch.arange(8.0).reshape(1, 2, 2, 2)
    assert mirrored(batch, [1]).tolist() == [[[[2, 3], [0, 1]], [[-6, -7], [-4, -5]]]]


def test_a_crop_is_a_window_of_the_padded_image() -> None:
    batch = torch.arange(64.0).reshape(1, 1, 8, 8)
    window = cropped(batch, 2, np.random.default_rng(0))
    assert window.shape == batch.shape
    assert set(window.flatten().tolist()) <= set(batch.flatten().tolist())
