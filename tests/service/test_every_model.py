"""The models that are shipped, each as a client meets it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from farside import checkpoint
from farside.magnetogram import Magnetogram
from farside.quality import Quality
from farside.recipe import Recipe
from farside.simulation.files import SimulatedSet
from tests.live import ROOT, serving

REPOSITORY = ROOT / "model_repository"
RECIPES = [checkpoint.read(path).recipe for path in checkpoint.newest(REPOSITORY)]

Part = tuple[str, tuple[str, bytes]]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("every-model")
    with (
        serving(folder, model_repository=REPOSITORY, threads=1) as server,
        httpx.Client(base_url=server.url, timeout=120) as connected,
    ):
        yield connected


def parts(simulated: SimulatedSet, recipe: Recipe) -> list[Part]:
    """The files that a model wants, of those that are written in its Recipe's order."""
    given = {"observation": simulated.observations, "reference": simulated.references}
    bands = {
        "observation": ("EUVI 304", "EUVI 195", "EUVI 171"),
        "reference": ("AIA 304", "AIA 193", "AIA 171", "HMI LOS"),
    }
    return [
        part(role, path)
        for role, paths in given.items()
        for band, path in zip(bands[role], paths, strict=True)
        if any(channel.takes(role, *band.split()) for channel in recipe.channels)
    ]


def part(role: str, path: Path) -> Part:
    return role, (path.name, path.read_bytes())


def test_models_lists_each_with_its_scores(client: httpx.Client) -> None:
    cards = {card["name"]: card for card in client.get("/models").json()["models"]}
    assert set(cards) == {recipe.name for recipe in RECIPES}
    for card in cards.values():
        assert card["scores"]
        assert all(score["command"] for score in card["scores"])


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_each_generates_from_the_files_it_wants(
    client: httpx.Client, simulated: SimulatedSet, recipe: Recipe
) -> None:
    files = parts(simulated, recipe)
    assert len(files) == len(recipe.channels)
    answer = client.post("/generate", files=files, data={"model": recipe.name})
    assert answer.status_code == 200, answer.text
    made = Magnetogram.read(answer.content)
    assert (made.generator.model, made.generator.version) == (recipe.name, recipe.version)
    assert len(made.inputs) == len(recipe.channels)
    assert Quality.SIMULATED_TRAINING in made.quality
    if recipe.saturation_gauss:
        on_disk = made.image[made.grid.on_disk()]
        assert abs(on_disk).max() <= recipe.saturation_gauss * 1.001


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_files_of_another_model_are_refused_with_what_this_one_wants(
    client: httpx.Client, simulated: SimulatedSet, recipe: Recipe
) -> None:
    wants = f"{recipe.name} wants {', '.join(str(channel) for channel in recipe.channels)}"
    stranger = part("observation", simulated.references[0])
    answer = client.post(
        "/generate", files=[*parts(simulated, recipe), stranger], data={"model": recipe.name}
    )
    assert (answer.status_code, answer.json()["type"]) == (422, "UnexpectedImageError")
    assert wants in answer.json()["error"]


def test_without_a_model_its_name_is_asked_for(
    client: httpx.Client, simulated: SimulatedSet
) -> None:
    if len(RECIPES) == 1:
        pytest.skip("one model is the default")
    answer = client.post("/generate", files=parts(simulated, RECIPES[0]))
    assert answer.status_code == 400
    for recipe in RECIPES:
        assert recipe.name in answer.json()["error"]
