"""Scores of models of drawings: measures of each drawing, and means over suns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from farside import __version__
from farside.evaluation.blocks import WHOLE, Box
from farside.evaluation.flux import unsigned_flux_mx
from farside.evaluation.metrics import correlation, polarity_accuracy
from farside.evaluation.score_regions import select_patches
from farside.magnetogram.stack import Stack
from farside.magnetogram.uncertainty import SKILL_MEASURE
from farside.model.engine import Engine, Model
from farside.model.recipe import Score
from farside.pipeline import translate
from farside.simulation import VERSION
from farside.simulation.instruments.registered import BANDS
from farside.sun.grid import Grid, Image
from training.restoration.drawnsuns import DrawnSun, SunImages
from training.score.measures import AR, FULL
from training.score.run import MODEL
from training.scoring.table import TRUTH, Key, Row, Scores, means, regressions

OTHER, QUIET = "drawing of another Sun", "quiet Sun"

FIELD, UNSIGNED, POLARITY = "field", "unsigned field", "polarity of pixels"

SCORED = {
    FIELD: SKILL_MEASURE,
    UNSIGNED: "correlation of |B| 8×8, full disk",
    POLARITY: "polarity of pixels above 50 G, full disk",
    **{band: f"correlation of log brightness 8×8, {band}, full disk" for band in BANDS["SDO"]},
}
"""Names of the measures in a Recipe."""

ALL, SPOTTED, BLANK = "all", "spots on the disk", "no spot on the disk"

FLUX = "TUMF"

MEASURES = (
    *product((FIELD, UNSIGNED, *BANDS["SDO"]), (FULL, AR)),
    (POLARITY, FULL),
)
"""Measures and areas in the order of the tables."""


@dataclass(frozen=True)
class DrawingMeasures:
    """Scores of one drawing as rows of the table."""

    seed: int
    hand: str
    has_spots: bool
    rows: tuple[Row, ...]

    @property
    def cases(self) -> tuple[str, ...]:
        """Names of the groups that the drawing belongs to."""
        return ALL, SPOTTED if self.has_spots else BLANK, self.hand


@dataclass(frozen=True, kw_only=True)
class DrawingScores(Scores):
    """Scores of a model of drawings; `identity` and `scores` are for its Recipe."""

    model: str
    version: str
    identity: str
    command: str
    farside: str
    simulation: int
    grid: Grid
    suns: int
    drawings: int
    spotless: int
    scores: tuple[Score, ...]


def predict(stack: Stack, model: Model, engine: Engine) -> SunImages:
    """Predict field and brightness from a model input."""
    made = translate(stack, model, engine)
    return SunImages(made.image, {view.band: view.image for view in made.brightness})


def measure_drawing(
    sun: DrawnSun, predictions: Mapping[str, SunImages], grid: Grid
) -> DrawingMeasures:
    """Compare all predictions for one drawing with the truth."""
    active = [patch.box for patch in select_patches(sun.truth.field, grid) if patch.kind == AR]
    boxes = [(FULL, WHOLE), *((AR, box) for box in active)]
    values = {
        name: [*_correlations(each, sun.truth, grid, boxes), *_fluxes(each, grid, boxes)]
        for name, each in predictions.items()
    }
    values[TRUTH] = [*_fluxes(sun.truth, grid, boxes)]
    unit, case = f"seed {sun.seed}", f"{sun.view.time.isot} {sun.hand}"
    rows = (Row(unit, case, name, *value) for name, own in values.items() for value in own)
    return DrawingMeasures(sun.seed, sun.hand, sun.has_spots, tuple(rows))


Value = tuple[str, str, float]
"""Measure, area and value."""

Boxes = Sequence[tuple[str, Box]]
"""Boxes with the name of their area."""


def _correlations(made: SunImages, true: SunImages, grid: Grid, boxes: Boxes) -> Iterator[Value]:
    pairs = {FIELD: (made.field, true.field)}
    pairs[UNSIGNED] = np.abs(made.field), np.abs(true.field)
    pairs |= {
        band: (np.log10(made.brightness[band]), np.log10(image))
        for band, image in true.brightness.items()
    }
    for measure, images in pairs.items():
        for area, box in boxes:
            yield measure, area, _correlation(*images, grid, box)
    right = polarity_accuracy(made.field, true.field, grid)
    if np.isfinite(right):
        yield POLARITY, FULL, right


def _fluxes(images: SunImages, grid: Grid, boxes: Boxes) -> Iterator[Value]:
    for area, box in boxes:
        yield FLUX, area, unsigned_flux_mx(images.field, grid, box)


def _correlation(made: Image, true: Image, grid: Grid, box: Box) -> float:
    """Correlation at one degree; a constant image scores 0, as an unrelated one."""
    found = correlation(made, true, grid, box=box)
    return found if np.isfinite(found) else 0.0


def summarise(drawn: Sequence[DrawingMeasures], model: Model, command: str) -> DrawingScores:
    """Summarise all drawings: means over suns with intervals, and regressions of flux."""
    groups = {
        cases: [row for each in drawn if cases in each.cases for row in each.rows]
        for cases in dict.fromkeys(name for each in drawn for name in each.cases)
    }
    found = Scores(
        means=tuple(means(groups, MEASURES, ((MODEL, OTHER), (MODEL, QUIET)))),
        regressions=tuple(regressions(groups[ALL], (MODEL, OTHER), ((FLUX, FULL), (FLUX, AR)))),
    )
    suns = len({each.seed for each in drawn})
    return DrawingScores(
        means=found.means,
        regressions=found.regressions,
        model=model.recipe.name,
        version=model.recipe.version,
        identity=model.identity,
        command=command,
        farside=__version__,
        simulation=VERSION,
        grid=model.recipe.disk,
        suns=suns,
        drawings=len(drawn),
        spotless=sum(not each.has_spots for each in drawn),
        scores=tuple(_scores(found, suns, command)),
    )


def _scores(found: Scores, suns: int, command: str) -> Iterator[Score]:
    """Yield the scores for the Recipe."""
    for measure, area in MEASURES:
        estimate = found.estimate(Key(measure, area, ALL, MODEL))
        if estimate and area == FULL:
            yield Score(
                measure=f"{SCORED[measure]}, drawings of {suns} suns not trained on",
                value=float(f"{estimate.mean:.4f}"),
                command=command,
            )
