"""Each choice of farside-1 taken back, one at a time: what it is worth, on equal budgets.

``python -m benchmarks.ablation suns.zarr unseen.zarr --out docs/farside-1/ablation.md``: the trunk
alone on a small grid, trained anew for each line with the same seed, samples and number of steps,
and scored on the unseen suns of the second store.
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
import torch

from farside.evaluation.metrics import correlation
from farside.io.atomic import atomic_path
from farside.magnetogram.error_distribution import interval_95
from farside.model import checkpoint
from farside.model.recipe import Recipe
from farside.sun.grid import Image
from training.config import Config
from training.data import Split, open_store
from training.samples import SampleDataset
from training.scoring.markdown import table
from training.sources import PairSource
from training.train import MODEL, train
from training.variations import without_reference

RECIPE, CONFIG = "training/recipes/farside-1-coarse.toml", "training/configs/farside-1-coarse.toml"

SIDE_PX, FRESH_DAYS, MAIN_DAYS = 64, 2.5, 5.0

Parts = dict[str, Any]
"""Recipe or configuration as parsed from TOML."""

Change = Callable[[Parts, Parts], None]
"""Takes back one choice: changes Recipe and configuration in place."""


def nothing(_recipe: Parts, _config: Parts) -> None:
    """Leave all as it is shipped."""


def no_geometry(recipe: Parts, _config: Parts) -> None:
    """Take away the planes of geometry, and with them the age that opens the gate."""
    arguments = recipe["network"]["arguments"]
    recipe["geometry"] = []
    arguments |= {"input_channels": 14, "odd_planes": "6"}
    arguments.pop("age_plane")


def gate_half_open(recipe: Parts, _config: Parts) -> None:
    """Let the gate begin at one half for a reference of any age."""
    recipe["network"]["arguments"].pop("age_plane")


def gaussian(recipe: Parts, _config: Parts) -> None:
    """Take the errors for Gaussian."""
    (sigma,) = (each for each in recipe["outputs"] if each["quantity"] == "sigma")
    sigma.pop("degrees_of_freedom", None)


def data(key: str, value: Any) -> Change:
    """Change of one setting of the samples."""

    def change(_recipe: Parts, config: Parts) -> None:
        config["data"][key] = value

    return change


def concordance(_recipe: Parts, config: Parts) -> None:
    """Add the concordance of the field, which rewards amplitude where the sign is a guess."""
    config["weights"]["concordance"] = 1.0


def signs_turned(_recipe: Parts, config: Parts) -> None:
    """Reverse all fields in half of the batches, so that Hale's law is not learnt."""
    config["data"]["reverse_until"] = 10**9


CHOICES: Mapping[str, Change] = {
    "as shipped": nothing,
    "no planes of geometry": no_geometry,
    "no mirrored samples": data("mirror", False),
    "signs reversed at random": signs_turned,
    "gate begins half open": gate_half_open,
    "EUV not randomised": data("randomised", {}),
    "nothing left out": data("left_out", {}),
    "concordance of the field added": concordance,
    "Gaussian errors": gaussian,
}


@dataclass(frozen=True)
class Scores:
    """Means over the unseen suns.

    Attributes
    ----------
    correlation, fresh, alone
        Correlation at one degree with references from 5 d, up to 2.5 d, and without any.
    strength
        Correlation of the expected and the true |B|, without reference.
    rms_gauss
        Root mean square error of the pixels, references from 5 d, gauss.
    within_68, within_95
        Shares of the pixels within the two intervals, references from 5 d.
    """

    correlation: float
    fresh: float
    alone: float
    strength: float
    rms_gauss: float
    within_68: float
    within_95: float


def parts(change: Change, stores: tuple[Path, Path], steps: int) -> tuple[Parts, Parts]:
    """Recipe and configuration of the trunk on a small grid, with one choice taken back."""
    recipe, config = (tomllib.loads(Path(path).read_text()) for path in (RECIPE, CONFIG))
    grid = recipe["grid"]
    radius_px = grid["disk_radius_px"] * SIDE_PX / grid["size_px"]
    recipe["grid"] = grid | {"size_px": SIDE_PX, "disk_radius_px": radius_px}
    config["data"] |= {"store": str(stores[0]), "validation": str(stores[1])}
    config["data"] |= {"validation_samples": 1, "check": False}
    config["run"] |= {"iterations": steps, "validate_every": steps, "average": 0.99}
    change(recipe, config)
    return recipe, config


def trained(change: Change, stores: tuple[Path, Path], steps: int, out: Path) -> Path:
    """Train one variant into a folder, or go on with it; the model file."""
    out.mkdir(parents=True, exist_ok=True)
    recipe, config = parts(change, stores, steps)
    path = out / "recipe.toml"
    path.write_text(tomli_w.dumps(recipe))
    train(Config.model_validate(config | {"recipe": path}), out)
    return out / MODEL


