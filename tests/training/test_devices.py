"""Training on two devices: one run with one set of files, which goes on as if never stopped."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local_triton.processes import PATIENCE_S
from farside.model import checkpoint
from farside.model.recipe import Recipe
from tests.support.live import ROOT
from tests.training.small_renderer import SMALL_RENDERER
from training.data import Campaign, simulate
from training.train import LOSSES, MODEL, STATE

DEMO = (ROOT / "training" / "recipes" / "pix2pixcc-demo.toml").read_text()
SMOKE = (ROOT / "training" / "configs" / "smoke.toml").read_text()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two stores and a small recipe."""
    folder = tmp_path_factory.mktemp("devices")
    grid = Recipe.from_toml(DEMO).disk
    for name, seed, test in (("suns.zarr", 1, False), ("other-suns.zarr", 2, True)):
        simulate(
            folder / name,
            Campaign(grid, seed, 1, epochs=1, times=2, test=test),
            renderer=SMALL_RENDERER,
        )
    narrow = DEMO.replace("n_gf = 16", "n_gf = 4").replace("n_residual = 6", "n_residual = 1")
    (folder / "recipe.toml").write_text(narrow)
    return folder


def train(folder: Path, out: Path, iterations: int) -> None:
    """Run smoke.toml on two devices as a user would."""
    config = folder / f"{iterations}.toml"
    config.write_text(
        SMOKE.replace("training/recipes/pix2pixcc-demo.toml", "recipe.toml")
        .replace("iterations = 12", f"iterations = {iterations}\ndevices = 2")
        .replace("validate_every = 6", "validate_every = 2")
    )
    command = [sys.executable, "-m", "training", str(config), "--out", str(out)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(  # noqa: S603  our own command
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stdout + done.stderr


def losses(out: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (out / LOSSES).read_text().splitlines()]


@pytest.mark.soak
def test_two_devices_leave_the_files_of_one_and_go_on_from_them(
    folder: Path, tmp_path: Path
) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    train(folder, whole, 4)
    train(folder, parted, 2)
    assert [entry["step"] for entry in losses(parted)] == [1, 2]
    train(folder, parted, 4)
    assert losses(parted) == losses(whole)
    model = checkpoint.read(whole / MODEL)
    assert checkpoint.build(model.recipe, model.state).input_channels == 7
    names = {path.name for path in whole.iterdir()}
    assert names == {LOSSES, MODEL, STATE, "tensorboard"}
    assert len(list((whole / "tensorboard").iterdir())) == 1
