"""The whole way of a model, by its commands: suns, training, scores, publication."""

import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from farside.model import checkpoint
from tests.support.live import ROOT
from training.compare.result import Comparison
from training.score.measures import CC
from training.score.summary import MAIN_AGES
from training.scoring.markdown import read_scores
from training.scoring.table import Key

SMOKE = (ROOT / "training" / "configs" / "smoke.toml").read_text()


def run(module: str, *arguments: str, folder: Path) -> str:
    """Run one of the project's programs as a user would."""
    done = subprocess.run(  # noqa: S603  our own command
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.soak
def test_a_model_goes_from_suns_to_a_published_file_with_its_scores(tmp_path: Path) -> None:
    recipe = ROOT / "training" / "recipes" / "pix2pixcc-demo.toml"
    options = ["--recipe", str(recipe), "--epochs", "1", "--times", "3"]
    for out, seeds, split in (
        ("suns.zarr", "1000000:2", "train"),
        ("other-suns.zarr", "5:2", "test"),
    ):
        run(
            "training.data",
            "simulate",
            "--out",
            out,
            "--seeds",
            seeds,
            "--split",
            split,
            *options,
            folder=tmp_path,
        )
    (tmp_path / "smoke.toml").write_text(
        SMOKE.replace("training/recipes/pix2pixcc-demo.toml", str(recipe))
    )
    run("training", "smoke.toml", "--out", "run", folder=tmp_path)
    trained = "run/model.safetensors"
    run(
        "training.score",
        trained,
        "other-suns.zarr",
        "--out",
        "report",
        "--no-series",
        folder=tmp_path,
    )
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["units"] == ["seed 5", "seed 6"]
    assert "fewer than 40" in report["warnings"][0]
    path = run(
        "export.publish",
        trained,
        "--repository",
        "models",
        "--report",
        "report/report.json",
        folder=tmp_path,
    )
    published = checkpoint.read(tmp_path / path.strip()).recipe
    assert [score.value for score in published.scores] == [
        score["value"] for score in report["scores"]
    ]
    assert published.errors is not None


@pytest.mark.soak
def test_suns_of_other_seeds_give_the_scores_that_are_shipped(tmp_path: Path) -> None:
    shipped = json.loads((ROOT / "docs" / "scores" / "report.json").read_text())
    simulate = ["simulate", "--seeds", "40:40", "--epochs", "1", "--split", "test"]
    run("training.data", *simulate, "--out", "suns.zarr", folder=tmp_path)
    repository = str(ROOT / "model_repository")
    command = ["pix2pixcc-demo", "suns.zarr", "--out", "report", "--repository", repository]
    run("training.score", *command, "--no-series", "--no-controls", folder=tmp_path)
    made = json.loads((tmp_path / "report" / "report.json").read_text())
    assert made["identity"] == shipped["identity"]
    for area in ("full disk", "AR", "QR"):
        here, there = (correlation(report, area) for report in (made, shipped))
        assert here["low"] < there["high"], area
        assert there["low"] < here["high"], area


@pytest.mark.soak
def test_suns_of_other_seeds_give_the_comparison_of_the_project(tmp_path: Path) -> None:
    shipped = read_scores(ROOT / "docs" / "comparison.json", Comparison)
    simulate = ["simulate", "--seeds", "40:40", "--epochs", "1", "--split", "test"]
    run("training.data", *simulate, "--out", "suns.zarr", folder=tmp_path)
    names = [entry.name for entry in shipped.entries]
    options = ["--out", "page.md", "--repository", str(ROOT / "model_repository")]
    run("training.compare", "suns.zarr", *names, *options, folder=tmp_path)
    made = read_scores(tmp_path / "page.json", Comparison)
    for prediction, area in product(names, ("full disk", "AR", "QR")):
        key = Key(CC, area, MAIN_AGES, prediction)
        one, other = (each.estimate(key) for each in (made, shipped))
        assert one
        assert other
        assert (one.low or 0) < (other.high or 0), (prediction, area)
        assert (other.low or 0) < (one.high or 0), (prediction, area)


def correlation(report: dict[str, list[dict[str, object]]], area: str) -> dict[str, float]:
    """The model's estimate for references of at least five days."""
    key = ("CC 8×8", area, "from 5 d", "model", "")
    (found,) = (mean for mean in report["means"] if tuple(mean.values())[:5] == key)
    estimate = found["estimate"]
    assert isinstance(estimate, dict)
    return estimate
