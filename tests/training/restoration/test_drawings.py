"""The command: two suns on a small grid, page, numbers and picture."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from export.publish import publish, read_report
from farside.errors import RecipeError
from farside.model import checkpoint
from farside.model.recipe import Recipe
from farside.simulation.drawings.styles import DRAWING_STYLES
from tests.support.native_model import NATIVE
from tests.support.small_drawings import RECIPE, write_model
from tests.training.restoration.handmade import TRUTH, drawn_sun
from training.restoration.drawings import check, parser, score
from training.restoration.drawingspicture import PicturedDrawing, before_and_after


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a scored model."""
    found = tmp_path_factory.mktemp("scored")
    write_model(found / "model.safetensors")
    words = [found / "model.safetensors", "--suns", 2, "--dates", 1, "--out", found / "page.md"]
    score(parser().parse_args(list(map(str, words))))
    return found


def test_the_page_says_what_was_scored_and_how(folder: Path) -> None:
    page = (folder / "page.md").read_text()
    for words in (
        "2 drawings of 2 suns not trained on",
        "`python -m training.restoration.drawings model.safetensors --suns 2 --dates 1`",
        "fewer than 40 suns",
        "drawing of another Sun",
        *(f"| {hand} | " for hand in DRAWING_STYLES),
    ):
        assert words in page


def test_the_page_links_a_picture_only_if_there_is_one(folder: Path) -> None:
    linked = "(page.png)" in (folder / "page.md").read_text()
    assert linked is (folder / "page.png").exists()


def test_the_numbers_are_the_report_that_a_published_model_takes(folder: Path) -> None:
    report = read_report(folder / "page.json")
    path = publish(folder / "model.safetensors", folder / "repository", report=report)
    assert checkpoint.read(path).recipe.scores == report.scores
    assert len(report.scores) >= 5
    assert json.loads((folder / "page.json").read_text())["suns"] == 2


def test_a_picture_shows_two_rows_for_each_drawing_and_is_small() -> None:
    shown = [PicturedDrawing(drawn_sun(hand=hand), TRUTH) for hand in ("tower", "galileo")]
    one, two = (before_and_after(some) for some in (shown[:1], shown))
    assert len(two) < 250_000
    with Image.open(BytesIO(one)) as short, Image.open(BytesIO(two)) as tall:
        assert short.width == tall.width
        assert tall.height > 1.7 * short.height


@pytest.mark.parametrize(
    "recipe", [NATIVE, RECIPE.model_copy(update={"outputs": RECIPE.outputs[:2]})]
)
def test_a_model_of_something_else_is_refused(recipe: Recipe) -> None:
    with pytest.raises(
        RecipeError, match="expected DRAWING WHITE as observation to field, AIA 304"
    ):
        check(recipe)
