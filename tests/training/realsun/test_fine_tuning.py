"""Fine-tuning of the flagship on the real sets, as if they were an archive of SDO."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from farside.model import checkpoint
from farside.model.recipe import Recipe
from tests.support.live import ROOT
from training.config import Config, read_config
from training.data import open_store
from training.data.archive import ArchivePlan, prepare
from training.data.pairing import MonthsRule
from training.samples import open_samples
from training.train import LOSSES, MODEL, train

CONFIG = "training/configs/farside-1-real.toml"


@pytest.fixture(scope="module")
def store(real_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("real") / "sdo.zarr"
    recipe = Recipe.from_toml((ROOT / "training/recipes/farside-1.toml").read_text())
    prepare([real_folder], store, ArchivePlan(recipe.disk, rule=MonthsRule(2024, 1), alone=True))
    return store


@pytest.fixture(scope="module")
def config(store: Path) -> Config:
    config = read_config(ROOT / CONFIG)
    data = config.data.model_copy(update={"store": (store,), "validation": store, "cache_gib": 0.1})
    weights = config.initialisation.model_copy(
        update={"weights": ROOT / (config.initialisation.weights or "")}
    )
    run = config.run.model_copy(update={"iterations": 2, "batch": 1, "validate_every": 1})
    settings = {"data": data, "run": run, "initialisation": weights, "recipe": ROOT / config.recipe}
    return config.model_copy(update=settings)


def test_sets_without_an_earlier_one_are_samples_without_a_reference(
    store: Path, config: Config
) -> None:
    pairs = open_store(store)
    assert len(pairs) == 7  # of eight dates: one has but one band
    assert all(pair.alone for pair in pairs.pairs)
    recipe = Recipe.from_toml(config.recipe.read_text())
    samples, _ = open_samples(config.data, recipe)
    sample = samples[0]
    assert sample.shape == (recipe.input_planes + 1, 512, 512)
    referred, there = sample[3:7], sample[10:14]
    assert not referred.any()
    assert not there.any()
    assert sample[7:10].any((1, 2)).all()
    assert sample[-1].std() > 0.05  # the field, in 100 G


def test_the_shipped_weights_go_on_from_where_they_are(config: Config, tmp_path: Path) -> None:
    train(config, tmp_path)
    lines = [json.loads(line) for line in (tmp_path / LOSSES).read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2]
    before = checkpoint.read(config.initialisation.weights or Path()).state
    after = checkpoint.read(tmp_path / MODEL).state
    moved = {name: float((after[name] - tensor).abs().max()) for name, tensor in before.items()}
    assert 0 < max(moved.values()) < 0.01
