"""Tidy table of scores, one value per row; means over independent suns, and regressions."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np

from farside.evaluation.statistics import Regression, interval, regress
from farside.io.atomic import atomic_path

RESAMPLES = 4000

ENOUGH_UNITS = 40
"""Number of independent suns from which on a bootstrap interval is reliable."""

TRUTH = "truth"
"""Prediction of the rows with the true values of a quantity."""


class Row(NamedTuple):
    """Row of the table: one measured value.

    Attributes
    ----------
    unit
        Independent Sun: a seed, a month or a set of real images.
    case
        Input of the prediction.
    prediction
        Name of the model or baseline.
    measure, area
        Names of the measure and of the part of the disk.
    """

    unit: str
    case: str
    prediction: str
    measure: str
    area: str
    value: float


class Key(NamedTuple):
    """Key of a mean; `minus` is the prediction that is subtracted, if any."""

    measure: str = ""
    area: str = ""
    cases: str = ""
    prediction: str = ""
    minus: str = ""

    def joined(self, other: Key) -> Key:
        """Key with the parts that the other one has."""
        return Key(*(there or here for here, there in zip(self, other, strict=True)))


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
class Mean:
    """Mean of one measure of one prediction, or of its paired difference from another.

    Attributes
    ----------
    cases
        Group of cases, such as a range of reference ages.
    minus
        Prediction that is subtracted, over the suns that have both; empty for none.
    """

    measure: str
    area: str
    cases: str
    prediction: str
    minus: str
    estimate: Estimate

    @property
    def key(self) -> Key:
        """Its key."""
        return Key(self.measure, self.area, self.cases, self.prediction, self.minus)


@dataclass(frozen=True)
class RegressionRow:
    """Regression of one quantity on its true value over all disks or boxes."""

    quantity: str
    area: str
    prediction: str
    values: int
    regression: Regression


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Means and regressions of a table; each task adds what was scored."""

    means: tuple[Mean, ...]
    regressions: tuple[RegressionRow, ...] = ()

    def estimate(self, key: Key) -> Estimate | None:
        """Estimate by its key; None if it was not measured."""
        return next((mean.estimate for mean in self.means if mean.key == key), None)

    @property
    def predictions(self) -> tuple[str, ...]:
        """Names of the predictions in the order of the tables."""
        return tuple(dict.fromkeys(mean.prediction for mean in self.means))

    @property
    def cases(self) -> tuple[str, ...]:
        """Names of the groups of cases in the order of the tables."""
        return tuple(dict.fromkeys(mean.cases for mean in self.means))

    @property
    def measured(self) -> tuple[tuple[str, str], ...]:
        """Measures and their areas in the order of the tables."""
        return tuple(dict.fromkeys((mean.measure, mean.area) for mean in self.means))


Values = Mapping[str, Sequence[float]]
"""Values by independent unit."""


def estimate(values: Values, minus: Values | None = None) -> Estimate | None:
    """Estimate the mean over units, or that of the paired difference over the units of both.

    None without units, or with fewer than two pairs.
    """
    units = [unit for unit in values if minus is None or unit in minus]
    means = [
        float(np.mean(values[unit])) - (0.0 if minus is None else float(np.mean(minus[unit])))
        for unit in units
    ]
    count = sum(len(values[unit]) for unit in units)
    if len(means) < 2:
        return Estimate(means[0], None, None, 1, count) if means and minus is None else None
    found = interval(means, np.zeros(len(means)), resamples=RESAMPLES)
    return Estimate(found.mean, found.low, found.high, found.seeds, count)


def means(
    groups: Mapping[str, Iterable[Row]],
    measures: Iterable[tuple[str, str]],
    differences: Iterable[tuple[str, str]] = (),
) -> Iterator[Mean]:
    """Yield the means of each group of rows; values that are not finite do not count.

    Parameters
    ----------
    groups
        Rows by the name of their group.
    measures
        Measures and their areas, in the order of the tables.
    differences
        Pairs of predictions whose difference is estimated: the first minus the second.
    """
    measures, differences = tuple(measures), tuple(differences)
    for cases, rows in groups.items():
        values: dict[tuple[str, str, str], dict[str, list[float]]] = {}
        for row in rows:
            if math.isfinite(row.value):
                units = values.setdefault((row.measure, row.area, row.prediction), {})
                units.setdefault(row.unit, []).append(row.value)
        alone = ((each, "") for each in dict.fromkeys(prediction for *_, prediction in values))
        for where, (prediction, minus) in product(measures, (*alone, *differences)):
            less = values.get((*where, minus), {}) if minus else None
            found = estimate(values.get((*where, prediction), {}), less)
            if found:
                yield Mean(*where, cases, prediction, minus, found)


Pairs = Mapping[tuple[str, str, str], Sequence[tuple[float, float]]]
"""Predicted and true values by prediction, quantity and area."""


def paired(rows: Iterable[Row]) -> Pairs:
    """Pair the values of each prediction with the true ones; pairs must be finite."""
    series: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for row in rows:
        series[row.prediction, row.measure, row.area].append(row.value)
    return {
        (prediction, quantity, area): [
            pair
            for pair in zip(made, series[TRUTH, quantity, area], strict=True)
            if np.isfinite(pair).all()
        ]
        for (prediction, quantity, area), made in series.items()
        if prediction != TRUTH and (TRUTH, quantity, area) in series
    }


def regressions(
    rows: Iterable[Row], predictions: Iterable[str], quantities: Sequence[tuple[str, str]]
) -> Iterator[RegressionRow]:
    """Yield the regressions of quantities on their true values, two values or more."""
    pairs = paired(rows)
    for prediction, (quantity, area) in product(predictions, quantities):
        found = pairs.get((prediction, quantity, area), ())
        if len(found) >= 2:
            made, true = zip(*found, strict=True)
            yield RegressionRow(quantity, area, prediction, len(found), regress(made, true))


def write_csv(rows: Iterable[Row], path: Path) -> None:
    """Write the table as CSV, six significant digits."""
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Row._fields)
        writer.writerows([*texts, f"{value:.6g}"] for *texts, value in rows)
