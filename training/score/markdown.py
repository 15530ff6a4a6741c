"""Formatting of numbers and tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from training.score.summary import Estimate

NONE = "–"


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
