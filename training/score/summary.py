"""Summary of far-side scores: means by reference age, regressions, regions and the leak check."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.stats import binomtest

from farside.evaluation.statistics import pearson
from farside.simulation.magnetic.cycle import ANTI_HALE
from training.score.cases import MAIN_AGE_DAYS, main_ages
from training.score.measures import MEASURES, QUANTITIES
from training.score.predictions import PERSISTENCE
from training.score.regions import RegionScore
from training.score.run import CaseScores
from training.scoring.table import TRUTH, Estimate, Mean, RegressionRow, Row, Values, estimate
from training.scoring.table import means as means_of
from training.scoring.table import regressions as regressions_of

AGE_EDGES_DAYS = (0.0, 2.5, 5.0, 10.0, 15.0, 20.0, 25.0, 27.31)
ALL_AGES = "all"
MAIN_AGES = f"from {MAIN_AGE_DAYS:g} d"

LEAK_LEVEL = 0.025
"""Significance level: probability of a false alarm for a model that knows only Hale's law."""


@dataclass(frozen=True)
class RegionRow:
    """Scores of one kind of true regions.

    Attributes
    ----------
    polarity_accuracy, persistence_accuracy
        Share of regions with the right polarity; None if there are none.
    regions, sightings
        Number of different regions, and of their appearances on disks.
    flux_correlation, persistence_flux_correlation
        Correlation with the true unsigned flux in the neighbourhood, over sightings.
    place_error_deg
        Median error of the position.
    """

    kind: str
    polarity_accuracy: Estimate | None
    persistence_accuracy: Estimate | None
    regions: int
    sightings: int
    flux_correlation: float
    persistence_flux_correlation: float
    place_error_deg: float


@dataclass(frozen=True)
class LeakCheck:
    """Test whether the polarity of new regions is predicted better than by Hale's law.

    Attributes
    ----------
    regions, right
        Number of newly emerged regions, and of those with the right polarity on most disks.
    hale_share
        Share of the simulated regions that follow Hale's law.
    chance
        Probability of at least `right` for a model that knows only Hale's law.
    leak
        Whether that probability is below 2.5 %.
    """

    regions: int
    right: int
    hale_share: float
    chance: float
    leak: bool


def age_bins(records: Iterable[CaseScores]) -> dict[str, list[CaseScores]]:
    """Group records by reference age: all, the main ones, and each bin that is not empty."""
    bins: dict[str, list[CaseScores]] = {ALL_AGES: list(records)}
    bins[MAIN_AGES] = main_records(bins[ALL_AGES])
    for low, high in pairwise(AGE_EDGES_DAYS):
        inside = [each for each in bins[ALL_AGES] if low <= each.label.age_days < high]
        if inside:
            bins[f"{low:g}–{high:.3g} d"] = inside
    return bins


def main_records(records: Sequence[CaseScores]) -> list[CaseScores]:
    """Select the records of the main scores; see :func:`~training.score.cases.main_ages`."""
    main = main_ages([record.label for record in records])
    return [record for record, counts in zip(records, main, strict=True) if counts]


def rows_of(records: Iterable[CaseScores]) -> list[Row]:
    """Rows of some cases."""
    return [row for record in records for row in record.rows]


def predictions_of(records: Sequence[CaseScores]) -> tuple[str, ...]:
    """Names of the predictions, without the truth."""
    names = (row.prediction for row in records[0].rows if row.prediction != TRUTH)
    return tuple(dict.fromkeys(names))


def means(records: Sequence[CaseScores]) -> Iterator[Mean]:
    """Means of every measure by age of the reference, and differences from persistence."""
    groups = {ages: rows_of(inside) for ages, inside in age_bins(records).items()}
    others = (each for each in predictions_of(records) if each != PERSISTENCE)
    return means_of(groups, MEASURES, ((each, PERSISTENCE) for each in others))


def regressions(
    records: Sequence[CaseScores], predictions: Iterable[str]
) -> Iterator[RegressionRow]:
    """Regressions of TUMF, NMF and polar field, main ages."""
    return regressions_of(rows_of(main_records(records)), predictions, QUANTITIES)


def region_rows(records: Sequence[CaseScores]) -> list[RegionRow]:
    """Scores of regions by their state in the reference and by Hale's law, main ages."""
    regions = [region for record in main_records(records) for region in record.regions]
    kinds = {
        "seen in the reference": [r for r in regions if r.state == "seen"],
        "newly emerged": [r for r in regions if r.state == "new"],
        "behind the limb then": [r for r in regions if r.state == "hidden"],
        "anti-Hale, seen": [r for r in regions if r.anti_hale and r.state == "seen"],
        "anti-Hale, newly emerged": [r for r in regions if r.anti_hale and r.state == "new"],
    }
    return [_region_row(kind, found) for kind, found in kinds.items()]


def leak_check(records: Iterable[CaseScores]) -> LeakCheck:
    """Test the polarity of newly emerged regions against Hale's law; each region counts once."""
    sightings = defaultdict(list)
    for region in (region for record in records for region in record.regions):
        if region.state == "new":
            sightings[_name(region)].append(region.polarity_right)
    right = sum(sum(each) * 2 > len(each) for each in sightings.values())
    count, share = len(sightings), 1 - ANTI_HALE
    chance = float(binomtest(right, count, share, "greater").pvalue) if count else 1.0
    return LeakCheck(count, right, share, chance, chance < LEAK_LEVEL)


def _name(region: RegionScore) -> tuple[int, float, int]:
    return region.seed, region.day, region.number


def _region_row(kind: str, regions: Sequence[RegionScore]) -> RegionRow:
    made, before, true = (
        np.array([getattr(region, name) for region in regions], float)
        for name in ("generated_mx", "persistence_mx", "true_mx")
    )
    errors = [region.place_error_deg for region in regions]
    return RegionRow(
        kind=kind,
        polarity_accuracy=estimate(_right(regions, "polarity_right")),
        persistence_accuracy=estimate(_right(regions, "persistence_right")),
        regions=len({_name(region) for region in regions}),
        sightings=len(regions),
        flux_correlation=pearson(made, true),
        persistence_flux_correlation=pearson(before, true),
        place_error_deg=float(np.median(errors)) if errors else np.nan,
    )


def _right(regions: Iterable[RegionScore], name: str) -> Values:
    right: dict[str, list[float]] = defaultdict(list)
    for region in regions:
        right[f"seed {region.seed}"].append(float(getattr(region, name)))
    return right
