"""The models that are shipped, each as a client meets it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from astropy.time import Time

from deploy.local_triton.processes import PATIENCE_S
from farside.magnetogram.magnetogram import Magnetogram
from farside.model import checkpoint
from farside.model.recipe import Recipe
from farside.quality import Quality
from farside.simulation.drawings.files import write_drawing
from farside.simulation.instruments.files import SimulatedSet
from farside.simulation.instruments.hmi_series import write_frames
from tests.support.live import ROOT, serving
from tests.support.once import once

REPOSITORY = ROOT / "model_repository"
RECIPES = [checkpoint.read(path).recipe for path in checkpoint.newest_versions(REPOSITORY)]

Offered = dict[str, dict[str, list[Path]]]
Part = tuple[str, tuple[str, bytes]]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("every-model")
    with (
        serving(folder, model_repository=REPOSITORY, threads=1) as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_S) as connected,
    ):
        yield connected


@pytest.fixture(scope="module")
def offered(simulated: SimulatedSet, tmp_path_factory: pytest.TempPathFactory) -> Offered:
    """By role and by what it shows: the files of one image."""
    time = Time("2014-06-10T12:00:00")
    drawn = once(tmp_path_factory, "drawn", write_drawing, time, 3)
    (frame,) = once(tmp_path_factory, "frame", write_frames, time, 3, 1).frames
    euvi, sdo = (
        {band: [path] for band, path in zip(bands, paths, strict=True)}
        for bands, paths in (
            (("EUVI 304", "EUVI 195", "EUVI 171"), simulated.observations),
            (("AIA 304", "AIA 193", "AIA 171", "HMI LOS"), simulated.references),
        )
    )
    others = {"DRAWING WHITE": [drawn.drawing, drawn.side_car], "HMI LOS": [frame]}
    return {"observation": euvi | others, "reference": sdo}


def parts(offered: Offered, recipe: Recipe) -> list[Part]:
    """The files that a model wants."""
    return [
        part(channel.role, path)
        for channel in recipe.channels
        for shown, paths in offered[channel.role].items()
        if channel.takes(channel.role, *shown.split())
        for path in paths
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
    client: httpx.Client, offered: Offered, recipe: Recipe
) -> None:
    files = parts(offered, recipe)
    answer = client.post("/generate", files=files, data={"model": recipe.name})
    assert answer.status_code == 200, answer.text
    made = Magnetogram.read(answer.content)
    assert (made.generator.model, made.generator.version) == (recipe.name, recipe.version)
    assert len(made.inputs) == len(recipe.channels)
    assert [view.band for view in made.brightness] == [each.band for each in recipe.brightness]
    assert Quality.SIMULATED_TRAINING in made.quality
    if recipe.saturation_gauss:
        on_disk = made.image[made.grid.on_disk()]
        assert abs(on_disk).max() <= recipe.saturation_gauss * 1.001


def test_a_seed_asks_for_a_realisation_where_the_model_knows_its_error(
    client: httpx.Client, offered: Offered
) -> None:
    for recipe in RECIPES:
        if recipe.name in ("farside-1", "pix2pix-demo"):
            data = {"model": recipe.name, "seed": "7"}
            answer = client.post("/generate", files=parts(offered, recipe), data=data)
            if recipe.name == "farside-1":
                assert Magnetogram.read(answer.content).seed == 7
            else:
                assert (answer.status_code, answer.json()["type"]) == (422, "UnexpectedImageError")
                assert "expected both, as farside-1 gives" in answer.json()["error"]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_files_of_another_model_are_refused_with_what_this_one_wants(
    client: httpx.Client, offered: Offered, recipe: Recipe
) -> None:
    stranger = part("observation", _not_taken(offered, recipe))
    answer = client.post(
        "/generate", files=[*parts(offered, recipe), stranger], data={"model": recipe.name}
    )
    assert (answer.status_code, answer.json()["type"]) == (422, "UnexpectedImageError")
    _, wants = answer.json()["error"].split(f"{recipe.name} wants ")
    assert all(str(channel) in wants for channel in recipe.channels)


def _not_taken(offered: Offered, recipe: Recipe) -> Path:
    """A file that no channel takes as an observation."""
    return next(
        paths[0]
        for images in offered.values()
        for shown, paths in images.items()
        if shown != "DRAWING WHITE"  # a drawing without its side-car is another fault
        and not any(channel.takes("observation", *shown.split()) for channel in recipe.channels)
    )


AIA_ALONE = [
    recipe
    for recipe in RECIPES
    if not recipe.channels_of("reference") and recipe.channels[0].takes("observation", "AIA", "304")
]


@pytest.mark.parametrize("recipe", AIA_ALONE, ids=lambda recipe: recipe.name)
def test_aia_as_observation_gives_the_side_that_faces_earth(
    client: httpx.Client, offered: Offered, recipe: Recipe
) -> None:
    given = {"observation": offered["reference"], "reference": {}}
    answer = client.post("/generate", files=parts(given, recipe), data={"model": recipe.name})
    assert answer.status_code == 200, answer.text
    made = Magnetogram.read(answer.content)
    assert (made.spacecraft, made.observer.longitude_deg) == ("SDO", 0.0)
    assert {given.role for given in made.inputs} == {"observation"}
    assert made.reference_age_days is None
    assert made.quality == Quality.SIMULATED_TRAINING


def test_a_model_with_a_reference_pair_takes_aia_in_both_roles(
    client: httpx.Client, offered: Offered
) -> None:
    recipe = next(each for each in RECIPES if each.channels_of("reference"))
    given = offered | {"observation": offered["reference"]}
    answer = client.post("/generate", files=parts(given, recipe), data={"model": recipe.name})
    assert answer.status_code == 200, answer.text
    made = Magnetogram.read(answer.content)
    assert made.spacecraft == "SDO"
    assert made.reference_age_days == pytest.approx(0, abs=0.01)
    assert not made.quality & (Quality.OLD_REFERENCE | Quality.OUTSIDE_TRAINING)


def test_without_a_model_its_name_is_asked_for(client: httpx.Client, offered: Offered) -> None:
    answer = client.post("/generate", files=parts(offered, RECIPES[0]))
    assert answer.status_code == 400
    for recipe in RECIPES:
        assert recipe.name in answer.json()["error"]
