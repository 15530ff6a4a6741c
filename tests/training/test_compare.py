"""The comparison says of each model what its scores say, and pairs its differences by suns."""

import sys
from itertools import product
from pathlib import Path

import pytest
import torch
from astropy.time import Time

from farside.model import checkpoint
from farside.model.recipe import Recipe
from farside.sun.solar_cycle import cycle_of
from tests.support.live import ROOT
from tests.support.tiny_recipe import recipe
from tests.training.score.fakes import GRID
from tests.training.small_renderer import SMALL_RENDERER
from training.compare.__main__ import main
from training.compare.benchmark import Candidate, benchmark
from training.compare.page import markdown
from training.compare.result import Comparison, summarise
from training.data import Campaign, open_store, simulate
from training.score.measures import CC, FULL
from training.score.predictions import PERSISTENCE
from training.score.summary import MAIN_AGES
from training.scoring.markdown import read_scores
from training.scoring.models import load
from training.scoring.table import Key


def small(name: str, channels: slice) -> Recipe:
    """The small Recipe with some of its channels."""
    full = recipe(name)
    chosen = full.channels[channels]
    arguments = full.network.arguments | {"input_channels": len(chosen)}
    network = full.network.model_copy(update={"arguments": arguments})
    return full.model_copy(update={"grid": GRID, "channels": chosen, "network": network})


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A store, a model with a reference pair and one without."""
    folder = tmp_path_factory.mktemp("comparison")
    simulate(
        folder / "suns", Campaign(GRID, 5, 2, epochs=2, times=2, test=True), renderer=SMALL_RENDERER
    )
    found = [folder / "suns"]
    for seed, named in enumerate((small("paired", slice(7)), small("alone", slice(3)))):
        torch.manual_seed(seed)
        path = folder / f"{named.name}.safetensors"
        checkpoint.write(path, checkpoint.initialise(named).state_dict(), named)
        found.append(path)
    return found


@pytest.fixture(scope="module")
def comparison(files: list[Path]) -> Comparison:
    store, *models = files
    candidates = [Candidate(*load(str(path), store)) for path in models]
    records = benchmark(open_store(store), candidates)
    return summarise(records, candidates, "command", "suns", 2)


def test_it_has_every_model_and_what_they_must_beat(comparison: Comparison) -> None:
    assert comparison.predictions == ("paired", "alone", "persistence", "zero field")
    assert [entry.uses_reference for entry in comparison.entries] == [True, False]
    assert comparison.units == ("seed 5", "seed 6")


def test_cycles_are_told_apart_by_the_date_of_the_observation(
    files: list[Path], comparison: Comparison
) -> None:
    store = open_store(files[0])
    sets = [store.sets[pair.target] for pair in store.pairs]
    found = {f"cycle {cycle_of(Time(each.time))}" for each in sets}
    assert comparison.cycles == tuple(sorted(found))


def test_differences_are_paired_over_suns(comparison: Comparison) -> None:
    for area in (FULL, "AR"):
        names = ("paired", "alone", PERSISTENCE)
        first, alone, before = (
            comparison.estimate(Key(CC, area, MAIN_AGES, name)) for name in names
        )
        if not (first and alone and before):
            continue
        less = {
            (one, other): comparison.estimate(Key(CC, area, MAIN_AGES, one, other))
            for one, other in product(names, repeat=2)
        }
        first_minus, minus_persistence = less["paired", "alone"], less["alone", PERSISTENCE]
        assert first_minus
        assert minus_persistence
        assert less["paired", "paired"] is None
        assert less[PERSISTENCE, PERSISTENCE] is None
        assert first_minus.mean == pytest.approx(first.mean - alone.mean, abs=1e-9)
        assert minus_persistence.mean == pytest.approx(alone.mean - before.mean, abs=1e-9)


def test_a_zero_field_has_the_errors_of_the_truth_itself(comparison: Comparison) -> None:
    zero = comparison.estimate(Key("R2", FULL, MAIN_AGES, "zero field"))
    assert zero
    assert zero.mean == pytest.approx(1)


def test_the_page_has_every_number_of_the_first_table(comparison: Comparison) -> None:
    page = markdown(comparison)
    for prediction in ("paired", "alone", "persistence"):
        mean = comparison.estimate(Key(CC, FULL, MAIN_AGES, prediction))
        assert mean
        assert f"| {prediction} | {mean.mean:.3f} [" in page
    assert "fewer than 40" in page


def test_the_command_writes_the_same_numbers(
    files: list[Path], comparison: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "docs" / "comparison.md"
    monkeypatch.setattr(sys, "argv", ["compare", *map(str, files), "--out", str(page)])
    main()
    found = read_scores(page.with_suffix(".json"), Comparison)
    assert found.command == "python -m training.compare suns paired alone"
    assert [each.key for each in found.means] == [each.key for each in comparison.means]
    here, there = ([m.estimate.mean for m in each.means] for each in (found, comparison))
    assert here == pytest.approx(there)
    assert page.read_text().startswith("# The far-side generators")


def test_of_the_first_sun_alone_there_is_no_interval(files: list[Path]) -> None:
    store, model, _ = files
    candidates = [Candidate(*load(str(model), store))]
    found = summarise(benchmark(open_store(store), candidates, suns=1), candidates, "", "suns", 2)
    assert found.units == ("seed 5",)
    mean = found.estimate(Key(CC, FULL, MAIN_AGES, "paired"))
    assert mean
    assert mean.low is None


def test_two_models_of_one_name_are_refused(files: list[Path], tmp_path: Path) -> None:
    store, model, _ = files
    candidate = Candidate(*load(str(model), store))
    with pytest.raises(ValueError, match="got paired, paired, expected each name once"):
        benchmark(open_store(store), [candidate, candidate])


def test_the_page_of_the_project_is_of_the_models_that_are_shipped() -> None:
    page = ROOT / "docs" / "comparison.md"
    found = read_scores(page.with_suffix(".json"), Comparison)
    shipped = {
        model.recipe.name: model.identity
        for model in map(checkpoint.read, ROOT.glob("model_repository/*/*/*.safetensors"))
        if any(c.takes("observation", "EUVI", "304") for c in model.recipe.channels)
    }
    assert {entry.name: entry.identity for entry in found.entries} == shipped
    assert page.read_text() == markdown(found)
