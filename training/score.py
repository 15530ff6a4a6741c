"""Score a model on unseen seeds of the simulated Sun, from instrument files to product.

For each seed the seven files are written, read, registered and put through the model; the
spacecraft's longitude steps once round the Sun, and the age of the reference with it. Printed
beside the model: persistence (the reference magnetogram rotated into view), and the model with its
reference, or its EUV, taken from the next seed.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass, replace
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

TIME = Time("2025-06-01T00:00:00")


@dataclass(frozen=True, eq=False)
class Case:
    """One seed: what the model is given, and what it should say."""

    stack: Stack
    truth: Image


@dataclass(frozen=True)
class Scores:
    """Full-disk correlation with the truth at one degree, of the model and of what it must beat.

    Attributes
    ----------
    model
        As served.
    persistence
        The reference magnetogram rotated into view.
    other_reference, other_euv
        The model with the reference, or the EUV, of another Sun.
    """

    model: float
    persistence: float
    other_reference: float
    other_euv: float


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


def score(case: Case, other: Case, model: Model, engine: Engine) -> Scores:
    """Put one case through the model, whole and mixed with another."""
    stack, recipe = case.stack, model.recipe
    answers = (
        translate(stack, model, engine).image,
        persistence(stack.disks[-1], stack.observer, stack.time),
        translate(mix(stack, other.stack, recipe), model, engine).image,
        translate(mix(other.stack, stack, recipe), model, engine).image,
    )
    return Scores(*(correlation(image, case.truth, recipe.grid) for image in answers))


def tabulate(cases: list[Case], scores: list[Scores]) -> Table:
    """One row a seed, and their mean."""
    table = Table(
        "longitude", "reference age", *(name.replace("_", " ") for name in asdict(scores[0]))
    )
    for case, found in zip(cases, scores, strict=True):
        age_days = (case.stack.time - case.stack.disks[-1].origin.time).to_value("day")
        table.add_row(
            f"{case.stack.observer.longitude_deg % 360:.0f}°",
            f"{age_days:.1f} d",
            *(f"{value:.3f}" for value in asdict(found).values()),
        )
    table.add_section()
    mean = np.mean([list(asdict(found).values()) for found in scores], axis=0)
    table.add_row("mean", "", *(f"{value:.3f}" for value in mean))
    return table


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default="pix2pixcc-demo")
    parser.add_argument("--repository", type=Path, default=Path("model_repository"))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--time", type=Time, default=TIME)
    arguments = parser.parse_args()
    engine = TorchEngine.from_repository(arguments.repository)
    model = find_model(engine, arguments.model)
    step_deg = 360 / arguments.seeds
    cases = [
        simulate(arguments.first_seed + k, arguments.time, (k + 0.5) * step_deg, model.recipe)
        for k in track(range(arguments.seeds), "simulating")
    ]
    scores = [
        score(case, other, model, engine)
        for case, other in zip(cases, [*cases[1:], cases[0]], strict=True)
    ]
    print("full-disk correlation with the truth, 1° per pixel")
    Console().print(tabulate(cases, scores))


if __name__ == "__main__":
    main()
