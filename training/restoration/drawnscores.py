"""Scores of models of drawings: measures of each drawing, and means over suns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from farside import __version__
from farside.evaluation.blocks import WHOLE, Box
from farside.evaluation.compare import PairedValue
from farside.evaluation.flux import unsigned_flux_mx
from farside.evaluation.metrics import correlation, polarity_accuracy
from farside.evaluation.score_regions import select_patches
from farside.evaluation.statistics import regress
from farside.magnetogram.stack import Stack
from farside.magnetogram.uncertainty import SKILL_MEASURE
from farside.model.engine import Engine, Model
from farside.model.recipe import Score
from farside.pipeline import translate
from farside.simulation import VERSION
from farside.simulation.instruments.registered import BANDS
from farside.sun.grid import Grid, Image
from training.restoration.drawnsuns import DrawnSun, SunImages
from training.score.run import MODEL
from training.score.summary import (
    AR,
    FULL,
    Estimate,
    RegressionRow,
    Values,
    difference,
    estimated,
)

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

Numbers = Mapping[tuple[str, str], Sequence[float]]
"""Values by measure and area."""


@dataclass(frozen=True)
class DrawingMeasures:
    """Scores of one drawing.

    Attributes
    ----------
    numbers
        Measures by prediction.
    fluxes
        TUMF by prediction and area, maxwell.
    """

    seed: int
    hand: str
    has_spots: bool
    numbers: Mapping[str, Numbers]
    fluxes: Mapping[str, Mapping[str, Sequence[PairedValue]]]

    @property
    def cases(self) -> tuple[str, ...]:
        """Names of the groups that the drawing belongs to."""
        return ALL, SPOTTED if self.has_spots else BLANK, self.hand


@dataclass(frozen=True)
class Cell:
    """Mean of one measure of one prediction over a group of drawings.

    Attributes
    ----------
    cases
        Group: all, with or without spots, or one drawing style.
    less
        Paired difference of the model minus this prediction, over the suns that have both.
    """

    measure: str
    area: str
    cases: str
    prediction: str
    estimate: Estimate
    less: Estimate | None


@dataclass(frozen=True)
class DrawingScores:
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
    cells: tuple[Cell, ...]
    regressions: tuple[RegressionRow, ...]
    scores: tuple[Score, ...]

    def cell(
        self, measure: str, area: str, cases: str = ALL, prediction: str = MODEL
    ) -> Cell | None:
        """Cell by its keys; None if it was not measured."""
        wanted = measure, area, cases, prediction
        keys = ((each.measure, each.area, each.cases, each.prediction) for each in self.cells)
        return next((e for e, key in zip(self.cells, keys, strict=True) if key == wanted), None)


def predict(stack: Stack, model: Model, engine: Engine) -> SunImages:
    """Predict field and brightness from a model input."""
    made = translate(stack, model, engine)
    return SunImages(made.image, {view.band: view.image for view in made.brightness})


def measure_drawing(
    sun: DrawnSun, predictions: Mapping[str, SunImages], grid: Grid
) -> DrawingMeasures:
    """Compare all predictions for one drawing with the truth."""
    active = [patch.box for patch in select_patches(sun.truth.field, grid) if patch.kind == AR]
    boxes = {FULL: [WHOLE], AR: active}
    return DrawingMeasures(
        seed=sun.seed,
        hand=sun.hand,
        has_spots=sun.has_spots,
        numbers={
            name: dict(_numbers(each, sun.truth, grid, boxes)) for name, each in predictions.items()
        },
        fluxes={
            name: {
                area: [_flux(each.field, sun.truth.field, grid, box) for box in found]
                for area, found in boxes.items()
            }
            for name, each in predictions.items()
        },
    )


def _numbers(
    made: SunImages, true: SunImages, grid: Grid, boxes: Mapping[str, Sequence[Box]]
) -> Iterator[tuple[tuple[str, str], list[float]]]:
    pairs = {FIELD: (made.field, true.field)}
    pairs[UNSIGNED] = np.abs(made.field), np.abs(true.field)
    pairs |= {
        band: (np.log10(made.brightness[band]), np.log10(image))
        for band, image in true.brightness.items()
    }
    for measure, images in pairs.items():
        for area, found in boxes.items():
            yield (measure, area), [_correlation(*images, grid, box) for box in found]
    right = polarity_accuracy(made.field, true.field, grid)
    yield (POLARITY, FULL), [right] if np.isfinite(right) else []


def _correlation(made: Image, true: Image, grid: Grid, box: Box) -> float:
    """Correlation at one degree; a constant image scores 0, as an unrelated one."""
    found = correlation(made, true, grid, box=box)
    return found if np.isfinite(found) else 0.0


def _flux(made: Image, true: Image, grid: Grid, box: Box) -> PairedValue:
    return PairedValue(*(unsigned_flux_mx(image, grid, box) for image in (made, true)))


def summarise(drawn: Sequence[DrawingMeasures], model: Model, command: str) -> DrawingScores:
    """Summarise all drawings: means over suns with intervals, and regressions of flux."""
    cells = tuple(_cells(drawn))
    suns = len({each.seed for each in drawn})
    return DrawingScores(
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
        cells=cells,
        regressions=tuple(_regressions(drawn)),
        scores=tuple(_scores(cells, suns, command)),
    )


def _cells(drawn: Sequence[DrawingMeasures]) -> Iterator[Cell]:
    predictions = list(drawn[0].numbers)
    keys = dict.fromkeys(key for each in drawn for key in each.numbers[MODEL])
    for cases in dict.fromkeys(name for each in drawn for name in each.cases):
        among = [each for each in drawn if cases in each.cases]
        for measure, area in keys:
            by_prediction = {name: _values(among, name, (measure, area)) for name in predictions}
            for name, values in by_prediction.items():
                estimate = estimated(values)
                if estimate:
                    less = None if name == MODEL else difference(by_prediction[MODEL], values)
                    yield Cell(measure, area, cases, name, estimate, less)


def _values(drawn: Iterable[DrawingMeasures], prediction: str, key: tuple[str, str]) -> Values:
    values: dict[str, list[float]] = defaultdict(list)
    for each in drawn:
        found = each.numbers[prediction].get(key, ())
        if found:
            values[f"seed {each.seed}"] += found
    return values


def _regressions(drawn: Sequence[DrawingMeasures]) -> Iterator[RegressionRow]:
    for prediction in (MODEL, OTHER):
        for area in (FULL, AR):
            pairs = [pair for each in drawn for pair in each.fluxes[prediction][area]]
            if len(pairs) >= 2:
                found = regress([p.generated for p in pairs], [p.true for p in pairs])
                yield RegressionRow("TUMF", area, prediction, len(pairs), found)


def _scores(cells: Iterable[Cell], suns: int, command: str) -> Iterator[Score]:
    """Yield the scores for the Recipe."""
    for cell in cells:
        if (cell.area, cell.cases, cell.prediction) == (FULL, ALL, MODEL):
            yield Score(
                measure=f"{SCORED[cell.measure]}, drawings of {suns} suns not trained on",
                value=float(f"{cell.estimate.mean:.4f}"),
                command=command,
            )
