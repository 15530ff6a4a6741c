"""Statistics of scores: means over independent suns with bootstrap intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.stats import binomtest

from farside.evaluation.compare import BoxMeasures, PairedValue
from farside.evaluation.metrics import Correlations
from farside.evaluation.statistics import Regression, interval, pearson, regress
from farside.simulation.magnetic.cycle import ANTI_HALE
from training.score.cases import MAIN_AGE_DAYS, main_ages
from training.score.predictions import PERSISTENCE
from training.score.regions import RegionScore
from training.score.run import MODEL, CaseScores

AGE_EDGES_DAYS = (0.0, 2.5, 5.0, 10.0, 15.0, 20.0, 25.0, 27.31)
ALL_AGES = "all"
MAIN_AGES = f"from {MAIN_AGE_DAYS:g} d"

RESAMPLES = 4000

FULL, COMMON, AR, QR = "full disk", "where the reference saw", "AR", "QR"

LEAK_LEVEL = 0.025
"""Significance level: probability of a false alarm for a model that knows only Hale's law."""


@dataclass(frozen=True)
class Estimate:
    """Mean over independent suns and its 95 % bootstrap interval.

    Attributes
    ----------
    mean
        Mean over suns of the mean of each Sun's disks or boxes.
    low, high
        Bounds of the interval; None for fewer than two suns.
    units, values
        Number of suns, and of their disks or boxes.
    """

    mean: float
    low: float | None
    high: float | None
    units: int
    values: int


@dataclass(frozen=True)
class MeanRow:
    """Mean of one measure of one prediction.

    Attributes
    ----------
    minus_persistence
        Mean paired difference from persistence, over the suns that have both.
    """

    measure: str
    area: str
    ages: str
    prediction: str
    estimate: Estimate
    minus_persistence: Estimate | None


@dataclass(frozen=True)
class RegressionRow:
    """Regression of one quantity on its true value over all disks or boxes."""

    quantity: str
    area: str
    prediction: str
    values: int
    regression: Regression


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


Values = Mapping[str, Sequence[float]]
"""Values by independent unit."""

Selector = Callable[[CaseScores, str], Iterable[float]]
"""Selector of the values of one prediction in one record."""


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


def mean_rows(records: Sequence[CaseScores]) -> list[MeanRow]:
    """Means of every measure for every prediction, area and age bin."""
    rows = []
    for ages, inside in age_bins(records).items():
        for (measure, area), pick in SELECTORS.items():
            before = _values(inside, PERSISTENCE, pick)
            for prediction in _answers(records):
                values = _values(inside, prediction, pick)
                estimate = estimated(values)
                if estimate is None:
                    continue
                less = None if prediction == PERSISTENCE else difference(values, before)
                rows.append(MeanRow(measure, area, ages, prediction, estimate, less))
    return rows


def regression_rows(records: Sequence[CaseScores]) -> list[RegressionRow]:
    """Regressions of TUMF, NMF and polar field for every prediction, main ages."""
    rows = []
    main = main_records(records)
    for prediction in _answers(records):
        for quantity, area, pick in QUANTITIES:
            pairs = [pair for record in main for pair in pick(record, prediction)]
            made, true = (
                [getattr(pair, side) for pair in pairs if _finite(pair)]
                for side in ("generated", "true")
            )
            if len(made) >= 2:
                found = regress(made, true)
                rows.append(RegressionRow(quantity, area, prediction, len(made), found))
    return rows


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


def estimated(values: Values) -> Estimate | None:
    """Estimate the mean over units; None if there are none."""
    means = [float(np.mean(each)) for each in values.values()]
    if not means:
        return None
    count = sum(len(each) for each in values.values())
    if len(means) < 2:
        return Estimate(means[0], None, None, 1, count)
    found = interval(means, np.zeros(len(means)), resamples=RESAMPLES)
    return Estimate(found.mean, found.low, found.high, found.seeds, count)


def mean_of(
    records: Iterable[CaseScores], measure: str, area: str, prediction: str, less: str | None = None
) -> Estimate | None:
    """Mean of one measure of one prediction, or of its paired difference from another.

    None if there are no values, or too few pairs.
    """
    pick = SELECTORS[measure, area]
    kept = list(records)
    values = _values(kept, prediction, pick)
    return difference(values, _values(kept, less, pick)) if less else estimated(values)


