"""Train the demonstration generator on samples of the simulated Sun.

The objective is the correlation term of Pix2PixCC alone, image by image; the adversary and the
feature matching of the paper are not used here.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.optim import Optimizer

from farside import checkpoint
from farside.networks import Network
from farside.networks.pix2pixcc import Generator
from farside.observation import Origin
from farside.observer import ASTRONOMICAL_UNIT_M, Observer
from farside.recipe import Linear, Recipe
from farside.registration import Disk
from farside.scaling import scale_disk
from training.losses import concordance, multiscale_discord
from training.simulated import DATES

SIMULATED = Origin("SIMULATION", "", DATES[0], Observer(0, 0, ASTRONOMICAL_UNIT_M), "", "")
Samples = NDArray[np.float16]


@dataclass(frozen=True)
class Options:
    """How long and how fast to learn, and where to write."""

    out: Path
    steps: int = 8750
    batch: int = 4
    rate: float = 1e-3
    every: int = 250
    seed: int = 0


def load(folder: Path, recipe: Recipe) -> Samples:
    """All samples of a folder in network units, (sample, 8, y, x); the last plane is the target."""
    paths = sorted(folder.glob("*.npy"))
    if not paths:
        raise SystemExit(f"no samples in {folder}: wanted the .npy files of training.simulated")
    size = recipe.grid.size_px
    samples = np.empty((len(paths), len(recipe.channels) + 1, size, size), np.float16)
    scalings = [*(channel.scaling for channel in recipe.channels), recipe.outputs[0].scaling]
    for sample, path in zip(samples, paths, strict=True):
        planes = np.load(path).astype(np.float32)
        for plane, raw, scaling in zip(sample, planes, scalings, strict=True):
            scaled = np.empty_like(raw)
            scale_disk(Disk(raw, recipe.grid, SIMULATED), scaling, out=scaled)
            plane[:] = scaled
    return samples


def mirrored(batch: Tensor, field: list[int]) -> Tensor:
    """The same Sun turned upside down: north is south, and so, by Hale's law, plus is minus."""
    flipped = batch.flip(-2)
    flipped[:, field] *= -1
    return flipped


@torch.inference_mode()
def validate(network: Network, samples: Samples, disk: Tensor) -> float:
    """Mean correlation with the truth on the disk after 2×2 binning (about one degree)."""
    inside = functional.avg_pool2d(disk[None].float(), 2)[0] == 1
    scores = []
    for index in range(len(samples)):
        sample = torch.from_numpy(samples[index : index + 1].astype(np.float32))
        pair = torch.cat([network(sample[:, :-1]), sample[:, -1:]]) * disk
        made_and_true = functional.avg_pool2d(pair, 2)[:, 0, inside]
        scores.append(float(torch.corrcoef(made_and_true)[0, 1]))
    return float(np.mean(scores))


def untrained(recipe: Recipe) -> Generator:
    """The network of a Recipe with random weights; it begins with fields of the right size."""
    network = Generator(**recipe.network.arguments)  # type: ignore[arg-type]  # strict Recipe
    head = next(reversed(list(network.modules())))
    if isinstance(head, torch.nn.Conv2d):
        torch.nn.init.normal_(head.weight, std=1e-3)
    return network


def draw(samples: Samples, size: int, recipe: Recipe, rng: np.random.Generator) -> Tensor:
    """A batch (n, 8, y, x), upside down half the time."""
    batch = torch.from_numpy(samples[rng.integers(0, len(samples), size)].astype(np.float32))
    if rng.random() < 0.5:
        fields = [i for i, c in enumerate(recipe.channels) if isinstance(c.scaling, Linear)]
        batch = mirrored(batch, [*fields, len(recipe.channels)])
    return batch.to(memory_format=torch.channels_last)


def learn(network: Network, optimiser: Optimizer, batch: Tensor, disk: Tensor) -> float:
    """Take one step; the mean concordance before it."""
    with torch.autocast("cpu", torch.bfloat16):
        made = network(batch[:, :-1])
    made, truth = made.float() * disk, batch[:, -1:]
    optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(multiscale_discord(made, truth))
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimiser.step()
    return float(concordance(made.detach(), truth).mean())


def train(recipe: Recipe, samples: Samples, validation: Samples, options: Options) -> Generator:
    """Train from nothing, and write the weights whenever they validate better than before."""
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    disk = torch.from_numpy(recipe.grid.on_disk())
    network = untrained(recipe)
    optimiser = torch.optim.AdamW(network.parameters(), options.rate, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,  # a short rise, then a cosine to zero
        lambda step: min(1, step / 100) * (1 + math.cos(math.pi * step / options.steps)) / 2,
    )
    best, recent = -math.inf, 0.0
    for step in range(1, options.steps + 1):
        found = learn(network, optimiser, draw(samples, options.batch, recipe, rng), disk)
        schedule.step()
        recent += (found - recent) / min(step, 200)
        if step % options.every and step < options.steps:
            continue
        score = validate(network, validation, disk)
        print(f"step {step}: training {recent:.3f}, validation {score:.4f}", flush=True)
        if score > best:
            best = score
            checkpoint.write(options.out, network.state_dict(), recipe, half=True)
    return network


def main() -> None:
    """Train and keep the weights that validate best."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", type=Path, help="Recipe as TOML")
    parser.add_argument("samples", type=Path, help="folder made by training.simulated")
    parser.add_argument("validation", type=Path, help="another such folder")
    parser.add_argument("out", type=Path, help="safetensors file to write")
    parser.add_argument("--steps", type=int, default=Options.steps)
    parser.add_argument("--batch", type=int, default=Options.batch)
    parser.add_argument("--rate", type=float, default=Options.rate, help="highest learning rate")
    parser.add_argument("--every", type=int, default=Options.every, help="steps to a validation")
    parser.add_argument("--seed", type=int, default=Options.seed)
    given = vars(parser.parse_args())
    recipe = Recipe.from_toml(given.pop("recipe").read_text())
    samples, validation = (load(given.pop(name), recipe) for name in ("samples", "validation"))
    train(recipe, samples, validation, Options(**given))


if __name__ == "__main__":
    main()
