"""``python -m training.calibrate MODEL STORE``: give σ the scale that holds 68.3 % of the errors.

On the suns that a network was trained on its errors are smaller than elsewhere, and so is the σ
that it learns there. The model file is written anew with another scale of its σ plane; its
identity does not change. Give a store of suns that it was neither trained nor scored on.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track

from farside.magnetogram.error_distribution import WITHIN_SIGMA
from farside.model import checkpoint
from farside.model.recipe import Linear, Recipe, SigmaPlane
from training.command import exit_on_error
from training.data import Pairs, open_store
from training.domain import rewrite
from training.samples import SampleDataset
from training.score.calibration import EDGES_GAUSS, LEAST_PIXELS
from training.sources import PairSource
from training.statistics import statistics_of
from training.variations import without_reference

Errors = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Generated |B|, gauss, and |error| / σ of the pixels of one disk."""


def factor(disks: Iterator[Errors]) -> float:
    """Factor that σ lacks: geometric mean over bins of the generated |B|, which weigh the same.

    Raises
    ------
    ValueError
        No bin has enough pixels.
    """
    found: dict[int, list[NDArray[np.float32]]] = defaultdict(list)
    for field, far in disks:
        for index, (low, high) in enumerate(pairwise(EDGES_GAUSS)):
            found[index].append(far[(field >= low) & (field < high)])
    joined = (np.concatenate(each) for each in found.values())
    widths = [np.quantile(each, WITHIN_SIGMA) for each in joined if each.size >= LEAST_PIXELS]
    if not widths:
        raise ValueError(f"got no bin of |B| with {LEAST_PIXELS} pixels, expected one or more")
    return float(np.exp(np.mean(np.log(widths))))


@torch.inference_mode()
def errors_of(model: checkpoint.Checkpoint, store: Pairs) -> Iterator[Errors]:
    """Errors on the training pairs of a store; every second one is without its reference."""
    recipe = model.recipe
    network = checkpoint.build(recipe, model.state)
    indices = store.select("train")
    samples = SampleDataset(PairSource(store, recipe, indices), indices, recipe)
    alone = partial(without_reference, recipe=recipe)
    inputs, inside = recipe.input_planes, recipe.disk.on_disk()
    for index in track(range(len(samples)), store.path.name):
        sample = samples.varied(index, alone) if index % 2 else samples[index]
        made = statistics_of(network(sample[None, :inputs]), recipe)
        if made is None:
            raise ValueError(f"{recipe.name} gives no σ, expected a model that does")
        field, sigma = made.field[0, 0].numpy()[inside], made.sigma[0, 0].numpy()[inside]
        far = np.abs(field - sample[inputs].numpy()[inside]) / sigma
        yield np.abs(field) * recipe.field.scaling.scale, far / _scale_of_sigma(recipe)


def _scale_of_sigma(recipe: Recipe) -> float:
    """Scale of the σ plane over that of the field."""
    (sigma,) = (each for each in recipe.outputs if isinstance(each, SigmaPlane))
    return sigma.scaling.scale / recipe.field.scaling.scale


def scaled(recipe: Recipe, times: float) -> Recipe:
    """The Recipe with σ multiplied."""
    outputs = tuple(
        _multiplied(plane, times) if isinstance(plane, SigmaPlane) else plane
        for plane in recipe.outputs
    )
    return recipe.model_copy(update={"outputs": outputs})


def _multiplied(plane: SigmaPlane, times: float) -> SigmaPlane:
    return plane.model_copy(update={"scaling": Linear(scale=round(plane.scaling.scale * times, 2))})


def main() -> None:
    """Run the command line; an error ends it with one sentence."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("model", type=Path, metavar="MODEL.safetensors")
    parser.add_argument("store", type=Path, help="of suns that it was not trained on")
    arguments = parser.parse_args()
    with exit_on_error():
        model = checkpoint.read(arguments.model)
        times = factor(errors_of(model, open_store(arguments.store)))
        rewrite(arguments.model, scaled(model.recipe, times))
        print(f"σ is {times:.3f} times as large as before")


if __name__ == "__main__":
    main()
