"""Pages of scores: numbers and tables in Markdown, and all numbers as JSON beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from pydantic import TypeAdapter

from farside.io.atomic import atomic_path
from training.scoring.table import Estimate, Key, Row, Scores

NONE = "–"

Kind = TypeVar("Kind", bound=Scores)


def write_page(scores: Scores, text: str, page: Path) -> None:
    """Write a page, and all numbers as JSON beside it, atomically."""
    page.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(page.with_suffix(".json")) as path:
        path.write_bytes(TypeAdapter(type(scores)).dump_json(scores, indent=1) + b"\n")
    with atomic_path(page) as path:
        path.write_text(text, encoding="utf-8")


def read_scores(path: Path, kind: type[Kind]) -> Kind:
    """Read the JSON that :func:`write_page` wrote."""
    return TypeAdapter(kind).validate_json(path.read_bytes())


def text(estimate: Estimate | None, form: str = ".3f") -> str:
    """Format a mean with its interval."""
    if estimate is None:
        return NONE
    mean = format(estimate.mean, form)
    if estimate.low is None or estimate.high is None:
        return mean
    return f"{mean} [{estimate.low:{form}}, {estimate.high:{form}}]"


def number(value: float) -> str:
    """Format a number with three decimals."""
    return f"{value:.3f}" if np.isfinite(value) else NONE


def table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Format a Markdown table with the given column names."""
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def crossed(
    scores: Scores, lines: Mapping[str, Key], columns: Iterable[Key], digits: int = 3
) -> list[list[str]]:
    """Format the estimates of lines by columns; each cell's key is that of both, joined.

    Differences have a sign.
    """
    columns = tuple(columns)
    return [
        [name, *(_shown(scores, line.joined(column), digits) for column in columns)]
        for name, line in lines.items()
    ]


def _shown(scores: Scores, key: Key, digits: int) -> str:
    return text(scores.estimate(key), f"+.{digits}f" if key.minus else f".{digits}f")


def by_measure(scores: Scores, where: Iterable[tuple[str, str]], cases: str) -> str:
    """Table of measures by predictions."""
    lines = {f"{measure}, {area}": Key(measure, area, cases) for measure, area in where}
    columns = [Key(prediction=each) for each in scores.predictions]
    return table(["", *scores.predictions], crossed(scores, lines, columns))


def regression_table(scores: Scores) -> str:
    """Table of the regressions."""
    rows = [
        [
            f"{row.quantity}, {row.area}",
            row.prediction,
            number(row.regression.correlation),
            number(row.regression.r_squared),
            number(row.regression.slope),
            str(row.values),
        ]
        for row in scores.regressions
    ]
    return table(["", "", "CC", "R²", "slope", "values"], rows)


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
    values: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        values.setdefault(line(row), {}).setdefault(row.measure, []).append(row.value)
    cells = (
        [name, *(shown(own.get(each, ())) for each in columns)] for name, own in values.items()
    )
    return table([head, *columns], cells)


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
