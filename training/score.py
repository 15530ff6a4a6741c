"""Score a model on unseen seeds of the simulated Sun, from instrument files to product.

For each seed the seven files are written, read, registered and put through the model. Printed
beside the model: persistence (the reference magnetogram rotated into view), and the model with its
reference, or its EUV, taken from another seed.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from astropy.time import Time
from rich.console import Console
from rich.progress import track
from rich.table import Table

from farside.engine import Engine, Model, find_model
from farside.engines.torch import TorchEngine
from farside.grid import Image
from farside.metrics import correlation, persistence
from farside.pipeline import prepare, translate
from farside.recipe import Recipe
from farside.simulation.files import read_truth, write_set
from farside.stack import Stack


@dataclass(frozen=True, eq=False)
class Case:
    """One seed: what the model is given, and what it should say."""

    stack: Stack
    truth: Image


def simulate(seed: int, time: Time, longitude_deg: float, recipe: Recipe) -> Case:
    """Write the files of a seed and read them back as any user's."""
    with TemporaryDirectory() as folder:
        files = write_set(Path(folder), time, longitude_deg, seed, size="small")
        stack = prepare(files.observations, files.references, recipe)
        return Case(stack, read_truth(files.truth, recipe.grid))


def mix(observed: Stack, referenced: Stack, recipe: Recipe) -> Stack:
    """The observation of one stack with the reference of another."""
    disks = tuple(
        (observed if channel.role == "observation" else referenced).disks[index]
        for index, channel in enumerate(recipe.channels)
    )
    return replace(observed, disks=disks)


def score(cases: list[Case], model: Model, engine: Engine) -> dict[str, list[float]]:
    """Full-disk correlation with the truth at one degree, by row of the table, seed by seed."""
    recipe = model.recipe
    rows: dict[str, list[float]] = {}
    for case, other in zip(cases, [*cases[1:], cases[0]], strict=True):
        stack = case.stack
        answers = {
            "model": translate(stack, model, engine).image,
            "persistence": persistence(stack.disks[-1], stack.observer, stack.time),
            "reference shuffled": translate(mix(stack, other.stack, recipe), model, engine).image,
            "EUV shuffled": translate(mix(other.stack, stack, recipe), model, engine).image,
        }
        for name, image in answers.items():
            rows.setdefault(name, []).append(correlation(image, case.truth, recipe.grid))
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default="pix2pixcc-demo")
    parser.add_argument("--repository", type=Path, default=Path("model_repository"))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--time", type=Time, default=Time("2025-06-01T00:00:00"))
    parser.add_argument("--longitudes", type=float, nargs="+", default=[70.0, 180.0, 290.0])
    arguments = parser.parse_args()
    engine = TorchEngine.from_repository(arguments.repository)
    model = find_model(engine, arguments.model)
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    table = Table("correlation with the truth, 1° per pixel", "mean", "least", "greatest")
    for longitude in arguments.longitudes:
        cases = [
            simulate(seed, arguments.time, longitude, model.recipe)
            for seed in track(seeds, f"simulating a spacecraft at {longitude:+.0f}°")
        ]
        for name, values in score(cases, model, engine).items():
            figures = (np.mean(values), np.min(values), np.max(values))
            label = f"{name}, spacecraft at {longitude:+.0f}°"
            table.add_row(label, *(f"{figure:.3f}" for figure in figures))
        table.add_section()
    Console().print(table)


if __name__ == "__main__":
    main()
