"""Score all cases with the model, the baselines and the controls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from farside.evaluation.blocks import WHOLE, common_blocks, paper_block_px
from farside.evaluation.compare import measure
from farside.evaluation.metrics import Correlations, correlations
from farside.evaluation.score_regions import select_patches
from farside.magnetogram.uncertainty import known_mask
from farside.model.engine import Engine, Model
from farside.sun.grid import Grid, Image
from farside.sun.observer import View
from training.score.calibration import CalibrationTally
from training.score.cases import Case, CaseLabel, Cases, control_index, main_ages
from training.score.errors import ErrorTally
from training.score.measures import rows
from training.score.predictions import PERSISTENCE, Predictions, predict
from training.score.regions import Fields, RegionScore, RegionSource, score_regions
from training.scoring.table import Row

MODEL = "model"

EXAMPLES = 3
"""Number of suns whose boxes are drawn: always the first ones, not a selection."""

LEAST_SEEN = 0.05
"""Least share of the disk seen by the reference for a score on that part."""

PIXEL_EDGES_GAUSS = np.sinh(np.linspace(-1, 1, 121) * np.arcsinh(3000 / 20)) * 20
"""Bin edges of the joint histogram of true and generated blocks, even in arcsinh(B / 20 G);
stronger field is counted in the outermost bins."""


@dataclass(frozen=True)
class CaseScores:
    """Scores of one case.

    Attributes
    ----------
    label
        Seed, time and reference age.
    rows
        Rows of the table by prediction: the model, persistence, zero field, the controls, and the
        true quantities. Those of the part that the reference saw are of model and persistence
        alone; there are none if that is nearly nothing.
    regions
        Scores of the true regions; none for the real Sun.
    """

    label: CaseLabel
    rows: tuple[Row, ...]
    regions: tuple[RegionScore, ...] = ()


@dataclass(frozen=True, eq=False)
class Example:
    """Active or quiet box of a disk, gauss."""

    kind: Literal["AR", "QR"]
    title: str
    truth: Image
    generated: Image
    persistence: Image


@dataclass(eq=False)
class Outcome:
    """Results of a scoring run, from which the report is made.

    Attributes
    ----------
    records
        Scores of all cases.
    errors, calibration, pixels, examples
        Error sums, calibration of σ and p(+), joint histogram and boxes of the cases whose
        reference is at least :data:`~training.score.cases.MAIN_AGE_DAYS` old.
    """

    records: list[CaseScores]
    errors: ErrorTally
    calibration: CalibrationTally
    pixels: NDArray[np.float64]
    examples: list[Example] = field(default_factory=list)


def run(
    cases: Cases,
    model: Model,
    engine: Engine,
    sun_of: Callable[[int], RegionSource] | None = None,
    controls: bool = True,
    threshold_gauss: float = 0.0,
) -> Outcome:
    """Score all cases.

    Parameters
    ----------
    sun_of
        Function from a seed to the simulated Sun; without it no regions are scored.
    controls
        Whether to score the shuffled-input controls.
    """
    bins = len(PIXEL_EDGES_GAUSS) - 1
    outcome = Outcome([], ErrorTally(cases.grid), CalibrationTally(), np.zeros((bins, bins)))
    drawn: set[str] = set()
    main = main_ages(cases.labels)
    for index in track(range(len(cases.labels)), "scoring"):
        other = control_index(cases.labels, index) if controls else None
        case = cases[index]
        predictions = predict(case, None if other is None else cases[other], model, engine)
        regions = _regions(case, predictions, cases.grid, sun_of)
        outcome.records.append(score_case(case, predictions, cases.grid, regions, threshold_gauss))
        if main[index]:
            known = known_mask(predictions.model, case.reference, case.view)
            outcome.errors.add(predictions.model, case.truth, known, case.view)
            outcome.calibration.add(
                predictions.model,
                predictions.sigma,
                predictions.positive,
                case.truth,
                predictions.degrees_of_freedom,
            )
            outcome.pixels += _histogram(predictions.model, case.truth, cases.grid)
        if main[index] and case.label.unit not in drawn and len(drawn) < EXAMPLES:
            drawn.add(case.label.unit)
            outcome.examples += _examples(case, predictions, cases.grid, threshold_gauss)
    return outcome


def score_case(
    case: Case,
    predictions: Predictions,
    grid: Grid,
    regions: tuple[RegionScore, ...] = (),
    threshold_gauss: float = 0.0,
) -> CaseScores:
    """Measure all predictions of one case."""
    images = {MODEL: predictions.model, **predictions.by_name}
    measures = {
        name: measure(image, case.truth, grid, case.view, threshold_gauss)
        for name, image in images.items()
    }
    common = _common(images, predictions, case.truth, grid)
    label = case.label
    return CaseScores(label, rows(label.unit, label.time.isot, measures, common), regions)


def _common(
    images: Mapping[str, Image], predictions: Predictions, truth: Image, grid: Grid
) -> Mapping[str, Correlations]:
    if predictions.seen[grid.on_disk()].mean() < LEAST_SEEN:
        return {}
    visible = np.where(predictions.seen, truth, np.float32(np.nan))
    return {name: correlations(images[name], visible, grid) for name in (MODEL, PERSISTENCE)}


def _regions(
    case: Case, predictions: Predictions, grid: Grid, sun_of: Callable[[int], RegionSource] | None
) -> tuple[RegionScore, ...]:
    seed = case.label.seed
    if seed is None or sun_of is None:
        return ()
    origin = case.reference.origin
    then = View(origin.observer, origin.time)
    fields = Fields(predictions.model, predictions.persistence, case.truth)
    return tuple(score_regions(sun_of(seed), seed, fields, grid, case.view, then))


def _histogram(generated: Image, truth: Image, grid: Grid) -> NDArray[np.float64]:
    """Joint histogram of blocks of 8 paper pixels, (true, generated)."""
    pixels = paper_block_px(8, grid) or 1
    greatest = PIXEL_EDGES_GAUSS[-1]
    made, true = (
        np.clip(each, -greatest, greatest)
        for each in common_blocks(generated, truth, grid, pixels, WHOLE)
    )
    counts, _, _ = np.histogram2d(true, made, bins=[PIXEL_EDGES_GAUSS, PIXEL_EDGES_GAUSS])
    return np.asarray(counts)


def _examples(
    case: Case, predictions: Predictions, grid: Grid, threshold_gauss: float
) -> list[Example]:
    """Cut out the strongest active region of a disk and its quietest box."""
    found: dict[str, Example] = {}
    for patch in select_patches(case.truth, grid, threshold_gauss):
        title = f"{patch.kind}, {case.label.unit}, reference {case.label.age_days:.1f} d old"
        images = (case.truth, predictions.model, predictions.persistence)
        boxes = (image[patch.box] for image in images)
        found.setdefault(patch.kind, Example(patch.kind, title, *boxes))
    return list(found.values())
