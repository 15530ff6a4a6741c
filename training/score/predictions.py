"""Predictions of the model, of the baselines, and of the model on shuffled inputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farside.disk.reproject import reproject_disk, seen
from farside.model.engine import Engine, Model
from farside.pipeline import translate
from farside.sun.grid import Image
from farside.sun.observer import View
from training.score.cases import Case, mix

PERSISTENCE, ZERO = "persistence", "zero field"
OTHER_REFERENCE, OTHER_EUV = "reference of another Sun", "EUV of another Sun"


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions for one case; gauss, (y, x), NaN off the disk.

    Attributes
    ----------
    model
        Prediction of the model as served.
    persistence
        Reference magnetogram, differentially rotated into view; 0 where it did not see.
    seen
        Mask of the surface that the reference saw.
    controls
        Predictions from shuffled inputs by name: with the reference, or the EUV, of another Sun.
    sigma, positive
        σ and p(+) of the model's prediction, where it has them.
    degrees_of_freedom
        Of the t-distribution of its error, if that is not taken to be Gaussian.
    """

    model: Image
    persistence: Image
    seen: NDArray[np.bool_]
    controls: dict[str, Image]
    sigma: Image | None = None
    positive: Image | None = None
    degrees_of_freedom: float | None = None

    @property
    def by_name(self) -> dict[str, Image]:
        """Baselines and controls by name; the model is not among them."""
        zero = np.where(np.isfinite(self.persistence), np.float32(0), np.float32(np.nan))
        return {PERSISTENCE: self.persistence, ZERO: zero, **self.controls}


def predict(case: Case, other: Case | None, model: Model, engine: Engine) -> Predictions:
    """Predict one case by model and baselines; `other` provides the inputs of the controls."""
    view, reference = case.view, case.reference
    origin = View(reference.origin.observer, reference.origin.time)
    made = translate(case.stack, model, engine)
    return Predictions(
        model=made.image,
        persistence=reproject_disk(reference, view.observer, view.time).image,
        seen=seen(reference.grid, origin, view),
        controls=_controls(case, other, model, engine) if other else {},
        sigma=made.sigma,
        positive=made.positive,
        degrees_of_freedom=made.generator.degrees_of_freedom,
    )


def _controls(case: Case, other: Case, model: Model, engine: Engine) -> dict[str, Image]:
    mixed = {
        OTHER_REFERENCE: mix(case.stack, other.stack, model.recipe),
        OTHER_EUV: mix(other.stack, case.stack, model.recipe),
    }
    return {name: translate(stack, model, engine).image for name, stack in mixed.items()}
