"""Tidy table of scores, one value per row, and its pivot to Markdown."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from farside.io.atomic import atomic_path
from training.score.markdown import NONE, table


@dataclass(frozen=True)
class Row:
    """Row of the table: one measured value.

    Attributes
    ----------
    unit
        Name of the set: an independent Sun.
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


CellFormat = Callable[[Sequence[float]], str]
"""Formatter of a table cell from its values."""


def pivot(
    rows: Sequence[Row],
    line: Callable[[Row], str],
    columns: Sequence[str],
    shown: CellFormat,
    head: str = "",
) -> str:
    """Format rows as a Markdown table: one line per value of `line`, one column per measure."""
    lines = dict.fromkeys(map(line, rows))
    cells = (
        [name, *(shown(_values(rows, line, name, measure)) for measure in columns)]
        for name in lines
    )
    return table([head, *columns], cells)


def _values(
    rows: Iterable[Row], line: Callable[[Row], str], name: str, measure: str
) -> list[float]:
    return [row.value for row in rows if line(row) == name and row.measure == measure]


def mean_and_spread(values: Sequence[float]) -> str:
    """Format mean ± standard deviation over units; a single value without deviation."""
    finite = np.array([value for value in values if np.isfinite(value)])
    if not finite.size:
        return NONE
    if finite.size == 1:
        return f"{finite[0]:.2f}"
    return f"{finite.mean():.2f} ± {finite.std(ddof=1):.2f}"


def single(values: Sequence[float]) -> str:
    """Format a single value with two decimals."""
    return mean_and_spread(values[:1])


def total(values: Sequence[float]) -> str:
    """Format the sum of counts over units."""
    return f"{sum(values):.0f}" if values else NONE


def write_csv(rows: Iterable[Row], path: Path) -> None:
    """Write the table as CSV, six significant digits."""
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([each.name for each in fields(Row)])
        for row in rows:
            *texts, value = astuple(row)
            writer.writerow([*texts, f"{value:.6g}"])
