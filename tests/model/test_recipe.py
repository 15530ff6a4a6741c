"""Recipe: strict parsing and validation."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farside.errors import RecipeError
from farside.model.recipe import Channel, Linear, MedianLog, Recipe

TOML = (Path(__file__).parents[1] / "golden" / "recipe.toml").read_text()

HUGE_TILES = {"tile_px": 10**9, "overlap_px": 0, "pixel_arcsec": 0.5, "mask_radius": 1.0}


@pytest.fixture
def table() -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(Recipe.from_toml(TOML).to_json())
    return parsed


def test_toml_and_json_are_the_same_recipe() -> None:
    recipe = Recipe.from_toml(TOML)
    assert Recipe.from_json(recipe.to_json()) == recipe


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("colour",), "red", "colour: Extra inputs"),
        (("grid", "depth"), 3, "grid.registered.depth"),
        (("grid", "size_px"), "64", "grid.registered.size_px.*'64'"),
        (("grid", "size_px"), 10**9, "grid of 1000000000 px, expected at most 4200"),
        (("grid",), HUGE_TILES, "grid of 1000000000 px, expected at most 4200"),
        (("grid", "disk_radius_px"), 40.0, "must fit the grid: got 0.998 × 40.0 px"),
        (("grid", "mask_radius"), -1.0, "must fit the grid"),
        (("channels", 0, "scaling", "low"), 0.0, "low.*greater than 0"),
        (("channels", 0, "scaling", "low"), 200.0, "low must be below high, got 200.0 and 100.0"),
        (("channels", 0, "scaling", "kind"), "sqrt", "sqrt"),
        (("channels", 0, "accepts"), ["the Sun"], "accepts.0"),
        (("channels", 0, "accepts"), [], "accepts"),
        (("channels",), [], "channels"),
        (("channels", 0, "role"), "reference", "role 'observation', got none"),
        (("network", "name"), "os:system.evil", "network.name"),
        (("network", "name"), "..pickle:loads", "network.name"),
        (("version",), "1.2", "version"),
        (("name",), "../up", "name"),
        (("outputs", 0, "quantity"), "sigma", "outputs must be the field"),
        (("training", "dates"), ["2026-01-01", "2010-01-01"], "dates must rise"),
        (("training", "dates"), ["2026-01-01", "soon"], "training.dates.1"),
        (("training", "reference_age_days"), [9.0, 1.0], "ages must rise"),
        (("timing", "spread_hours"), 0.0, "timing.spread_hours"),
        (("schema_version",), 2, "schema_version"),
        (("reference_view",), "earth", "reference_view.*'earth'"),
    ],
)
def test_the_invalid_field_is_named(
    table: dict[str, Any], path: tuple[str | int, ...], value: object, said: str
) -> None:
    part: Any = table
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    with pytest.raises(RecipeError, match=said):
        Recipe.from_json(json.dumps(table))


@pytest.mark.parametrize("key", ["name", "grid", "channels", "timing", "training", "network"])
def test_missing_part_is_an_error_and_never_a_default(table: dict[str, Any], key: str) -> None:
    del table[key]
    with pytest.raises(RecipeError, match=f"{key}: Field required"):
        Recipe.from_json(json.dumps(table))


def test_not_a_number_is_refused() -> None:
    with pytest.raises(RecipeError, match="greatest_lag_hours"):
        Recipe.from_toml(TOML.replace("greatest_lag_hours = 48", "greatest_lag_hours = inf"))


def test_text_that_is_not_toml_is_refused() -> None:
    with pytest.raises(RecipeError, match="not TOML"):
        Recipe.from_toml("name = ")


@given(st.binary(max_size=200))
def test_any_bytes_give_a_recipe_error(text: bytes) -> None:
    with pytest.raises(RecipeError):
        Recipe.from_json(text)


def test_one_image_may_not_fit_two_channels(table: dict[str, Any]) -> None:
    table["channels"].append(table["channels"][0])
    with pytest.raises(RecipeError, match="got two for EUVI 195 as observation"):
        Recipe.from_json(json.dumps(table))


def test_euvi_stands_for_both_spacecraft() -> None:
    channel = Channel(
        role="observation", accepts=("EUVI 195", "AIA 193"), scaling=MedianLog(low=0.01, high=100)
    )
    assert channel.takes("observation", "EUVI-A", "195")
    assert channel.takes("observation", "EUVI-B", "195")
    assert channel.takes("observation", "AIA", "193")
    assert not channel.takes("reference", "EUVI-A", "195")
    assert not channel.takes("observation", "EUVI-A", "193")


def test_one_spacecraft_can_be_asked_for() -> None:
    channel = Channel(role="observation", accepts=("EUVI-A 195",), scaling=Linear(scale=1.0))
    assert channel.takes("observation", "EUVI-A", "195")
    assert not channel.takes("observation", "EUVI-B", "195")


def test_arguments_keep_their_types(table: dict[str, Any]) -> None:
    table["network"]["arguments"] = {"n_gf": 4, "trans_conv": True, "p": 0.5, "norm": "instance"}
    arguments = Recipe.from_json(json.dumps(table)).network.arguments
    assert [type(value) for value in arguments.values()] == [int, bool, float, str]


def test_channels_of_a_role_keep_their_order() -> None:
    recipe = Recipe.from_toml(TOML)
    assert [str(c) for c in recipe.channels_of("reference")] == ["HMI LOS as reference"]
    assert [str(c) for c in recipe.channels_of("observation")] == ["EUVI 195 as observation"]


def test_references_are_seen_as_they_were_taken_where_an_old_recipe_does_not_say(
    table: dict[str, Any],
) -> None:
    del table["reference_view"]
    assert Recipe.from_json(json.dumps(table)).reference_view == "own"


def test_the_view_of_references_travels_with_the_recipe() -> None:
    recipe = Recipe.from_toml(f'reference_view = "observation"\n{TOML}')
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert recipe.reference_view == "observation"


@pytest.mark.parametrize(("role", "view"), [("observation", "observation"), ("reference", "own")])
def test_a_synoptic_map_is_a_reference_in_the_view_of_the_observation(
    table: dict[str, Any], role: str, view: str
) -> None:
    table["reference_view"] = view
    table["channels"][1 if role == "reference" else 0]["accepts"] = ["MAP LOS"]
    with pytest.raises(RecipeError, match="is rendered in the view of the observation"):
        Recipe.from_json(json.dumps(table))
