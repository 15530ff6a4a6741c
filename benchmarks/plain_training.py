"""Plain training loop of Pix2PixCC: ``python -m benchmarks.plain_training CONFIG FOLDER``.

What :mod:`training` is compared with, after the description of Jeong et al. (2022, ApJS 262:50,
Sect. 3): the same networks, losses and samples in float32, batch 1, Adam, a file of each sample and
torch's own loader. It prints the steps per second.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, l1_loss, mse_loss
from torch.utils.data import DataLoader, Dataset, RandomSampler

from farside.model import checkpoint
from farside.model.recipe import Recipe
from training.config import read_config
from training.discriminator import Discriminator
from training.samples import open_samples

MARGIN_PX = 62
SCALES = 4
WARM_UP = 5


class SampleFiles(Dataset[tuple[Tensor, Tensor]]):
    """Input and target of each file, padded at the edges and cropped at random."""

    def __init__(self, folder: Path) -> None:
        self._paths = sorted(folder.glob("*.npy"))

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        planes = np.load(self._paths[index])
        padded = np.pad(planes, ((0, 0), (MARGIN_PX,) * 2, (MARGIN_PX,) * 2), mode="edge")
        y, x = torch.randint(2 * MARGIN_PX + 1, (2,)).tolist()
        side = planes.shape[-1]
        window = torch.from_numpy(padded[:, y : y + side, x : x + side].copy())
        return window[:-1], window[-1:]


def write_samples(config: Path, folder: Path) -> Recipe:
    """Write the training samples of a configuration as a file each; return its Recipe."""
    read = read_config(config)
    recipe = Recipe.from_toml(read.recipe.read_text(encoding="utf-8"))
    samples, _ = open_samples(read.data, recipe)
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(len(samples)):
        np.save(folder / f"{index:06d}.npy", samples[index].numpy())
    return recipe


def concordance(image: Tensor, target: Tensor) -> Tensor:
    """Lin's concordance correlation coefficient."""
    means = image.mean(), target.mean()
    covariance = ((image - means[0]) * (target - means[1])).mean()
    return 2 * covariance / (image.var() + target.var() + (means[0] - means[1]) ** 2 + 1e-8)


def losses(
    given: Tensor, target: Tensor, generator: nn.Module, discriminator: nn.Module
) -> tuple[Tensor, Tensor]:
    """Losses of generator and discriminator."""
    image = generator(given)
    (true,), (false,) = discriminator(given, target), discriminator(given, image.detach())
    on_discriminator = (mse_loss(true[-1], torch.ones_like(true[-1])) + (false[-1] ** 2).mean()) / 2
    (judged,) = discriminator(given, image)
    on_generator = mse_loss(judged[-1], torch.ones_like(judged[-1]))
    for ours, theirs in zip(judged, true, strict=True):
        on_generator = on_generator + 10 * l1_loss(ours, theirs.detach())
    for _ in range(SCALES):
        on_generator = on_generator + 5 * (1 - concordance(image, target)) / SCALES
        image, target = (avg_pool2d(x, 3, 2, 1, count_include_pad=False) for x in (image, target))
    return on_generator, on_discriminator


def steps(
    batches: Iterable[tuple[Tensor, Tensor]], generator: nn.Module, discriminator: nn.Module
) -> Iterator[float]:
    """Take a step for each batch; yield the generator's loss before it."""
    optimisers = [
        torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.5, 0.999))
        for network in (generator, discriminator)
    ]
    for given, target in batches:
        found = losses(given, target, generator, discriminator)
        for loss, optimiser in zip(found, optimisers, strict=True):
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
        yield found[0].item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path, help="of a training run")
    parser.add_argument("folder", type=Path, help="for the files of the samples")
    parser.add_argument("--steps", type=int, default=50, help="(%(default)s)")
    options = parser.parse_args()
    recipe = write_samples(options.config, options.folder)
    torch.manual_seed(0)
    generator = checkpoint.initialise(recipe)
    discriminator = Discriminator(len(recipe.channels), len(recipe.targets), n_df=40)
    count = WARM_UP + options.steps
    files = SampleFiles(options.folder)
    sampler = RandomSampler(files, replacement=True, num_samples=count)
    running = steps(DataLoader(files, sampler=sampler, num_workers=1), generator, discriminator)
    list(islice(running, WARM_UP))
    start = time.perf_counter()
    list(running)
    print(options.steps / (time.perf_counter() - start))


if __name__ == "__main__":
    main()
