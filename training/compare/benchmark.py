"""Benchmark: score every model on the same cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.progress import track

from farside.evaluation.compare import measure
from farside.evaluation.metrics import persistence
from farside.model.engine import Engine, Model
from farside.pipeline import translate
from farside.sun.grid import Image
from farside.sun.solar_cycle import cycle_of
from training.data.pairs import Pairs, Split
from training.score.cases import Case, StoreCases
from training.score.measures import rows
from training.score.predictions import PERSISTENCE, ZERO
from training.score.run import CaseScores
from training.scoring.models import check_names


@dataclass(frozen=True, eq=False)
class Candidate:
    """Candidate of the benchmark: a model and its engine."""

    model: Model
    engine: Engine

    @property
    def name(self) -> str:
        """Name of the model, as in tables."""
        return self.model.recipe.name

    @property
    def uses_reference(self) -> bool:
        """Whether the model takes a reference pair."""
        return bool(self.model.recipe.channels_of("reference"))


def benchmark(
    pairs: Pairs, candidates: Sequence[Candidate], split: Split = "test", suns: int | None = None
) -> list[CaseScores]:
    """Score all models, persistence and a zero field on the same cases.

    All are compared on the coarsest of the models' grids: finer answers are averaged in blocks.

    Raises
    ------
    StoreError
        The store is on another grid than one of the models, and no finer one by a whole factor.
    ValueError
        Two models have one name, one's pixels are not blocks of the other's, or the store has no
        pairs of the split.
    IncompleteSetError
        A channel of a Recipe has no image in the store.
    """
    check_names(candidate.name for candidate in candidates)
    cases = [StoreCases(pairs, candidate.model.recipe, split, suns) for candidate in candidates]
    return [
        _record([each[index] for each in cases], candidates)
        for index in track(range(len(cases[0].labels)), "comparing")
    ]


def cycle_name(record: CaseScores) -> str:
    """Name of the sunspot cycle of a case."""
    return f"cycle {cycle_of(record.label.time)}"


def _record(cases: Sequence[Case], candidates: Sequence[Candidate]) -> CaseScores:
    """Score one case, prepared for each Recipe, on the coarsest of their grids."""
    first = min(cases, key=lambda case: case.reference.grid.size_px)
    kept = persistence(first.reference, first.view.observer, first.view.time)
    images: dict[str, Image] = {}
    for candidate, case in zip(candidates, cases, strict=True):
        made = translate(case.stack, candidate.model, candidate.engine)
        factor = made.disk.factor_over(first.reference.grid)
        images[candidate.name] = made.disk.block_means(made.image, factor)
    images |= {PERSISTENCE: kept, ZERO: np.where(np.isfinite(kept), np.float32(0), kept)}
    measures = {
        name: measure(image, first.truth, first.reference.grid, first.view)
        for name, image in images.items()
    }
    label = first.label
    return CaseScores(label, rows(label.unit, label.time.isot, measures))
