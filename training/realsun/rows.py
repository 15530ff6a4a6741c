"""Tidy table of scores: one value a row, and its way into a Markdown table."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from farside.io.atomic import replacing
from training.score.markdown import NONE, table


@dataclass(frozen=True)
class Row:
    """One measured value.

    Attributes
    ----------
    unit
        Independent Sun: the name of a set.
    case
        What the answer was made from.
    answer
        Model or baseline.
    measure, area
        What was measured, and on which part of the disk.
    """

    unit: str
    case: str
    answer: str
    measure: str
    area: str
    value: float


Shown = Callable[[Sequence[float]], str]
"""Text of a table's cell from its values."""


def pivot(
    rows: Sequence[Row],
    line: Callable[[Row], str],
    columns: Sequence[str],
    shown: Shown,
    head: str = "",
) -> str:
    """Write rows as a Markdown table: one line for each value of `line`, one column a measure."""
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
    """Mean ± standard deviation over units; the value alone where there is one."""
    finite = np.array([value for value in values if np.isfinite(value)])
    if not finite.size:
        return NONE
    if finite.size == 1:
        return f"{finite[0]:.2f}"
    return f"{finite.mean():.2f} ± {finite.std(ddof=1):.2f}"


def single(values: Sequence[float]) -> str:
    """The one value of a cell, with two decimals."""
    return mean_and_spread(values[:1])


def total(values: Sequence[float]) -> str:
    """Sum over units, of counts."""
    return f"{sum(values):.0f}" if values else NONE


def write_csv(rows: Iterable[Row], path: Path) -> None:
    """Write the table as CSV, six significant digits."""
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([each.name for each in fields(Row)])
        for row in rows:
            *texts, value = astuple(row)
            writer.writerow([*texts, f"{value:.6g}"])
