"""Every case through every model, once."""

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
from training.score.answers import PERSISTENCE, ZERO
from training.score.cases import Case, StoreCases
from training.score.run import Record


@dataclass(frozen=True, eq=False)
class Entrant:
    """A model and what runs it."""

    model: Model
    engine: Engine

    @property
    def name(self) -> str:
        """As tables have it."""
        return self.model.recipe.name

    @property
    def refers(self) -> bool:
        """Whether it is given a reference pair."""
        return bool(self.model.recipe.channels_of("reference"))


def contest(
    pairs: Pairs, entrants: Sequence[Entrant], split: Split = "test", suns: int | None = None
) -> list[Record]:
    """Measure the answers of all models, of persistence and of a zero field to the same cases.

    Raises
    ------
    ValueError
        Two models of one name, a store on another grid than a Recipe's, or one without such pairs.
    IncompleteSetError
        A channel of a Recipe has no image in the store.
    """
    names = [entrant.name for entrant in entrants]
    if len(set(names)) < len(names):
        raise ValueError(f"models: got {', '.join(names)}, expected each name once")
    cases = [StoreCases(pairs, entrant.model.recipe, split, suns) for entrant in entrants]
    return [
        _record([each[index] for each in cases], entrants)
        for index in track(range(len(cases[0].labels)), "comparing")
    ]


def cycle(record: Record) -> str:
    """Name the cycle of sunspots that a case is of."""
    return f"cycle {cycle_of(record.label.time)}"


def _record(cases: Sequence[Case], entrants: Sequence[Entrant]) -> Record:
    """One case as each Recipe asks for it; view and truth are the same for all."""
    first = cases[0]
    kept = persistence(first.reference, first.view.observer, first.view.time)
    images: dict[str, Image] = {
        entrant.name: translate(case.stack, entrant.model, entrant.engine).image
        for entrant, case in zip(entrants, cases, strict=True)
    }
    images |= {PERSISTENCE: kept, ZERO: np.where(np.isfinite(kept), np.float32(0), kept)}
    return Record(
        label=first.label,
        measures={
            name: measure(image, first.truth, first.reference.grid, first.view)
            for name, image in images.items()
        },
        common={},
    )
