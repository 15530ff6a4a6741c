"""Every generator is trained by the one loop: each demonstration as a run of seconds."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from farside.evaluation.metrics import correlation
from farside.model import checkpoint
from farside.model.recipe import Recipe
from farside.sun.grid import Grid
from tests.support.live import ROOT
from tests.training.small_renderer import SMALL_RENDERER
from training.config import (
    Adversary,
    Config,
    ConfigError,
    Initialisation,
    Stage,
    read_config,
)
from training.data import Campaign, simulate
from training.samples import open_samples
from training.train import LOSSES, MODEL, train

GRID = Grid(96, 42.1875)
DEMOS = ("pix2pix-demo", "pix2pixhd-demo", "multilayer-demo")
NARROW = {
    "pix2pix-demo": ("n_gf = 14, levels = 8", "n_gf = 4, levels = 5"),
    "pix2pixhd-demo": (
        "n_gf = 8, n_downsample = 4, n_residual = 9",
        "n_gf = 4, n_downsample = 2, n_residual = 1",
    ),
    "multilayer-demo": ("n_gf = 16, n_downsample = 4", "n_gf = 4, n_downsample = 3"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two stores, and of each demonstration its Recipe and configuration made small."""
    folder = tmp_path_factory.mktemp("generators")
    for name, seed, test in (("suns.zarr", 1, False), ("other-suns.zarr", 2, True)):
        campaign = Campaign(GRID, seed, seeds=1, epochs=1, times=2, test=test)
        simulate(folder / name, campaign, processes=0, renderer=SMALL_RENDERER)
    for name in DEMOS:
        recipe = (ROOT / "training" / "recipes" / f"{name}.toml").read_text()
        wide, narrow = NARROW[name]
        assert wide in recipe
        short = recipe.replace(wide, narrow)
        short = short.replace("size_px = 256", "size_px = 96").replace("112.5", "42.1875")
        (folder / f"{name}.toml").write_text(short)
    return folder


def small(adversary: Adversary) -> Adversary:
    return adversary.model_copy(update={"n_df": 4, "strided": min(adversary.strided, 2)})


def config_of(folder: Path, name: str) -> Config:
    """The demonstration's own configuration; twelve steps, four in each stage of three."""
    configs = ROOT / "training" / "configs"
    full = read_config(configs / f"{name}.toml")
    # The demonstration went on from weights that had been trained in these stages.
    staged = read_config(configs / "multilayer.toml") if name == "multilayer-demo" else full
    paths = {"store": (folder / "suns.zarr",), "validation": folder / "other-suns.zarr"}
    patch = {"patch_px": 64 if full.data.patch_px else None}
    run = {"iterations": 12, "validate_every": 4, "accelerator": "cpu", "batch": 2}
    stages = [
        # Its coarsest images have 16 pixels: patches of 34 are as much as they take.
        Stage(until=4 * (index + 1), halvings=stage.halvings, adversary=small(stage.adversary))
        for index, stage in enumerate(staged.stages)
    ]
    rate = {"rate": 1e-3, "schedule": "constant"}
    return full.model_copy(
        update={
            "recipe": folder / f"{name}.toml",
            "data": full.data.model_copy(update=paths | patch),
            "run": full.run.model_copy(update=run),
            "stages": tuple(stages),
            "optimiser": full.optimiser.model_copy(update=rate),
            "initialisation": Initialisation(conv_std=0.02, transposed_std=0.02),
        }
    )


def losses(out: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (out / LOSSES).read_text().splitlines()]


