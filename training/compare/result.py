"""Results of a comparison by area, age of the reference and cycle."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product

from farside import __version__
from training.compare.benchmark import Candidate, cycle_name
from training.score.predictions import PERSISTENCE, ZERO
from training.score.run import CaseScores
from training.score.summary import (
    AR,
    FULL,
    MAIN_AGES,
    QR,
    SELECTORS,
    Estimate,
    RegressionRow,
    age_bins,
    main_records,
    mean_of,
    regression_rows,
)

CC = "CC 8×8"


@dataclass(frozen=True)
class ComparedModel:
    """Model that was compared.

    Attributes
    ----------
    uses_reference
        Whether it takes a reference pair.
    dates
        First and last date of its training data.
    """

    name: str
    version: str
    identity: str
    title: str
    uses_reference: bool
    dates: tuple[date, date]


@dataclass(frozen=True)
class Cell:
    """Mean of one measure of one prediction over some of the cases.

    Attributes
    ----------
    cases
        Bin of reference ages, or cycle.
    minus_persistence, first_minus
        Paired differences over the suns that have both: this prediction minus persistence, and
        the first model's prediction minus this one.
    """

    measure: str
    area: str
    cases: str
    prediction: str
    estimate: Estimate
    minus_persistence: Estimate | None
    first_minus: Estimate | None


@dataclass(frozen=True)
class Comparison:
    """Results of a comparison.

    Attributes
    ----------
    units
        Resampling units of the bootstrap: seeds, or months.
    ages, cycles
        Names of the groups of cases, by reference age and by cycle.
    """

    command: str
    farside: str
    data: str
    simulation: int | None
    units: tuple[str, ...]
    cases: int
    entries: tuple[ComparedModel, ...]
    ages: tuple[str, ...]
    cycles: tuple[str, ...]
    cells: tuple[Cell, ...]
    regressions: tuple[RegressionRow, ...]

    def cell(
        self, prediction: str, area: str, cases: str = MAIN_AGES, measure: str = CC
    ) -> Cell | None:
        """Cell by its keys; None if it was not measured."""
        wanted = (measure, area, cases, prediction)
        keys = ((cell.measure, cell.area, cell.cases, cell.prediction) for cell in self.cells)
        return next(
            (cell for cell, key in zip(self.cells, keys, strict=True) if key == wanted), None
        )

    @property
    def predictions(self) -> tuple[str, ...]:
        """Names of the predictions: models first, then baselines."""
        return tuple(dict.fromkeys(cell.prediction for cell in self.cells))


def summarise(
    records: Sequence[CaseScores],
    candidates: Sequence[Candidate],
    command: str,
    data: str,
    simulation: int | None,
) -> Comparison:
    """Summarise the scores of all cases, with intervals over suns."""
    by_age, by_cycle = age_bins(records), _by_cycle(main_records(records))
    predictions = list(records[0].measures)
    cells = [
        *_cells({MAIN_AGES: by_age[MAIN_AGES]}, predictions, SELECTORS),
        *_cells({k: v for k, v in by_age.items() if k != MAIN_AGES}, predictions, CORRELATIONS),
        *_cells(by_cycle, predictions, CORRELATIONS),
    ]
    return Comparison(
        command=command,
        farside=__version__,
        data=data,
        simulation=simulation,
        units=tuple(sorted({record.label.unit for record in records})),
        cases=len(records),
        entries=tuple(map(_entry, candidates)),
        ages=tuple(by_age),
        cycles=tuple(by_cycle),
        cells=tuple(cells),
        regressions=tuple(row for row in regression_rows(records) if row.prediction != ZERO),
    )


CORRELATIONS = tuple((CC, area) for area in (FULL, AR, QR))


def _cells(
    groups: dict[str, list[CaseScores]], predictions: Sequence[str], keys: Iterable[tuple[str, str]]
) -> list[Cell]:
    found = []
    for (measure, area), (cases, inside), prediction in product(keys, groups.items(), predictions):
        estimate = mean_of(inside, measure, area, prediction)
        if estimate:
            pairs = ((prediction, PERSISTENCE), (predictions[0], prediction))
            less = (
                None if one == other else mean_of(inside, measure, area, one, less=other)
                for one, other in pairs
            )
            found.append(Cell(measure, area, cases, prediction, estimate, *less))
    return found


def _by_cycle(records: Iterable[CaseScores]) -> dict[str, list[CaseScores]]:
    groups: dict[str, list[CaseScores]] = {}
    for record in sorted(records, key=cycle_name):
        groups.setdefault(cycle_name(record), []).append(record)
    return groups


def _entry(candidate: Candidate) -> ComparedModel:
    recipe = candidate.model.recipe
    return ComparedModel(
        name=recipe.name,
        version=recipe.version,
        identity=candidate.model.identity,
        title=recipe.title,
        uses_reference=candidate.uses_reference,
        dates=recipe.training.dates,
    )
