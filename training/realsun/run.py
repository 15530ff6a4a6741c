"""Predictions for the real sets: shipped models through the product's pipeline, and baselines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from farside.disk.registration import register
from farside.magnetogram.magnetogram import Magnetogram
from farside.magnetogram.stack import Stack
from farside.model.engine import Engine, Model
from farside.model.recipe import SYNOPTIC_MAP, Channel, Recipe
from farside.observation.image import read
from farside.pipeline import prepare, translate
from farside.sun.grid import Grid, Image
from farside.synchronic.map import BaseMap
from training.realsun.baselines import hale_guess, hale_on_true_regions, map_before, persistence
from training.realsun.measures import GRID, UNSIGNED, orientation_rows, score_set
from training.realsun.sets import RealSet
from training.scoring.table import Row

ZERO, GUESS, PERSISTENCE = "zero field", "Hale's law on 304", "GONG, a rotation before"
GIVEN_REGIONS = "Hale's law, given the regions"
ENSEMBLE = "all models, mirrored"
MIRRORED = "mirrored"
EXPECTED = "its expected abs B"
WITH_MAP = f"with {PERSISTENCE}"


@dataclass(frozen=True, eq=False)
class Prediction:
    """Predicted field of one set.

    Attributes
    ----------
    name, case
        Name of the model or baseline, and description of its input.
    image
        Field, gauss, (y, x) on the grid of the scores, NaN off the disk.
    unsigned
        Expected |B| of a model that predicts it, likewise.
    served
        Whether it is what the service answers for the set, and no variant or baseline.
    """

    name: str
    case: str
    image: Image
    unsigned: Image | None = None
    served: bool = False


@dataclass(frozen=True)
class SkippedModel:
    """Model that could not run, with the reason."""

    model: str
    reason: str


def far_side_models(engine: Engine) -> list[Model]:
    """Loaded models that generate a magnetogram from EUVI images."""
    return [model for model in engine.models().values() if _takes_euvi(model.recipe)]


def skipped_models(models: Sequence[Model]) -> list[SkippedModel]:
    """Models that cannot run because the sets lack their input."""
    return [
        SkippedModel(
            model.recipe.name,
            "needs " + ", ".join(map(str, _needed_references(model.recipe)))
            + ": the sets have no AIA images of an earlier rotation, and a reference of the same"
            " time holds the answer",
        )
        for model in models
        if _needed_references(model.recipe)
    ]  # fmt: skip


def _needed_references(recipe: Recipe) -> list[Channel]:
    return [channel for channel in recipe.channels_of("reference") if not channel.optional]


def predictions(
    real: RealSet, models: Sequence[Model], engine: Engine, maps: Sequence[BaseMap]
) -> list[Prediction]:
    """Predict a set with every model that can run, and with the baselines.

    Raises
    ------
    FarsideError
        The pipeline refuses an image.
    """
    made = [each for model in models for each in _of_model(real, model, engine, maps)]
    return [*made, *_ensemble(made), *_baselines(real, maps)]


def score(real: RealSet, given: Sequence[Prediction]) -> list[Row]:
    """Measure all predictions of a set."""
    rows = [
        row for each in given for row in score_set(each.image, real.truth, each.name, each.case)
    ]
    rows += [
        row
        for each in given
        if each.unsigned is not None
        for row in score_set(each.unsigned, real.truth, f"{each.name}, {EXPECTED}", each.case)
        if row.measure in UNSIGNED
    ]
    law = orientation_rows(
        hale_on_true_regions(real.truth), real.name, GIVEN_REGIONS, "the true regions"
    )
    return rows + law


def mirrored(stack: Stack) -> Stack:
    """The same Sun with north and south exchanged, and its observer's latitude."""
    disks = tuple(disk and replace(disk, image=disk.image[::-1].copy()) for disk in stack.disks)
    observer = replace(stack.observer, latitude_deg=-stack.observer.latitude_deg)
    return replace(stack, disks=disks, observer=observer)


def over_mirrored(stack: Stack, model: Model, engine: Engine) -> Image:
    """Mean of the predictions for a stack and for its north–south mirror, sign reversed.

    By Hale's and Joy's laws a Sun mirrored at its equator with all signs reversed is as likely.
    """
    plain, other = (translate(each, model, engine).image for each in (stack, mirrored(stack)))
    return (plain - other[::-1]) * np.float32(0.5)


def on_scoring_grid(image: Image, grid: Grid) -> Image:
    """Average the pixels of an image on a grid in blocks onto the grid of the scores."""
    return grid.block_means(image, grid.factor_over(GRID))


def _takes_euvi(recipe: Recipe) -> bool:
    return any(
        pair.startswith("EUVI")
        for each in recipe.channels_of("observation")
        for pair in each.accepts
    )


def _of_model(
    real: RealSet, model: Model, engine: Engine, maps: Sequence[BaseMap]
) -> Iterator[Prediction]:
    recipe = model.recipe
    files = real.files_for(recipe)
    if files is None or _needed_references(recipe):
        return
    stack = prepare(files, [], recipe)
    case = "AIA " + ", ".join(disk.origin.band for disk in stack.given)
    served = _predicted(recipe.name, case, translate(stack, model, engine))
    yield replace(served, served=True)
    both = on_scoring_grid(over_mirrored(stack, model, engine), recipe.disk)
    if not np.allclose(both, served.image, atol=0.1, equal_nan=True):
        yield Prediction(f"{recipe.name}, {MIRRORED}", case, both)
    base = map_before(maps, real.truth.view)
    if base is not None and any(SYNOPTIC_MAP in each.accepts for each in recipe.channels):
        referred = translate(prepare(files, [base], recipe), model, engine)
        yield _predicted(f"{recipe.name} {WITH_MAP}", f"{case}, {base.instrument}", referred)


def _predicted(name: str, case: str, product: Magnetogram) -> Prediction:
    grid = product.disk
    unsigned = None if product.unsigned is None else on_scoring_grid(product.unsigned, grid)
    return Prediction(name, case, on_scoring_grid(product.image, grid), unsigned)


def _ensemble(made: Sequence[Prediction]) -> Iterator[Prediction]:
    """Mean of the models, each over mirrored inputs unless it has that symmetry by itself."""
    named = {each.name: each for each in made}
    images = [named.get(f"{each.name}, {MIRRORED}", each).image for each in made if each.served]
    if len(images) > 1:
        yield Prediction(ENSEMBLE, f"{len(images)} models", np.mean(images, axis=0))


def _baselines(real: RealSet, maps: Sequence[BaseMap]) -> Iterator[Prediction]:
    truth = real.truth
    yield Prediction(
        ZERO, "nothing", np.where(np.isfinite(truth.image), np.float32(0), truth.image)
    )
    helium = real.image_of("304")
    if helium is not None:
        yield Prediction(GUESS, "AIA 304", hale_guess(register(read(helium), GRID)))
    base = map_before(maps, truth.view)
    if base is not None:
        image, case = persistence(base, truth)
        yield Prediction(PERSISTENCE, case, image)