@pytest.mark.parametrize("name", DEMOS)
def test_a_smoke_run_lowers_the_loss_and_leaves_a_model(
    folder: Path, name: str, tmp_path: Path
) -> None:
    config = config_of(folder, name)
    still = {"patch_px": None, "mirror": False}  # one patch is harder than another
    train(config.model_copy(update={"data": config.data.model_copy(update=still)}), tmp_path)
    found = [entry["generator"] for entry in losses(tmp_path)]
    assert len(found) == 12
    for first in range(0, 12, 12 // len(config.stage_schedule)):
        stage = found[first : first + 12 // len(config.stage_schedule)]
        assert np.mean(stage[-2:]) < np.mean(stage[:2])
    model = checkpoint.read(tmp_path / MODEL)
    assert model.recipe.network.name.startswith(name.removesuffix("-demo"))
    network = checkpoint.build(model.recipe, model.state)
    answer = network(torch.zeros(1, network.input_channels, 96, 96))
    assert answer.shape == (1, 1, 96, 96)


def test_the_score_of_a_run_is_that_of_the_model_as_it_will_be_served(
    folder: Path, tmp_path: Path
) -> None:
    config = config_of(folder, "pix2pix-demo")
    best = train(config, tmp_path).best
    model = checkpoint.read(tmp_path / MODEL)
    network = checkpoint.build(model.recipe, model.state)
    _, validation = open_samples(config.data, model.recipe)
    scores = []
    for index in range(len(validation)):
        sample = validation[index]
        made = network(sample[None, :-1])[0, 0].numpy()
        true = sample[-1].numpy()
        scores.append(correlation(made * GRID.on_disk(), true * GRID.on_disk(), GRID))
    assert np.mean(scores) == pytest.approx(best, abs=1e-3)  # weights are kept in half precision


@pytest.mark.parametrize("name", ["pix2pix-demo", "multilayer-demo"])
def test_a_run_with_dropout_or_stages_goes_on_as_if_never_stopped(
    folder: Path, name: str, tmp_path: Path
) -> None:
    config, whole, parted = config_of(folder, name), tmp_path / "whole", tmp_path / "parted"
    train(config, whole, last=6)
    for last in (3, 6):
        train(config, parted, last=last)
    for one, other in zip(losses(whole), losses(parted), strict=True):
        assert one == pytest.approx(other, rel=1e-5)


def test_layers_are_trained_one_after_the_other_and_kept_when_the_last_has_begun(
    folder: Path, tmp_path: Path
) -> None:
    config = config_of(folder, "multilayer-demo")
    states = []
    for last in (4, 8, 12):
        state = train(config, tmp_path, last=last)
        states.append({k: v.clone() for k, v in state.generator.network.state_dict().items()})
        assert (tmp_path / MODEL).exists() == (last == 12)
    for stage, (before, after) in enumerate(pairwise(states), start=1):
        moved = {key.split(".")[1] for key in after if not torch.equal(before[key], after[key])}
        assert moved == {str(stage)}


def test_targets_end_where_the_output_does(folder: Path) -> None:
    config = config_of(folder, "pix2pix-demo")
    recipe = Recipe.from_toml(config.recipe.read_text())
    free = recipe.model_copy(update={"saturation_gauss": None})
    cut, whole = (open_samples(config.data, each)[0][0] for each in (recipe, free))
    assert whole[-1].abs().max() > 2
    torch.testing.assert_close(cut[-1], whole[-1].clamp(-1, 1))
    assert torch.equal(cut[:-1], whole[:-1])


@pytest.mark.parametrize(
    ("stages", "complaint"),
    [
        ("[[stages]]\nuntil = 5\n[[stages]]\nuntil = 3", r"got \[5, 3\]"),
        ("[[stages]]\nuntil = 5", r"the last at step 12: got \[5\]"),
        ("[adversary]\nn_df = 4\n[[stages]]\nuntil = 12", "got one beside them"),
    ],
)
def test_stages_that_do_not_make_a_run_are_refused(
    stages: str, complaint: str, tmp_path: Path
) -> None:
    path = tmp_path / "config.toml"
    smoke = (ROOT / "training" / "configs" / "smoke.toml").read_text()
    path.write_text(smoke.replace("[adversary]\nn_df = 4", stages))
    with pytest.raises(ConfigError, match=complaint):
        read_config(path)


def test_the_finest_layer_alone_sees_the_whole_resolution(folder: Path, tmp_path: Path) -> None:
    config = config_of(folder, "multilayer-demo")
    state = train(config, tmp_path, last=1)
    discriminators = state.adversary
    assert discriminators is not None
    sizes = []
    for index, stage in enumerate(config.stage_schedule):
        side = 64 // 2**stage.halvings
        image = torch.zeros(1, 1, side, side)
        with torch.inference_mode():
            sizes.append(discriminators.network(image, image, index)[0][-1].shape[-1])
    # The coarser the layer, the larger the patch of one answer, and the fewer answers.
    assert sizes == sorted(sizes)
    assert np.diff(sizes).min() > 0