@torch.inference_mode()
def scored(model: Path, unseen: Path) -> Scores:
    """Score a model file on the test pairs of a store."""
    found = checkpoint.read(model)
    network, recipe = checkpoint.build(found.recipe, found.state), found.recipe
    store = open_store(unseen)
    indices = store.select("test")
    samples = SampleDataset(PairSource(store, recipe, indices), indices, recipe)
    alone = partial(without_reference, recipe=recipe)
    ages = [store.pairs[index].age_days or 0.0 for index in indices]
    values: dict[str, list[float]] = {name: [] for name in Scores.__annotations__}
    for index, age in enumerate(ages):
        with_reference = _answer(network, recipe, samples[index])
        without = _answer(network, recipe, samples.varied(index, alone))
        if age <= FRESH_DAYS:
            values["fresh"].append(with_reference.correlation)
        elif age >= MAIN_DAYS:
            for name, value in with_reference.errors().items():
                values[name].append(value)
        values["alone"].append(without.correlation)
        values["strength"].append(without.strength)
    return Scores(**{name: float(np.mean(each)) for name, each in values.items()})


@dataclass(frozen=True, eq=False)
class _Answer:
    """Field, σ, expected |B| and truth, gauss, (y, x), NaN off the disk."""

    recipe: Recipe
    field: Image
    sigma: Image
    unsigned: Image
    truth: Image

    @property
    def correlation(self) -> float:
        return correlation(self.field, self.truth, self.recipe.disk)

    @property
    def strength(self) -> float:
        return correlation(self.unsigned, np.abs(self.truth), self.recipe.disk)

    def errors(self) -> dict[str, float]:
        inside = self.recipe.disk.on_disk()
        error, sigma = np.abs(self.field - self.truth)[inside], self.sigma[inside]
        width = interval_95(self.recipe.degrees_of_freedom)
        return {
            "correlation": self.correlation,
            "rms_gauss": float(np.sqrt(np.mean(error**2))),
            "within_68": float(np.mean(error <= sigma)),
            "within_95": float(np.mean(error <= width * sigma)),
        }


def _answer(network: torch.nn.Module, recipe: Recipe, sample: torch.Tensor) -> _Answer:
    given = sample[None, : recipe.input_planes]
    planes = torch.cat([network(given)[0, :3], sample[recipe.input_planes :]]).numpy()
    planes = planes * recipe.field.scaling.scale
    return _Answer(recipe, *np.where(recipe.disk.on_disk(), planes, np.float32(np.nan)))


def page(scores: Mapping[str, Scores], command: str, steps: int, suns: tuple[int, int]) -> str:
    """The page: what was done, and a line for each choice."""
    names = ["", "r, from 5 d", "r, to 2.5 d", "r, no reference", "r of abs B, no reference"]
    names += ["RMS error, G", "within σ", "within 95 %"]
    rows = [
        [
            name,
            *(f"{each:.3f}" for each in (row.correlation, row.fresh, row.alone, row.strength)),
            f"{row.rms_gauss:.1f}",
            *(f"{share:.1%}" for share in (row.within_68, row.within_95)),
        ]
        for name, row in scores.items()
    ]
    return f"""# What each choice of farside-1 is worth

The trunk of farside-1 on a grid of {SIDE_PX} px, trained anew with one choice taken back at a
time: {steps} steps of the same samples of {suns[0]} simulated suns, from the same seed. Scores are
means over {suns[1]} unseen suns: r is the correlation at one degree, by the age of the reference;
errors are those with references from 5 d. One run each: differences of about 0.01 are chance.
`{command}` makes this page again.

{table(names, rows)}
"""


def _suns(path: Path, split: Split) -> int:
    store = open_store(path)
    return len(store.seeds(store.select(split)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("suns", type=Path, help="store to train on")
    parser.add_argument("unseen", type=Path, help="store to score on")
    parser.add_argument("--out", type=Path, required=True, metavar="PAGE")
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--runs", type=Path, default=Path("build/ablation"), metavar="FOLDER")
    given = parser.parse_args()
    stores, scores = (given.suns, given.unseen), dict[str, Scores]()
    for name, change in CHOICES.items():
        folder = given.runs / name.replace(" ", "-")
        scores[name] = scored(trained(change, stores, given.steps, folder), given.unseen)
        print(name, scores[name], flush=True)
    command = f"python -m benchmarks.ablation {given.suns.name} {given.unseen.name}"
    counts = _suns(given.suns, "train"), _suns(given.unseen, "test")
    with atomic_path(given.out) as path:
        path.write_text(
            page(scores, f"{command} --out {given.out}", given.steps, counts), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
