"""Measures of drawings that are known by arithmetic, and their sums over Suns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from farside.magnetogram.uncertainty import skill
from farside.model.engine import Model
from farside.simulation.instruments.registered import BANDS
from tests.support.small_drawings import RECIPE
from tests.training.restoration.handmade import GRID, TRUTH, drawn_sun, inside, spot, sun_images
from training.restoration.drawnscores import (
    ALL,
    BLANK,
    FIELD,
    FLUX,
    MEASURES,
    OTHER,
    POLARITY,
    QUIET,
    SPOTTED,
    UNSIGNED,
    DrawingMeasures,
    DrawingScores,
    measure_drawing,
    summarise,
)
from training.restoration.drawnsuns import SunImages
from training.score.measures import AR, FULL
from training.score.run import MODEL
from training.scoring.table import Key, paired

REVERSED = SunImages(-TRUTH.field, TRUTH.brightness)
NOTHING = sun_images(spot(0, 0.0))


def drawn(seed: int, model: SunImages, hand: str = "tower") -> DrawingMeasures:
    predictions = {MODEL: model, OTHER: REVERSED, QUIET: NOTHING}
    return measure_drawing(drawn_sun(seed, hand), predictions, GRID)


def numbers(found: DrawingMeasures) -> dict[tuple[str, str], list[float]]:
    """Values of the model by measure and area."""
    values: dict[tuple[str, str], list[float]] = {each: [] for each in MEASURES}
    for row in found.rows:
        if row.prediction == MODEL and row.measure != FLUX:
            values[row.measure, row.area].append(row.value)
    return values


@pytest.fixture(scope="module")
def scores() -> DrawingScores:
    """Four Suns by two hands, all right; one disk blank."""
    measured = [drawn(seed, TRUTH, ("tower", "galileo")[seed % 2]) for seed in range(4)]
    measured[3] = replace(measured[3], has_spots=False)
    return summarise(measured, Model(RECIPE, "ab" * 32), "the command")


def test_the_truth_scores_one() -> None:
    values = numbers(drawn(0, TRUTH))
    assert values[FIELD, AR]
    for found in values.values():
        assert found == pytest.approx([1.0] * len(found))


def test_reversed_polarity_is_wrong_everywhere_but_as_strong() -> None:
    values = numbers(drawn(0, REVERSED))
    assert values[FIELD, FULL] == pytest.approx([-1.0])
    assert values[POLARITY, FULL] == [0.0]
    assert values[UNSIGNED, FULL] == pytest.approx([1.0])


def test_a_constant_says_nothing() -> None:
    values = numbers(drawn(0, NOTHING))
    for measure in (FIELD, UNSIGNED, *BANDS["SDO"]):
        assert values[measure, FULL] == [0.0]


def test_a_disk_without_strong_field_has_no_polarity_to_get_right() -> None:
    quiet = sun_images(spot(0, 20.0))
    found = numbers(measure_drawing(drawn_sun(truth=quiet), {MODEL: TRUTH}, GRID))
    assert not found[POLARITY, FULL]
    assert not found[FIELD, AR]


def test_half_the_field_has_half_the_flux() -> None:
    weak = SunImages(inside(TRUTH.field / 2), TRUTH.brightness)
    for area in (FULL, AR):
        pairs = paired(drawn(0, weak).rows)[MODEL, FLUX, area]
        assert pairs
        for generated, true in pairs:
            assert generated == pytest.approx(true / 2, rel=1e-5)


def test_differences_are_of_the_model_from_each_other_answer(scores: DrawingScores) -> None:
    other, quiet = (scores.estimate(Key(FIELD, FULL, ALL, MODEL, name)) for name in (OTHER, QUIET))
    assert other
    assert other.mean == pytest.approx(2.0)
    assert other.units == 4
    assert quiet
    assert quiet.mean == pytest.approx(1.0)


def test_hands_and_disks_with_and_without_spots_are_told_apart(scores: DrawingScores) -> None:
    counts = {}
    for cases in ("tower", "galileo", SPOTTED, BLANK):
        mean = scores.estimate(Key(FIELD, FULL, cases, MODEL))
        assert mean
        counts[cases] = mean.values
    assert counts == {"tower": 2, "galileo": 2, SPOTTED: 3, BLANK: 1}
    assert (scores.suns, scores.drawings, scores.spotless) == (4, 4, 1)


def test_the_recipe_gets_the_skill_and_one_score_of_each_measure(scores: DrawingScores) -> None:
    assert len(scores.scores) == 3 + len(BANDS["SDO"])
    assert skill(RECIPE.model_copy(update={"scores": scores.scores})) == 1.0
    assert {score.command for score in scores.scores} == {"the command"}
