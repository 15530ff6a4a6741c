"""Maps of simulated suns against the whole surface, paired over seeds.

``python -m pytest tests/test_synchronic_truth.py -m soak -s`` prints the table.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from farside.statistics import Interval, interval
from farside.synchronic import synchronic
from farside.unrolling import unroll
from tests.known_sun import GRID, Scores, known_sun, score

FULL, BASE_ALONE, HMI_ALONE, HMI_AND_BASE = "HMI + generated + base", "base", "HMI", "HMI + base"
SEEDS = range(9100, 9116)
MEASURES = ("correlation", "flux_error")


def scores_of(seed: int, step_days: float) -> dict[str, Scores]:
    sun = known_sun(seed, step_days)
    seen = unroll(sun.observed, GRID, sun.time).mu
    maps = {
        FULL: synchronic([sun.observed, *sun.generated], sun.base, sun.time),
        HMI_AND_BASE: synchronic([sun.observed], sun.base, sun.time),
        BASE_ALONE: synchronic([], sun.base, sun.time),
        HMI_ALONE: synchronic([sun.observed], None, sun.time),
    }
    return {name: score(made.field_gauss, sun, seen) for name, made in maps.items()}


def gain(scores: Sequence[dict[str, Scores]], other: str, measure: str) -> Interval:
    """Of the full map over another one: positive is better."""
    sign = -1 if measure == "flux_error" else 1
    ours, theirs = ([sign * getattr(s[name], measure) for s in scores] for name in (FULL, other))
    return interval(ours, theirs)


def print_table(scores: Sequence[dict[str, Scores]]) -> None:
    for name in (FULL, HMI_AND_BASE, BASE_ALONE, HMI_ALONE):
        means = [np.mean([getattr(s[name], measure) for s in scores]) for measure in MEASURES]
        print(f"{name:24} correlation {means[0]:.3f}  AR flux error {means[1]:.3f}")  # noqa: T201
    for other in (HMI_AND_BASE, BASE_ALONE, HMI_ALONE):
        for measure in MEASURES:
            found = gain(scores, other, measure)
            text = f"{found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f})"
            print(f"gain over {other:12} {measure:12} {text}")  # noqa: T201


def test_generated_disks_bring_the_unseen_hemisphere_nearer_the_truth_on_one_sun() -> None:
    """The first of the sixteen, with a base map of every third day."""
    scores = scores_of(SEEDS[0], step_days=3.0)
    ours = scores[FULL]
    for other in (BASE_ALONE, HMI_ALONE):
        assert ours.correlation > scores[other].correlation
        assert ours.flux_error < scores[other].flux_error


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_with_generated_disks_the_unseen_hemisphere_is_nearer_the_truth() -> None:
    scores = [scores_of(seed, step_days=1.0) for seed in SEEDS]
    print_table(scores)
    for measure in MEASURES:
        assert gain(scores, HMI_ALONE, measure).low > 0
        assert gain(scores, BASE_ALONE, measure).low > 0
