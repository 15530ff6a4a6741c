"""Results of a comparison by area, age of the reference and cycle."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product

from farside import __version__
from training.compare.contest import Entrant, cycle
from training.score.answers import PERSISTENCE, ZERO
from training.score.run import Record
from training.score.summary import (
    AR,
    FULL,
    MAIN_AGES,
    PICKS,
    QR,
    Estimate,
    RegressionRow,
    age_bins,
    main_records,
    mean_of,
    regression_rows,
)

CC = "CC 8×8"


@dataclass(frozen=True)
class Entry:
    """Model that was compared.

    Attributes
    ----------
    refers
        Whether it takes a reference pair.
    dates
        First and last date of its training data.
    """

    name: str
    version: str
    identity: str
    title: str
    refers: bool
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
    answer: str
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
    entries: tuple[Entry, ...]
    ages: tuple[str, ...]
    cycles: tuple[str, ...]
    cells: tuple[Cell, ...]
    regressions: tuple[RegressionRow, ...]

    def cell(
        self, answer: str, area: str, cases: str = MAIN_AGES, measure: str = CC
    ) -> Cell | None:
        """Cell by its keys; None if it was not measured."""
        wanted = (measure, area, cases, answer)
        keys = ((cell.measure, cell.area, cell.cases, cell.answer) for cell in self.cells)
        return next(
            (cell for cell, key in zip(self.cells, keys, strict=True) if key == wanted), None
        )

    @property
    def answers(self) -> tuple[str, ...]:
        """Names of the predictions: models first, then baselines."""
        return tuple(dict.fromkeys(cell.answer for cell in self.cells))


def summarise(
    records: Sequence[Record],
    entrants: Sequence[Entrant],
    command: str,
    data: str,
    simulation: int | None,
) -> Comparison:
    """Summarise the scores of all cases, with intervals over suns."""
    by_age, by_cycle = age_bins(records), _by_cycle(main_records(records))
    answers = list(records[0].measures)
    cells = [
        *_cells({MAIN_AGES: by_age[MAIN_AGES]}, answers, PICKS),
        *_cells({k: v for k, v in by_age.items() if k != MAIN_AGES}, answers, CORRELATIONS),
        *_cells(by_cycle, answers, CORRELATIONS),
    ]
    return Comparison(
        command=command,
        farside=__version__,
        data=data,
        simulation=simulation,
        units=tuple(sorted({record.label.unit for record in records})),
        cases=len(records),
        entries=tuple(map(_entry, entrants)),
        ages=tuple(by_age),
        cycles=tuple(by_cycle),
        cells=tuple(cells),
        regressions=tuple(row for row in regression_rows(records) if row.answer != ZERO),
    )


CORRELATIONS = tuple((CC, area) for area in (FULL, AR, QR))


def _cells(
    groups: dict[str, list[Record]], answers: Sequence[str], keys: Iterable[tuple[str, str]]
) -> list[Cell]:
    found = []
    for (measure, area), (cases, inside), answer in product(keys, groups.items(), answers):
        estimate = mean_of(inside, measure, area, answer)
        if estimate:
            pairs = ((answer, PERSISTENCE), (answers[0], answer))
            less = (
                None if one == other else mean_of(inside, measure, area, one, less=other)
                for one, other in pairs
            )
            found.append(Cell(measure, area, cases, answer, estimate, *less))
    return found


def _by_cycle(records: Iterable[Record]) -> dict[str, list[Record]]:
    groups: dict[str, list[Record]] = {}
    for record in sorted(records, key=cycle):
        groups.setdefault(cycle(record), []).append(record)
    return groups


def _entry(entrant: Entrant) -> Entry:
    recipe = entrant.model.recipe
    return Entry(
        name=recipe.name,
        version=recipe.version,
        identity=entrant.model.identity,
        title=recipe.title,
        refers=entrant.refers,
        dates=recipe.training.dates,
    )