def difference(a: Values, b: Values) -> Estimate | None:
    """Estimate the mean paired difference over the units that both have."""
    both = [unit for unit in a if unit in b]
    if len(both) < 2:
        return None
    first, second = ([float(np.mean(values[unit])) for unit in both] for values in (a, b))
    found = interval(first, second, resamples=RESAMPLES)
    count = sum(len(a[unit]) for unit in both)
    return Estimate(found.mean, found.low, found.high, found.seeds, count)


def _values(records: Iterable[CaseScores], prediction: str, pick: Selector) -> Values:
    values: dict[str, list[float]] = defaultdict(list)
    for record in records:
        if prediction in record.measures:
            found = [value for value in pick(record, prediction) if np.isfinite(value)]
            if found:
                values[record.label.unit] += found
    return values


def _answers(records: Sequence[CaseScores]) -> list[str]:
    names = dict.fromkeys(name for record in records for name in record.measures)
    return sorted(names, key=lambda name: (name != MODEL, name != PERSISTENCE))


def _boxes(record: CaseScores, prediction: str, area: str) -> list[BoxMeasures]:
    measures = record.measures[prediction]
    if area == FULL:
        return [measures.disk]
    return [patch.measures for patch in measures.patches if patch.kind == area]


def _correlation(found: Correlations, blocks: str) -> Iterator[float]:
    value: float | None = getattr(found, blocks)
    if value is not None:
        # A constant field has no correlation; it scores as an unrelated one.
        yield 0.0 if np.isnan(value) else value


def _correlation_pick(area: str, blocks: str) -> Selector:
    def pick(record: CaseScores, prediction: str) -> Iterator[float]:
        if area == COMMON:
            if prediction in record.common:
                yield from _correlation(record.common[prediction], blocks)
            return
        for box in _boxes(record, prediction, area):
            yield from _correlation(box.correlation, blocks)

    return pick


def _box_pick(area: str, name: str) -> Selector:
    def pick(record: CaseScores, prediction: str) -> Iterator[float]:
        for box in _boxes(record, prediction, area):
            value = getattr(box, name)
            if value is not None:
                yield value

    return pick


def _disk_pick(name: str) -> Selector:
    def pick(record: CaseScores, prediction: str) -> Iterator[float]:
        yield getattr(record.measures[prediction], name)

    return pick


SELECTORS: dict[tuple[str, str], Selector] = {
    **{
        (f"CC {n}×{n}", area): _correlation_pick(area, f"blocks_of_{n}")
        for area in (FULL, COMMON, AR, QR)
        for n in (8, 4, 1)
    },
    ("SSIM", AR): _box_pick(AR, "similarity"),
    ("SSIM 8×8", AR): _box_pick(AR, "similarity_of_8"),
    ("R1", FULL): _disk_pick("relative_flux_error"),
    ("R2", FULL): _disk_pick("normalised_square_error"),
    ("RMSE–SSIM", FULL): _disk_pick("rms_similarity_error"),
    ("PSNR, dB", FULL): _disk_pick("peak_signal_to_noise_db"),
    ("RMSE, G", FULL): _disk_pick("rms_error_gauss"),
    ("polarity of pixels", FULL): _disk_pick("polarity_accuracy"),
}
"""Selectors by measure and area."""


def _flux_pick(area: str, name: str) -> Callable[[CaseScores, str], list[PairedValue]]:
    return lambda record, prediction: [
        getattr(box, name) for box in _boxes(record, prediction, area)
    ]


def _polar_pick(record: CaseScores, prediction: str) -> list[PairedValue]:
    measures = record.measures[prediction]
    return [measures.polar_north_gauss, measures.polar_south_gauss]


QUANTITIES = (
    *(("TUMF", area, _flux_pick(area, "unsigned_flux_mx")) for area in (FULL, AR, QR)),
    *(("NMF", area, _flux_pick(area, "net_flux_mx")) for area in (FULL, AR, QR)),
    ("polar field", "caps", _polar_pick),
)
"""Name, area, and selector of generated and true values of one record."""


def _finite(pair: PairedValue) -> bool:
    return bool(np.isfinite([pair.generated, pair.true]).all())


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
        polarity_accuracy=estimated(_right(regions, "polarity_right")),
        persistence_accuracy=estimated(_right(regions, "persistence_right")),
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
