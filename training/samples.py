"""Samples for training, and their batches, in network units."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from farside.magnetogram.encoding import complete
from farside.model.recipe import FieldPlane, Recipe
from farside.sun.grid import Image
from training.config import Data
from training.data import Pairs, Split, StoreError, open_store
from training.data.planes import is_planes, open_planes
from training.sources import FIELD, JoinedSource, PairSource, PlaneSource, Source
from training.variations import Change, vary

AHEAD = 4
"""Number of batches prepared ahead of the training step."""


class SampleDataset:
    """Samples in network units: the input planes, then the targets.

    Images, which take most of the time, are made once where there is memory for them; availability
    and geometry follow from them and from the view.

    Parameters
    ----------
    source
        Store of the samples, as this Recipe takes it.
    indices
        Which of its samples.
    recipe
        What the network expects.
    cache_gib
        Memory for samples that were made before; those that come when it is full are made anew.

    Attributes
    ----------
    side_px
        Side of each plane.
    """

    def __init__(
        self, source: Source, indices: Iterable[int], recipe: Recipe, cache_gib: float = 0.0
    ) -> None:
        self._source = source
        self._indices = tuple(map(int, indices))
        self._recipe = recipe
        self.side_px = source.side_px
        self._channels = len(recipe.channels)
        planes = self._channels + len(recipe.targets)
        size = np.dtype(source.precision).itemsize * planes * self.side_px**2
        self._room = int(cache_gib * 2**30) // size
        self._kept: dict[int, NDArray[np.floating]] = {}

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int) -> Tensor:
        """(input plane + target, y, x), float32."""
        return self.varied(index, _unchanged)

    def varied(self, index: int, change: Change) -> Tensor:
        """As `self[index]`, its images changed in place before."""
        images, recipe = self._images(index).astype(np.float32), self._recipe
        given, first = images[: self._channels], recipe.input_planes
        change(given)
        planes: Image = np.empty((first + len(images) - len(given), *images.shape[1:]), np.float32)
        planes[: len(given)], planes[first:] = given, images[len(given) :]
        if first > len(given):
            complete(planes[:first], recipe, *self._source.view(self._indices[index]))
        return torch.from_numpy(planes)

    def check(self) -> None:
        """Read every image once.

        Raises
        ------
        StoreError, DamagedImageError
            One is damaged or missing.
        """
        self._source.check(self._indices)

    def _images(self, index: int) -> NDArray[np.floating]:
        """(channel + target, y, x), NaN where an optional channel has no value."""
        planes = self._kept.get(index)
        if planes is None:
            # Rounded whether it is kept or not, so that a run does not depend on the memory.
            planes = self._limited(index).astype(self._source.precision)
            if len(self._kept) < self._room:
                self._kept[index] = planes
        return planes

    def _limited(self, index: int) -> Image:
        """Images with the field to be learnt limited to where the Recipe saturates."""
        images, recipe = self._source.images(self._indices[index]), self._recipe
        if recipe.saturation_gauss:
            most = recipe.saturation_gauss / recipe.field.scaling.scale
            np.clip(images[self._channels], -most, most, out=images[self._channels])
        return images


def _unchanged(_images: Image) -> None:
    pass


def open_samples(data: Data, recipe: Recipe) -> tuple[SampleDataset, SampleDataset]:
    """Open the training and the validation samples, and check them.

    Raises
    ------
    StoreError
        A store is damaged or has no sample of its split, or one Sun is in both.
    IncompleteSetError
        A store lacks a channel of the Recipe.
    """
    opened = _open_planes if is_planes(data.store[0]) else _open_pairs
    train, validation = opened(data, recipe)
    for samples in (train, validation) if data.check else ():
        samples.check()
    return train, validation


def _open_pairs(data: Data, recipe: Recipe) -> tuple[SampleDataset, SampleDataset]:
    stores, other = [*map(open_store, data.store)], open_store(data.validation)
    chosen = [_of_split(store, "train", data) for store in stores]
    validating = _spread(_of_split(other, "test", data), data.validation_samples)
    trained_on: set[int] = set().union(*map(Pairs.seeds, stores, chosen))
    _check_seeds(trained_on, other.seeds(validating), data)
    learnt = JoinedSource(
        [
            (PairSource(store, recipe, indices), indices)
            for store, indices in zip(stores, chosen, strict=True)
        ]
    )
    return (
        SampleDataset(learnt, range(len(learnt)), recipe, data.cache_gib),
        SampleDataset(PairSource(other, recipe, validating), validating, recipe, data.cache_gib),
    )


def _open_planes(data: Data, recipe: Recipe) -> tuple[SampleDataset, SampleDataset]:
    stores, other = [*map(open_planes, data.store)], open_planes(data.validation)
    trained_on: set[int] = set().union(*(store.description.seeds for store in stores))
    _check_seeds(trained_on, other.description.seeds, data)
    target = data.target or FIELD
    validating = _spread(np.arange(len(other)), data.validation_samples)
    learnt = JoinedSource(
        [(PlaneSource(store, recipe, target), range(len(store))) for store in stores]
    )
    validated = PlaneSource(other, recipe, data.validation_target or target)
    return (
        SampleDataset(learnt, range(len(learnt)), recipe, data.cache_gib),
        SampleDataset(validated, validating, recipe, data.cache_gib),
    )


def _check_seeds(trained_on: set[int], validating: Iterable[int], data: Data) -> None:
    in_both = sorted(trained_on.intersection(validating))
    if in_both:
        raise _trained_on(data, in_both)


def _trained_on(data: Data, seeds: list[int]) -> StoreError:
    return StoreError(
        f"{data.validation}: got {len(seeds)} suns that are trained on, as seed {seeds[0]},"
        " expected none"
    )


def _of_split(store: Pairs, split: Split, data: Data) -> NDArray[np.intp]:
    indices = store.select(split, data.greatest_shift_deg)
    if data.dates:
        first, last = (day.isoformat() for day in data.dates)
        days = np.array([store.sets[store.pairs[index].target].time[:10] for index in indices])
        indices = indices[(first <= days) & (days <= last)]
    if not indices.size:
        during = f" of {data.dates[0]} to {data.dates[1]}" if data.dates else ""
        raise StoreError(
            f"{store.path}: got no sample of split {split!r}{during} with its reference turned by"
            f" at most {data.greatest_shift_deg:g} degrees, expected at least one"
        )
    return indices


def _spread(indices: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    """At most `most` indices, evenly spread."""
    places = np.linspace(0, indices.size - 1, min(most, indices.size))
    return np.asarray(indices[places.round().astype(np.intp)])


class Batches:
    """Batches of a run, each a function of the seed, the step and the device alone.

    A resumed run therefore sees the same batches, and no state of them is saved.
    """

    def __init__(
        self,
        samples: SampleDataset,
        recipe: Recipe,
        data: Data,
        size: int,
        seed: int,
        rank: int = 0,
    ) -> None:
        self._samples = samples
        self._recipe = recipe
        self._data = data
        self._size = size
        self._seed = (seed, rank)
        self._given = recipe.input_planes
        self._unit_gauss = recipe.field.scaling.scale
        given = [i for i, channel in enumerate(recipe.channels) if channel.is_field]
        wanted = [i for i, output in enumerate(recipe.targets) if isinstance(output, FieldPlane)]
        learnt = [self._given + i for i in wanted]
        self._fields = [*given, *learnt]
        self._odd = [*recipe.odd_planes, *learnt]
        first = len(recipe.channels) + len(recipe.optional)
        west = [first + i for i, name in enumerate(recipe.geometry) if name == "west"]
        self._odd_west = [*self._fields, *west]

    def batch(self, step: int) -> Tensor:
        """The batch of one step, (n, input plane + target, y, x)."""
        rng = np.random.default_rng([*self._seed, step])
        indices = rng.integers(0, len(self._samples), self._size)
        change = partial(
            vary,
            recipe=self._recipe,
            left_out=self._data.left_out,
            randomised=self._data.randomised,
            rng=rng,
        )
        batch = torch.stack([self._samples.varied(int(index), change) for index in indices])
        if self._data.mirror and rng.random() < 0.5:
            batch = mirrored(batch, self._odd)
        if self._data.mirror_east_west and rng.random() < self._data.mirror_east_west:
            batch = reversed_fields(batch.flip(-1), self._odd_west)
        if step <= self._data.reverse_until and rng.random() < 0.5:
            batch = reversed_fields(batch, self._fields)
        if self._data.added_noise_gauss:
            self._add_noise(batch, self._data.added_noise_gauss, rng)
        batch = cropped(batch, self._data.crop_margin_px, rng)
        return patched(batch, self._data.patch_px, rng)

    def _add_noise(
        self, batch: Tensor, sigma_gauss: tuple[float, float], rng: np.random.Generator
    ) -> None:
        """Add Gaussian noise of one σ to each input magnetogram where it is not 0."""
        for sample, index in product(batch, [i for i in self._fields if i < self._given]):
            plane = sample[index]
            sigma = rng.uniform(*sigma_gauss) / self._unit_gauss
            noise = torch.from_numpy(rng.standard_normal(plane.shape, dtype=np.float32))
            plane += sigma * noise * (plane != 0)

    def steps(self, first: int, last: int) -> Iterator[tuple[int, Tensor]]:
        """Yield the batches of steps `first` to `last`; threads prepare the next ones."""
        with ThreadPoolExecutor(AHEAD) as pool:
            ahead = [pool.submit(self.batch, k) for k in range(first, min(first + AHEAD, last + 1))]
            for step in range(first, last + 1):
                if step + AHEAD <= last:
                    ahead.append(pool.submit(self.batch, step + AHEAD))
                yield step, ahead.pop(0).result()


def mirrored(batch: Tensor, odd: list[int]) -> Tensor:
    """The same Sun turned upside down: north is south, and so, by Hale's law, plus is minus."""
    return reversed_fields(batch.flip(-2), odd)


def reversed_fields(batch: Tensor, fields: list[int]) -> Tensor:
    """Reverse the sign of all fields of a batch, as in the next solar cycle."""
    turned = batch.clone()
    turned[:, fields] *= -1
    return turned


def cropped(batch: Tensor, margin_px: int, rng: np.random.Generator) -> Tensor:
    """Pad the edges and cut a random window of the old size (Jeong et al. 2022)."""
    if margin_px == 0:
        return batch
    size = batch.shape[-1]
    padded = functional.pad(batch, (margin_px,) * 4, mode="replicate")
    return patched(padded, size, rng)


def patched(batch: Tensor, side_px: int | None, rng: np.random.Generator) -> Tensor:
    """Cut a random window; without a side, all of it is kept.

    Raises
    ------
    ValueError
        The window is larger than the image.
    """
    if side_px is None:
        return batch
    room = batch.shape[-1] - side_px
    if room < 0:
        raise ValueError(
            f"patches of {side_px} px: expected at most the {batch.shape[-1]} px given"
        )
    y, x = rng.integers(0, room + 1, 2)
    return batch[..., y : y + side_px, x : x + side_px].contiguous()
