"""Samples for training: from files in physical units to batches in network units."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from farside.grid import Image
from farside.observation import Origin
from farside.observer import ASTRONOMICAL_UNIT_M, Observer
from farside.recipe import Linear, Recipe
from farside.registration import Disk
from farside.scaling import scale_disk
from training.config import Data
from training.simulated import DATES

SIMULATED = Origin("SIMULATION", "", DATES[0], Observer(0, 0, ASTRONOMICAL_UNIT_M), "", "")
AHEAD = 4
"""Batches made while the network works."""


class Samples:
    """The samples of one folder, in network units; the last plane is the target.

    Raises
    ------
    ValueError
        There are none, or one has other planes than the Recipe asks for.
    """

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        self._paths = sorted(folder.glob("*.npy"))
        self._recipe = recipe
        if not self._paths:
            raise ValueError(f"no samples in {folder}: wanted .npy files of training.simulated")

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> Tensor:
        """(channel + 1, y, x), float32."""
        recipe, path = self._recipe, self._paths[index]
        planes = np.load(path).astype(np.float32)
        wanted = (len(recipe.channels) + 1, recipe.grid.size_px, recipe.grid.size_px)
        if planes.shape != wanted:
            raise ValueError(f"{path.name}: got planes {planes.shape}, wanted {wanted}")
        if not np.isfinite(planes).all():
            raise ValueError(f"{path.name}: got values that are not finite, wanted none")
        scalings = [*(c.scaling for c in recipe.channels), recipe.outputs[0].scaling]
        out: Image = np.empty_like(planes)
        for plane, raw, scaling in zip(out, planes, scalings, strict=True):
            scale_disk(Disk(raw, recipe.grid, SIMULATED), scaling, out=plane)
        return torch.from_numpy(out)


class Batches:
    """The batches of a run: each follows from the seed, the step and the device alone.

    So a run that is resumed sees what it would have seen, and nothing of it need be saved.
    """

    def __init__(
        self, samples: Samples, recipe: Recipe, data: Data, size: int, seed: int, rank: int = 0
    ) -> None:
        self._samples = samples
        self._data = data
        self._size = size
        self._seed = (seed, rank)
        fields = [i for i, c in enumerate(recipe.channels) if isinstance(c.scaling, Linear)]
        self._fields = [*fields, len(recipe.channels)]

    def batch(self, step: int) -> Tensor:
        """The batch of one step, (n, channel + 1, y, x)."""
        rng = np.random.default_rng([*self._seed, step])
        indices = rng.integers(0, len(self._samples), self._size)
        batch = torch.stack([self._samples[int(index)] for index in indices])
        if self._data.mirror and rng.random() < 0.5:
            batch = mirrored(batch, self._fields)
        return cropped(batch, self._data.crop_margin_px, rng)

    def steps(self, first: int, last: int) -> Iterator[tuple[int, Tensor]]:
        """The batches of steps `first` to `last`, the next ones made ahead."""
        with ThreadPoolExecutor(1) as pool:
            ahead = [pool.submit(self.batch, k) for k in range(first, min(first + AHEAD, last + 1))]
            for step in range(first, last + 1):
                if step + AHEAD <= last:
                    ahead.append(pool.submit(self.batch, step + AHEAD))
                yield step, ahead.pop(0).result()


def mirrored(batch: Tensor, fields: list[int]) -> Tensor:
    """The same Sun turned upside down: north is south, and so, by Hale's law, plus is minus."""
    flipped = batch.flip(-2)
    flipped[:, fields] *= -1
    return flipped


def cropped(batch: Tensor, margin_px: int, rng: np.random.Generator) -> Tensor:
    """Pad the edges and cut a random window of the old size (Jeong et al. 2022)."""
    if margin_px == 0:
        return batch
    size = batch.shape[-1]
    padded = functional.pad(batch, (margin_px,) * 4, mode="replicate")
    y, x = rng.integers(0, 2 * margin_px + 1, 2)
    return padded[..., y : y + size, x : x + size].contiguous()
