"""Numbers as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from training.score.summary import Estimate

NONE = "–"


def text(estimate: Estimate | None, form: str = ".3f") -> str:
    """A mean with its interval."""
    if estimate is None:
        return NONE
    mean = format(estimate.mean, form)
    if estimate.low is None or estimate.high is None:
        return mean
    return f"{mean} [{estimate.low:{form}}, {estimate.high:{form}}]"


def number(value: float) -> str:
    """Three decimals."""
    return f"{value:.3f}" if np.isfinite(value) else NONE


def table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with its head."""
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
