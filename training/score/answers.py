"""What is said of a case: by the model, by what it must beat, and by the model misled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farside.disk.reproject import rotate, seen
from farside.model.engine import Engine, Model
from farside.pipeline import translate
from farside.sun.grid import Image
from farside.sun.observer import View
from training.score.cases import Case, mix

PERSISTENCE, ZERO = "persistence", "zero field"
OTHER_REFERENCE, OTHER_EUV = "reference of another Sun", "EUV of another Sun"


@dataclass(frozen=True, eq=False)
class Answers:
    """All answers to one case; gauss, (y, x), NaN off the disk.

    Attributes
    ----------
    model
        As served.
    persistence
        The reference magnetogram rotated differentially into view; 0 where it did not see.
    seen
        Where the reference saw the surface.
    controls
        By name: the model with the reference, or the EUV, of another Sun.
    """

    model: Image
    persistence: Image
    seen: NDArray[np.bool_]
    controls: dict[str, Image]

    @property
    def by_name(self) -> dict[str, Image]:
        """Everything but the model."""
        zero = np.where(np.isfinite(self.persistence), np.float32(0), np.float32(np.nan))
        return {PERSISTENCE: self.persistence, ZERO: zero, **self.controls}


def answer(case: Case, other: Case | None, model: Model, engine: Engine) -> Answers:
    """Ask the model and the baselines; `other`, where given, for the controls."""
    view, reference = case.view, case.reference
    origin = View(reference.origin.observer, reference.origin.time)
    return Answers(
        model=translate(case.stack, model, engine).image,
        persistence=rotate(reference, view.observer, view.time).image,
        seen=seen(reference.grid, origin, view),
        controls=_controls(case, other, model, engine) if other else {},
    )


def _controls(case: Case, other: Case, model: Model, engine: Engine) -> dict[str, Image]:
    mixed = {
        OTHER_REFERENCE: mix(case.stack, other.stack, model.recipe),
        OTHER_EUV: mix(other.stack, case.stack, model.recipe),
    }
    return {name: translate(stack, model, engine).image for name, stack in mixed.items()}
