"""Sources of training samples in network units: a store of pairs, or one of planes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from farside.errors import IncompleteSetError
from farside.magnetogram.encoding import hale_sign, scale, scale_disk, scale_images
from farside.model.recipe import BrightnessPlane, NativeTiling, Recipe, Scaling
from farside.sun.grid import Image
from farside.sun.observer import Observer, earth
from training.data.journal import StoreError
from training.data.pairs import Pairs
from training.data.planes import Planes
from training.data.sample import check_channels

FIELD = "HMI LOS"
"""Default target plane of the field."""


class PairSource:
    """Source of samples from a store of pairs; the magnetogram is the target.

    Raises
    ------
    StoreError
        The store has another grid than the Recipe, and no finer one by a whole factor.
    IncompleteSetError
        One of the given samples lacks a channel of the Recipe.
    """

    precision = np.float16
    """Type in which samples are kept: that of the store."""

    def __init__(self, store: Pairs, recipe: Recipe, indices: Iterable[int]) -> None:
        for observed, referenced in store.channels(indices):
            check_channels(observed, referenced, recipe)
        self._store, self._recipe = store.on(recipe.disk), recipe
        self.side_px = recipe.side_px
        self.check = store.check

    def images(self, index: int) -> Image:
        """(channel + 1, y, x), network units; NaN where an optional channel has no value."""
        recipe, sample = self._recipe, self._store[index]
        planes: Image = np.empty((len(recipe.channels) + 1, *[self.side_px] * 2), np.float32)
        stack = sample.stack(recipe)
        scale_images(stack, recipe, out=planes[:-1])
        scale_disk(sample.truth, recipe.field.scaling, out=planes[-1])
        planes[-1] *= hale_sign(recipe, stack.time)
        return planes

    def view(self, index: int) -> tuple[Observer, float | None]:
        """Observer of the target, and age of the reference in days."""
        pair, record = self._store.describe(index)
        return record.origins()[-1].observer, None if pair.alone else pair.age_days


class PlaneSource:
    """Source of samples from a store of planes, seen from Earth.

    Parameters
    ----------
    target
        Name of the plane that is the target of the field output.

    Attributes
    ----------
    side_px
        Side of each plane: that of the grid, or of the store's tiles, which may differ from the
        tiles of the Recipe.

    Raises
    ------
    StoreError
        The planes have another size than the Recipe's grid.
    IncompleteSetError
        The store lacks a plane.
    """

    precision = np.float32
    """Type in which samples are kept."""

    def __init__(self, store: Planes, recipe: Recipe, target: str = FIELD) -> None:
        tiled = isinstance(recipe.grid, NativeTiling)
        if not tiled and store.side_px != recipe.side_px:
            raise StoreError(
                f"{store.path}: got planes of {store.side_px} px, expected {recipe.side_px}"
            )
        self._store, self._recipe = store, recipe
        self._on_disk = None if tiled else recipe.disk.on_disk()
        self.side_px = store.side_px
        names = store.description.planes
        given: list[tuple[str, Scaling]] = [
            (name, channel.scaling)
            for channel in recipe.channels
            for name in names
            if name.count(" ") == 1 and channel.takes(channel.role, *name.split(" "))
        ]
        wanted: list[tuple[str, Scaling]] = [
            (output.band if isinstance(output, BrightnessPlane) else target, output.scaling)
            for output in recipe.targets
        ]
        if not {name for name, _ in wanted} <= {*names} or len(given) != len(recipe.channels):
            expected = [*map(str, recipe.channels), *(name for name, _ in wanted)]
            raise IncompleteSetError(
                f"{store.path}: got planes {', '.join(names)}, expected {', '.join(expected)}"
            )
        self._planes = given + wanted

    def images(self, index: int) -> Image:
        """(channel + output, y, x), network units."""
        sign = hale_sign(self._recipe, self._store.time(index))
        planes: Image = np.empty((len(self._planes), *[self.side_px] * 2), np.float32)
        for (name, scaling), out in zip(self._planes, planes, strict=True):
            image = self._store.plane(index, name)
            on_disk = np.isfinite(image) if self._on_disk is None else self._on_disk
            scale(image, on_disk, scaling, out, f"{self._store.path} {name}")
            if name.startswith(FIELD):
                out *= sign
        return planes

    def view(self, index: int) -> tuple[Observer, float | None]:
        """Earth; there are no references."""
        return earth(self._store.time(index)), None

    def check(self, indices: Iterable[int]) -> None:
        """Read samples once."""
        for index in indices:
            self.images(index)


class JoinedSource:
    """Samples of several stores as one source, in order.

    Parameters
    ----------
    parts
        Sources for one Recipe, and the indices of the samples of each.

    Raises
    ------
    StoreError
        The stores have images of different sizes.
    """

    def __init__(self, parts: Sequence[tuple[PairSource | PlaneSource, Iterable[int]]]) -> None:
        sides = sorted({source.side_px for source, _ in parts})
        if len(sides) > 1:
            raise StoreError(f"got stores of {sides} px, expected one size")
        self._samples = [(source, int(index)) for source, indices in parts for index in indices]
        self.side_px, self.precision = parts[0][0].side_px, parts[0][0].precision

    def __len__(self) -> int:
        return len(self._samples)

    def images(self, index: int) -> Image:
        """(channel + output, y, x), network units."""
        source, at = self._samples[index]
        return source.images(at)

    def view(self, index: int) -> tuple[Observer, float | None]:
        """Observer of the target, and age of the reference in days."""
        source, at = self._samples[index]
        return source.view(at)

    def check(self, indices: Iterable[int]) -> None:
        """Read every disk of the given samples once."""
        places: dict[PairSource | PlaneSource, list[int]] = defaultdict(list)
        for source, at in map(self._samples.__getitem__, indices):
            places[source].append(at)
        for source, own in places.items():
            source.check(own)


Source = PairSource | PlaneSource | JoinedSource
"""Source of samples for one Recipe."""
