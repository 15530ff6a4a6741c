"""Reader of a store of pairs: samples of registered disks."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import zarr
from numpy.typing import NDArray
from pydantic import TypeAdapter
from rich.progress import track

from farside.disk.registration import Disk
from farside.observation.image import Origin
from farside.sun.grid import Grid
from training.data.journal import StoreError
from training.data.pairing import CHANNELS, NO_REFERENCE, Pair, UnusedFile
from training.data.sample import Sample
from training.data.store import COLUMNS, SetRecord, array, column, grid_of, root, rows, table

Split = Literal["train", "test"]
Rows = NDArray[np.int32]


def open_store(path: Path) -> Pairs:
    """Open a store for training or scoring.

    Raises
    ------
    StoreError
        The store does not exist, is of another kind, unfinished, damaged, or has no pair.
    """
    group = root(path, mode="r")
    if group.attrs.get("complete") is not True:
        raise StoreError(f"{path}: got a store that is not finished, expected one: make it again")
    grid, disks = grid_of(group), array(group, "disks")
    if disks.shape[1:] != (grid.size_px, grid.size_px):
        raise StoreError(f"{path}: got disks {disks.shape}, expected those of {grid}")
    sets = table(group, "sets")
    images, records = column(sets, "images"), rows(sets, TypeAdapter(tuple[SetRecord, ...]))
    if images.shape != (len(records), len(CHANNELS)):
        wanted = (len(records), len(CHANNELS))
        raise StoreError(f"{path}: got images of sets {images.shape}, expected {wanted}")
    _refuse_outside(path, "sets/images", images, disks.shape[0])
    pairs = _read_pairs(path, table(group, "pairs"), len(records))
    refused = rows(table(group, "refused"), TypeAdapter(tuple[UnusedFile, ...]))
    return Pairs(path, grid, disks, images, records, pairs, refused)


class Pairs:
    """Samples of a store of pairs; see :func:`open_store`.

    Attributes
    ----------
    path
        Path of the store.
    grid
        Grid of the disks.
    pairs
        Pair of each sample.
    sets
        Metadata of the sets that pairs refer to by index.
    refused
        Unused files, with reasons.
    """

    def __init__(
        self,
        path: Path,
        grid: Grid,
        disks: zarr.Array[Any],
        images: Rows,
        sets: tuple[SetRecord, ...],
        pairs: tuple[Pair, ...],
        refused: tuple[UnusedFile, ...],
    ) -> None:
        self.path = path
        self.grid = grid
        self.sets = sets
        self.pairs = pairs
        self.refused = refused
        self._disks = disks
        self._images = images
        self._stored = grid

    def on(self, grid: Grid) -> Pairs:
        """The same samples on a grid that is coarser by a whole factor: means of the disk's pixels.

        Raises
        ------
        StoreError
            The grid is not that of the store, coarsened.
        """
        if grid == self.grid:
            return self
        try:
            self._stored.factor_over(grid)
        except ValueError as error:
            raise StoreError(f"{self.path}: {error}") from error
        coarser = copy(self)
        coarser.grid = grid
        return coarser

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Sample:
        """Read one sample.

        Raises
        ------
        StoreError
            A disk is damaged or missing.
        """
        pair = self.pairs[index]
        *observed, truth = self._set(pair.target)
        seed = self.sets[pair.target].seed
        referenced = () if pair.alone else self._set(pair.reference)
        return Sample(tuple(observed), referenced, truth, pair, seed)

    def describe(self, index: int) -> tuple[Pair, SetRecord]:
        """Pair of a sample and set of its target; no disk is read."""
        pair = self.pairs[index]
        return pair, self.sets[pair.target]

    def select(self, split: Split, greatest_shift_deg: float = 180.0) -> NDArray[np.intp]:
        """Indices of the samples of one split.

        Parameters
        ----------
        split
            ``"train"`` or ``"test"``.
        greatest_shift_deg
            Greatest difference of the central Carrington longitudes of reference and target; ten
            degrees keep the pairs that Eq. 5 allows.
        """
        test = np.array([pair.test for pair in self.pairs])
        shift = np.array([abs(pair.shift_deg) for pair in self.pairs])
        return np.flatnonzero((test == (split == "test")) & (shift <= greatest_shift_deg))

    def seeds(self, indices: Iterable[int]) -> frozenset[int]:
        """Seeds of the simulated suns of the given samples."""
        found = (self.sets[self.pairs[int(index)].target].seed for index in indices)
        return frozenset(seed for seed in found if seed is not None)

    def channels(
        self, indices: Iterable[int]
    ) -> frozenset[tuple[tuple[str, ...], tuple[str, ...]]]:
        """Channels of observation and reference in the given samples, e.g. ``"AIA 304"``."""
        pairs = (self.pairs[int(index)] for index in indices)
        return frozenset(
            (
                self.sets[pair.target].channels[:-1],
                () if pair.alone else self.sets[pair.reference].channels,
            )
            for pair in pairs
        )

    def check(self, indices: Iterable[int]) -> None:
        """Read every disk of the given samples once.

        Raises
        ------
        StoreError
            A disk is damaged or missing.
        """
        pairs = [self.pairs[int(index)] for index in indices]
        used = {each for pair in pairs for each in (pair.target, pair.reference)}
        sets = sorted(used - {NO_REFERENCE})
        for number in track(sets, f"checking {self.path.name}", transient=True):
            self._set(number)

    def _set(self, number: int) -> tuple[Disk, ...]:
        origins = _origins(self.sets[number])
        return tuple(self._disk(number, channel, origins[channel]) for channel in range(4))

    def _disk(self, number: int, channel: int, origin: Origin) -> Disk:
        row = int(self._images[number, channel])
        about = f"{self.path}: {self.sets[number].channels[channel]} of set {number} (row {row})"
        try:
            image = np.asarray(self._disks[row])
        # zarr and its codecs raise any of these for bytes that do not decompress.
        except (OSError, RuntimeError, TypeError, ValueError) as error:
            raise StoreError(
                f"{about}: got a damaged disk, expected a whole one: {error}"
            ) from error
        if not np.isfinite(image).all():
            raise StoreError(f"{about}: got values that are missing or NaN, expected a whole disk")
        factor = self._stored.factor_over(self.grid)
        values = self._stored.block_means(image.astype(np.float32), factor)
        return Disk(values, self.grid, origin)


@lru_cache(maxsize=4096)
def _origins(record: SetRecord) -> tuple[Origin, ...]:
    return record.origins()


def _read_pairs(path: Path, group: zarr.Group, sets: int) -> tuple[Pair, ...]:
    columns = {name: column(group, name) for name in COLUMNS}
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) != 1:
        raise StoreError(f"{path}: got columns of pairs of lengths {lengths}, expected one length")
    if not lengths["target"]:
        raise StoreError(f"{path}: got no pairs, expected at least one")
    for name, least in (("target", 0), ("reference", NO_REFERENCE)):
        _refuse_outside(path, f"pairs/{name}", columns[name], sets, least)
    table = zip(*(values.tolist() for values in columns.values()), strict=True)
    return tuple(Pair(*row) for row in table)


def _refuse_outside(path: Path, what: str, indices: Rows, count: int, least: int = 0) -> None:
    if indices.size and not (indices.min() >= least and indices.max() < count):
        raise StoreError(
            f"{path}: {what} points to {indices.min()} to {indices.max()}, expected {least} "
            f"to {count - 1}"
        )
