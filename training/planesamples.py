"""Training samples from a store of image planes (tiles or drawings)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from farside.errors import IncompleteSetError
from farside.magnetogram.encoding import hale_sign, scale
from farside.model.recipe import BrightnessPlane, NativeTiling, Recipe, Scaling
from farside.sun.grid import Image
from training.data.journal import StoreError
from training.data.planes import Planes
from training.variations import Change

FIELD = "HMI LOS"
"""Default target plane of the field."""


class PlaneDataset:
    """Samples of a store of planes, in network units; the last planes are the targets.

    Parameters
    ----------
    store
        Store of planes.
    indices
        Indices of its samples.
    recipe
        Recipe of the network: input channels and outputs.
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

    def __init__(
        self, store: Planes, indices: Sequence[int], recipe: Recipe, target: str = FIELD
    ) -> None:
        if not isinstance(recipe.grid, NativeTiling) and store.side_px != recipe.side_px:
            raise StoreError(
                f"{store.path}: got planes of {store.side_px} px, expected {recipe.side_px}"
            )
        self._store = store
        self._indices = tuple(map(int, indices))
        self._recipe = recipe
        self._on_disk = None if isinstance(recipe.grid, NativeTiling) else recipe.grid.on_disk()
        self.side_px = store.side_px
        given: list[tuple[str, Scaling]] = [
            (name, channel.scaling)
            for channel in recipe.channels
            for name in store.description.planes
            if name.count(" ") == 1 and channel.takes(channel.role, *name.split(" "))
        ]
        wanted: list[tuple[str, Scaling]] = [
            (output.band if isinstance(output, BrightnessPlane) else target, output.scaling)
            for output in recipe.targets
        ]
        self._planes = given + wanted
        missing = [name for name, _ in wanted if name not in store.description.planes]
        if missing or len(given) != len(recipe.channels):
            names = [*map(str, recipe.channels), *(name for name, _ in wanted)]
            raise IncompleteSetError(
                f"{store.path}: got planes {', '.join(store.description.planes)}, expected "
                f"{', '.join(names)}"
            )

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int) -> Tensor:
        """(channel + output, y, x), float32."""
        place, side = self._indices[index], self.side_px
        planes: Image = np.empty((len(self._planes), side, side), np.float32)
        sign = hale_sign(self._recipe, self._store.time(place))
        for (name, scaling), out in zip(self._planes, planes, strict=True):
            image = self._store.plane(place, name)
            on_disk = np.isfinite(image) if self._on_disk is None else self._on_disk
            scale(image, on_disk, scaling, out, f"{self._store.path} {name}")
            if name.startswith(FIELD):
                out *= sign
        if self._recipe.saturation_gauss:
            most = self._recipe.saturation_gauss / self._recipe.field.scaling.scale
            fields = planes[len(self._recipe.channels) :][:1]
            np.clip(fields, -most, most, out=fields)
        return torch.from_numpy(planes)

    def varied(self, index: int, change: Change) -> Tensor:
        """As `self[index]`, its images changed in place before."""
        planes = self[index]
        change(planes[: len(self._recipe.channels)].numpy())
        return planes

    def check(self) -> None:
        """Read every sample once.

        Raises
        ------
        StoreError, DamagedImageError
            One is damaged or missing.
        """
        for index in range(len(self)):
            self[index]
