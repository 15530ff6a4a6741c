"""What is said of the shipped model holds on suns that it has not seen."""

import pytest

from farside.engine import Model, find_model
from farside.engines.torch import TorchEngine
from tests.live import ROOT
from training.score import TIME, Case, mix, score, simulate, tabulate


@pytest.fixture(scope="module")
def engine() -> TorchEngine:
    return TorchEngine.from_repository(ROOT / "model_repository")


@pytest.fixture(scope="module")
def model(engine: TorchEngine) -> Model:
    return find_model(engine, "pix2pixcc-demo")


@pytest.fixture(scope="module")
def cases(model: Model) -> list[Case]:
    return [
        simulate(seed, TIME, longitude, model.recipe) for seed, longitude in ((4, 162), (5, 198))
    ]


def test_the_model_beats_persistence_and_needs_both_its_euv_and_its_reference(
    cases: list[Case], model: Model, engine: TorchEngine
) -> None:
    scores = [
        score(case, other, model, engine) for case, other in zip(cases, cases[::-1], strict=True)
    ]
    for found in scores:
        assert found.model > max(0.6, found.persistence)
        assert found.model > found.other_reference
        assert found.model > 0.3 + found.other_euv
    assert tabulate(cases, scores).row_count == 3


def test_mixing_takes_the_observation_of_one_and_the_reference_of_the_other(
    cases: list[Case], model: Model
) -> None:
    mixed = mix(cases[0].stack, cases[1].stack, model.recipe)
    assert mixed.disks[:3] == cases[0].stack.disks[:3]
    assert mixed.disks[3:] == cases[1].stack.disks[3:]
    assert mixed.observer == cases[0].stack.observer


def test_the_shipped_model_says_what_it_was_trained_on_and_how_it_scores(model: Model) -> None:
    assert model.recipe.training.data == "SIMULATED"
    assert model.recipe.scores[0].value > 0.6
    size = (ROOT / "model_repository/pix2pixcc-demo/1/model.safetensors").stat().st_size
    assert size <= 6e6
