"""Results of a comparison by area, age of the reference and cycle."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from farside import __version__
from training.compare.benchmark import Candidate, cycle_name
from training.score.measures import CORRELATIONS, MEASURES
from training.score.predictions import PERSISTENCE, ZERO
from training.score.run import CaseScores
from training.score.summary import (
    MAIN_AGES,
    age_bins,
    main_records,
    predictions_of,
    regressions,
    rows_of,
)
from training.scoring.models import ScoredModel
from training.scoring.table import Row, Scores, means


@dataclass(frozen=True)
class ComparedModel(ScoredModel):
    """Model that was compared.

    Attributes
    ----------
    uses_reference
        Whether it takes a reference pair.
    dates
        First and last date of its training data.
    """

    uses_reference: bool
    dates: tuple[date, date]


@dataclass(frozen=True, kw_only=True)
class Comparison(Scores):
    """Results of a comparison.

    Attributes
    ----------
    units
        Resampling units of the bootstrap: seeds, or months.
    pairs
        Number of pairs.
    ages, cycles
        Names of the groups of cases, by reference age and by cycle.
    """

    command: str
    farside: str
    data: str
    simulation: int | None
    units: tuple[str, ...]
    pairs: int
    entries: tuple[ComparedModel, ...]
    ages: tuple[str, ...]
    cycles: tuple[str, ...]


def summarise(
    records: Sequence[CaseScores],
    candidates: Sequence[Candidate],
    command: str,
    data: str,
    simulation: int | None,
) -> Comparison:
    """Summarise the scores of all cases, with intervals over suns."""
    by_age = {ages: rows_of(inside) for ages, inside in age_bins(records).items()}
    by_cycle = _by_cycle(main_records(records))
    ages = tuple(by_age)
    predictions = predictions_of(records)
    first, *others = predictions
    differences = [(each, PERSISTENCE) for each in predictions if each != PERSISTENCE]
    differences += [(first, each) for each in others if each != PERSISTENCE]
    main = {MAIN_AGES: by_age.pop(MAIN_AGES)}
    by_persistence = sorted(predictions, key=lambda name: name != PERSISTENCE)
    return Comparison(
        means=(
            *means(main, MEASURES, differences),
            *means(by_age | by_cycle, CORRELATIONS, differences),
        ),
        regressions=tuple(regressions(records, (each for each in by_persistence if each != ZERO))),
        command=command,
        farside=__version__,
        data=data,
        simulation=simulation,
        units=tuple(sorted({record.label.unit for record in records})),
        pairs=len(records),
        entries=tuple(map(_entry, candidates)),
        ages=ages,
        cycles=tuple(by_cycle),
    )


def _by_cycle(records: Iterable[CaseScores]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for record in sorted(records, key=cycle_name):
        groups.setdefault(cycle_name(record), []).extend(record.rows)
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
