"""What is said of the shipped model holds: in its Recipe, in docs/scores, on other suns."""

import json

import numpy as np
import pytest

from farside.evaluation.metrics import correlation
from farside.model import checkpoint
from farside.model.engine import Model, find_model
from farside.model.engines.torch import TorchEngine
from farside.pipeline import prepare, translate
from farside.simulation.instruments.files import SimulatedSet, read_truth
from tests.support.live import ROOT

REPORT = json.loads((ROOT / "docs" / "scores" / "report.json").read_text())
FLAGSHIP = json.loads((ROOT / "docs" / "farside-1" / "report.json").read_text())
OLD = ("5–10 d", "10–15 d", "15–20 d", "20–25 d", "25–27.3 d")


@pytest.fixture(scope="module")
def engine() -> TorchEngine:
    return TorchEngine.from_repository(ROOT / "model_repository")


@pytest.fixture(scope="module")
def model(engine: TorchEngine) -> Model:
    return find_model(engine, "pix2pixcc-demo")


def test_the_report_is_of_this_model_and_this_sun(model: Model) -> None:
    assert REPORT["identity"] == model.identity
    assert REPORT["simulation"] == 3
    assert len(REPORT["units"]) >= 40
    assert not REPORT["leak"]["leak"]


def test_the_recipe_carries_the_reports_scores_and_error_model(model: Model) -> None:
    assert [(s.measure, s.value) for s in model.recipe.scores] == [
        (score["measure"], score["value"]) for score in REPORT["scores"]
    ]
    assert model.recipe.errors is not None
    assert model.recipe.errors.model_dump(mode="json") == REPORT["errors"]
    assert model.recipe.training.data == "SIMULATED"


@pytest.mark.parametrize("area", ["full disk", "AR", "QR"])
@pytest.mark.parametrize("ages", OLD)
def test_it_beats_persistence_at_every_age_from_five_days_on(area: str, ages: str) -> None:
    key = ("CC 8×8", area, ages, "model", "persistence")
    (less,) = (mean for mean in REPORT["means"] if tuple(mean.values())[:5] == key)
    assert less["estimate"]["low"] > 0


def test_newly_emerged_regions_have_their_flux() -> None:
    (new,) = (row for row in REPORT["regions"] if row["kind"] == "newly emerged")
    assert new["flux_correlation"] > 0.8


def test_the_shipped_file_is_small() -> None:
    (path,) = (ROOT / "model_repository" / "pix2pixcc-demo").glob("*/model.safetensors")
    assert path.stat().st_size <= 6e6
    assert checkpoint.read(path).recipe.version == path.parent.name


def test_from_files_to_product_it_finds_the_field_of_another_sun(
    model: Model, engine: TorchEngine, simulated: SimulatedSet, small: SimulatedSet
) -> None:
    found = []
    for files in (simulated, small):
        stack = prepare(files.observations, files.references, model.recipe)
        truth = read_truth(files.truth, model.recipe.disk)
        made = translate(stack, model, engine).image
        found.append(correlation(made, truth, model.recipe.disk))
    assert np.mean(found) > 0.1, found


def test_the_flagship_is_the_model_of_its_report() -> None:
    (path,) = (ROOT / "model_repository" / "farside-1").glob("*/model.safetensors")
    model = checkpoint.read(path)
    assert path.stat().st_size <= 25e6
    assert FLAGSHIP["identity"] == model.identity
    assert FLAGSHIP["simulation"] == 3
    assert not FLAGSHIP["leak"]["leak"]
    assert [(score.measure, score.value) for score in model.recipe.scores] == [
        (score["measure"], score["value"]) for score in FLAGSHIP["scores"]
    ]
    assert model.recipe.errors is not None


@pytest.mark.parametrize("area", ["full disk", "AR", "QR"])
def test_the_flagship_beats_persistence_from_five_days_on(area: str) -> None:
    key = ("CC 8×8", area, "from 5 d", "model", "persistence")
    (less,) = (mean for mean in FLAGSHIP["means"] if tuple(mean.values())[:5] == key)
    assert less["estimate"]["low"] > 0.05
