"""Cases to score: pairs of a store as model inputs, with their truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from astropy.time import Time

from farside.disk.registration import Disk
from farside.errors import IncompleteSetError
from farside.magnetogram.stack import Stack
from farside.model.recipe import Recipe
from farside.sun.grid import Grid, Image
from farside.sun.observer import View
from training.data.pairs import Pairs, Split
from training.data.store import root


@dataclass(frozen=True)
class CaseLabel:
    """Metadata of a case, known before it is read.

    Attributes
    ----------
    seed
        Seed of the simulated Sun; None for the real one.
    time
        Time of the observation.
    age_days
        Age of the reference at that time.
    """

    seed: int | None
    time: Time
    age_days: float

    @property
    def unit(self) -> str:
        """Resampling unit of the bootstrap: a simulated Sun, or a month of the real one.

        Disks of one Sun, or of one rotation, show the same regions and are not independent.
        """
        return self.time.isot[:7] if self.seed is None else f"seed {self.seed}"


@dataclass(frozen=True, eq=False)
class Case:
    """Case to score: model input and truth of one pair.

    Attributes
    ----------
    stack
        Input of the model.
    reference
        Reference magnetogram in its own view, gauss.
    truth
        True line-of-sight field in the stack's view, gauss, (y, x), NaN off the disk.
    """

    label: CaseLabel
    stack: Stack
    reference: Disk
    truth: Image

    @property
    def view(self) -> View:
        """View of the stack and of the truth."""
        return View(self.stack.observer, self.stack.time)


class Cases(Protocol):
    """Protocol of a sequence of cases, read one by one.

    Attributes
    ----------
    name
        Name of the data set.
    grid
        Grid of all images.
    labels
        Metadata of each case.
    simulation
        Version of the simulated Sun; None for the real one.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def grid(self) -> Grid: ...  # noqa: D102
    @property
    def labels(self) -> tuple[CaseLabel, ...]: ...  # noqa: D102
    @property
    def simulation(self) -> int | None: ...  # noqa: D102
    def __getitem__(self, index: int) -> Case: ...


MAIN_AGE_DAYS = 5.0
"""Least reference age of the main scores: a younger reference nearly shows the truth, so that
persistence is hard to beat. Scores not broken down by age use older references only."""


def main_ages(labels: Sequence[CaseLabel]) -> tuple[bool, ...]:
    """Mask of the cases in the main scores; all of them if no reference is old enough."""
    old = tuple(label.age_days >= MAIN_AGE_DAYS for label in labels)
    return old if any(old) else (True,) * len(labels)


def control_index(labels: tuple[CaseLabel, ...], index: int) -> int | None:
    """Index of the control case: of another Sun, with the nearest reference age."""
    count, own = len(labels), labels[index]
    others = [k % count for k in range(index + 1, index + count)]
    strangers = [k for k in others if labels[k].unit != own.unit]
    return min(strangers, key=lambda k: round(abs(labels[k].age_days - own.age_days)), default=None)


Given = Literal["everything", "magnetogram", "nothing"]
"""Part of the reference pair that a model is given."""


def given(stack: Stack, recipe: Recipe, reference: Given) -> Stack:
    """Leave out optional channels of the reference: its EUV, or all of it."""
    if reference == "everything":
        return stack
    kept = {
        index
        for index, channel in enumerate(recipe.channels)
        if channel.role == "observation" or (reference == "magnetogram" and channel.is_field)
    }
    leaves = [index for index in range(len(recipe.channels)) if index not in kept]
    required = [str(recipe.channels[index]) for index in leaves if index not in recipe.optional]
    if required:
        raise IncompleteSetError(f"{recipe.name} cannot do without {', '.join(required)}")
    disks = tuple(disk if index in kept else None for index, disk in enumerate(stack.disks))
    return replace(stack, disks=disks)


def mix(observed: Stack, referenced: Stack, recipe: Recipe) -> Stack:
    """Combine the observation of one stack with the reference of another."""
    disks = tuple(
        (observed if channel.role == "observation" else referenced).disks[index]
        for index, channel in enumerate(recipe.channels)
    )
    return replace(observed, disks=disks)


class StoreCases:
    """The pairs of one split of a store of :mod:`training.data`.

    Parameters
    ----------
    suns
        Only those of the first so many suns, or months; of all if unset.
    reference
        What the model is given of the reference pair.

    Raises
    ------
    IncompleteSetError
        A channel of the Recipe has no image in the store, or may not be left out.
    StoreError
        The store is on another grid than the Recipe's, and no finer one by a whole factor.
    ValueError
        It has no pair of that split with a reference.
    """

    def __init__(
        self,
        pairs: Pairs,
        recipe: Recipe,
        split: Split = "test",
        suns: int | None = None,
        reference: Given = "everything",
    ) -> None:
        pairs = pairs.on(recipe.disk)
        labels = dict(_labels(pairs, split))
        if not labels:
            raise ValueError(f"{pairs.path}: got no pairs to {split}, expected at least one")
        first = list(dict.fromkeys(label.unit for label in labels.values()))[:suns]
        self._indices = [index for index, label in labels.items() if label.unit in first]
        self._pairs, self._recipe, self._given = pairs, recipe, reference
        self.name = pairs.path.name
        self.grid = pairs.grid
        self.labels = tuple(labels[index] for index in self._indices)
        self.simulation = simulation_of(pairs)

    def __getitem__(self, index: int) -> Case:
        """Read one pair."""
        sample = self._pairs[self._indices[index]]
        off_disk = ~self.grid.on_disk()
        return Case(
            label=self.labels[index],
            stack=given(sample.stack(self._recipe), self._recipe, self._given),
            reference=sample.referenced[-1],
            truth=np.where(off_disk, np.float32(np.nan), sample.truth.image),
        )


def _labels(pairs: Pairs, split: Split) -> Iterator[tuple[int, CaseLabel]]:
    """Of all pairs with a reference: persistence, with which models are compared, needs one."""
    for index in pairs.select(split).tolist():
        pair, target = pairs.describe(index)
        if not pair.alone:
            yield index, CaseLabel(target.seed, Time(target.time), pair.age_days)


def simulation_of(pairs: Pairs) -> int | None:
    """Version of the simulated Sun that a store was made with; None for real images."""
    source = root(pairs.path, mode="r").attrs.get("source")
    version = source.get("simulation") if isinstance(source, dict) else None
    return int(version) if isinstance(version, int) else None
