"""Train the demonstration generator on samples of the simulated Sun.

The objective is the correlation term of Pix2PixCC alone, image by image; the adversary and the
feature matching of the paper are not used here.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from farside import checkpoint
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


def load(folder: Path, recipe: Recipe) -> Samples:
    """All samples of a folder in network units, (sample, 8, y, x); the last plane is the target."""
    paths = sorted(folder.glob("*.npy"))
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


def batch_of(samples: Samples, index: NDArray[np.int64]) -> Tensor:
    """Float32 samples, (n, 8, y, x)."""
    return torch.from_numpy(samples[index].astype(np.float32))


@torch.inference_mode()
def validate(network: torch.nn.Module, samples: Samples, disk: Tensor) -> float:
    """Mean correlation with the truth on the disk after 2×2 binning (about one degree)."""
    network.eval()
    scores = []
    for sample in samples:
        data = torch.from_numpy(sample[None].astype(np.float32))
        pair = torch.cat([network(data[:, :-1]), data[:, -1:]]) * disk
        inside = functional.avg_pool2d(disk[None].float(), 2)[0] == 1
        made, truth = functional.avg_pool2d(pair, 2)[:, 0, inside]
        scores.append(float(torch.corrcoef(torch.stack([made, truth]))[0, 1]))
    network.train()
    return float(np.mean(scores))


def main() -> None:
    """Train for a number of minutes and keep the weights that validate best."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", type=Path, help="Recipe as TOML")
    parser.add_argument("samples", type=Path, help="folder made by training.simulated")
    parser.add_argument("validation", type=Path, help="another such folder")
    parser.add_argument("out", type=Path, help="safetensors file to write")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", type=Path, help="start from these weights")
    arguments = parser.parse_args()

    torch.manual_seed(arguments.seed)
    rng = np.random.default_rng(arguments.seed)
    recipe = Recipe.from_toml(arguments.recipe.read_text())
    samples = load(arguments.samples, recipe)
    validation = load(arguments.validation, recipe)
    field = [i for i, c in enumerate(recipe.channels) if isinstance(c.scaling, Linear)]
    field.append(len(recipe.channels))
    network = Generator(**recipe.network.arguments)  # type: ignore[arg-type]
    torch.nn.init.normal_(
        list(network.parameters())[-2], std=1e-3
    )  # Fields are small in network units.
    if arguments.resume:
        network.load_state_dict(checkpoint.read(arguments.resume).state)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(network.parameters(), arguments.rate, weight_decay=1e-4)
    disk = torch.from_numpy(recipe.grid.on_disk())

    start, step, best, running = time.monotonic(), 0, -1.0, 0.0
    while (spent := (time.monotonic() - start) / 60 / arguments.minutes) < 1:
        for group in optimiser.param_groups:  # Cosine to zero, after a short rise.
            group["lr"] = arguments.rate * min(1, step / 100) * (1 + np.cos(np.pi * spent)) / 2
        batch = batch_of(samples, rng.integers(0, len(samples), arguments.batch))
        if rng.random() < 0.5:
            batch = mirrored(batch, field)
        batch = batch.to(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            made = network(batch[:, :-1])
        made, truth = made.float() * disk, batch[:, -1:]
        loss = multiscale_discord(made, truth)
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        step += 1
        running += (float(concordance(made.detach(), truth).mean()) - running) / min(step, 200)
        if step % 250 == 0:
            score = validate(network, validation, disk)
            print(
                f"step {step} {spent:.0%} training {running:.3f} validation {score:.4f}", flush=True
            )
            if score > best:
                best = score
                checkpoint.write(arguments.out, network.state_dict(), recipe, half=True)


if __name__ == "__main__":
    main()
