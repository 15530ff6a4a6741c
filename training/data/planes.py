"""Store of co-aligned image planes: inputs and targets of a network.

A folder: `store.json` describes the planes and how they were made; each Sun has one file,
(sample, plane, y, x) float16, written atomically.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.time import Time
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from rich.progress import Progress

from farside.io.atomic import atomic_path
from farside.sun.grid import Image
from training.data.journal import StoreError
from training.data.workers import process_map

DESCRIPTION_FILE = "store.json"

Float16Array = NDArray[np.float16]


class StoreDescription(BaseModel):
    """Description of a store: its planes, and all that it was made from.

    Attributes
    ----------
    planes
        Instrument, band and variant of each plane, e.g. ``"HMI LOS"`` or ``"HMI LOS mean"``;
        gauss, or brightness in units of the disk's median.
    command
        Subcommand that made the store, e.g. ``"tiles"``.
    seeds
        Seeds of the suns, in the order of the files.
    simulation
        Version of the simulated Sun.
    settings
        Other settings of the subcommand.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    planes: tuple[str, ...]
    command: str
    seeds: tuple[int, ...]
    simulation: int
    settings: dict[str, str | float]


class PlaneSample(NamedTuple):
    """Sample to be stored: its time (UTC) and its planes in order."""

    time: str
    planes: Sequence[Image]


SampleFunction = Callable[[int], Iterable[PlaneSample]]
"""Function from the seed of a Sun to its samples."""


def write(
    store: Path, description: StoreDescription, make_samples: SampleFunction, processes: int = 0
) -> int:
    """Write a new or unfinished store; return the number of its samples.

    Raises
    ------
    StoreError
        The store exists with other settings.
    """
    store.mkdir(parents=True, exist_ok=True)
    path = store / DESCRIPTION_FILE
    if path.exists() and _about(path) != description:
        raise StoreError(f"{store}: got a store that was made otherwise, expected a new folder")
    with atomic_path(path) as temporary:
        temporary.write_text(description.model_dump_json(indent=1), encoding="utf-8")
    todo = [seed for seed in description.seeds if not _file(store, seed).exists()]
    work = partial(_write_sun, store=store, description=description, make_samples=make_samples)
    with Progress() as bar, process_map(work, todo, processes) as done:
        task = bar.add_task(description.command, total=len(todo))
        for _ in done:
            bar.advance(task)
    return len(open_planes(store))


def _write_sun(
    seed: int, store: Path, description: StoreDescription, make_samples: SampleFunction
) -> None:
    shown = list(make_samples(seed))
    samples = np.stack([np.stack(each.planes) for each in shown])
    if samples.shape[1] != len(description.planes):
        raise StoreError(
            f"got {samples.shape[1]} planes of Sun {seed}, expected {description.planes}"
        )
    with atomic_path(_file(store, seed).with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps([each.time for each in shown]), encoding="utf-8")
    with atomic_path(_file(store, seed)) as temporary, temporary.open("wb") as file:
        np.save(file, samples.astype(np.float16))


class Planes:
    """Samples of a store of planes; see :func:`open_planes`.

    Attributes
    ----------
    path
        Path of the store.
    description
        Description of the store.
    """

    def __init__(
        self,
        path: Path,
        description: StoreDescription,
        suns: Sequence[Float16Array],
        times: Sequence[Sequence[str]],
    ) -> None:
        self.path = path
        self.description = description
        self._suns = suns
        self._times = times
        self._places = [(sun, row) for sun, each in enumerate(suns) for row in range(len(each))]

    @property
    def side_px(self) -> int:
        """Side of each plane, pixels."""
        return int(self._suns[0].shape[-1])

    def __len__(self) -> int:
        return len(self._places)

    def seed(self, index: int) -> int:
        """Seed of the Sun of one sample."""
        return self.description.seeds[self._places[index][0]]

    def time(self, index: int) -> Time:
        """Time of one sample, UTC."""
        sun, row = self._places[index]
        return Time(self._times[sun][row])

    def plane(self, index: int, name: str) -> Image:
        """Read one plane of one sample, (y, x), NaN where it has no value.

        Raises
        ------
        StoreError
            The store has no such plane.
        """
        if name not in self.description.planes:
            raise StoreError(
                f"{self.path}: got planes {', '.join(self.description.planes)}, expected {name!r}"
            )
        sun, row = self._places[index]
        return np.asarray(self._suns[sun][row, self.description.planes.index(name)], np.float32)


def is_planes(path: Path) -> bool:
    """Whether `path` is a store of planes."""
    return (path / DESCRIPTION_FILE).exists()


def open_planes(path: Path) -> Planes:
    """Open a store for training or scoring.

    Raises
    ------
    StoreError
        The store does not exist, is unfinished, or one of its files is damaged.
    """
    if not is_planes(path):
        raise StoreError(f"{path}: got no {DESCRIPTION_FILE}, expected a store of training.data")
    description = _about(path / DESCRIPTION_FILE)
    suns = [_sun(_file(path, seed), description) for seed in description.seeds]
    if not any(map(len, suns)):
        raise StoreError(f"{path}: got no sample, expected at least one")
    times = [_times(_file(path, seed).with_suffix(".json")) for seed in description.seeds]
    if list(map(len, times)) != list(map(len, suns)):
        raise StoreError(f"{path}: got more or fewer times than samples: make it again")
    return Planes(path, description, suns, times)


def _times(path: Path) -> list[str]:
    try:
        return TypeAdapter(list[str]).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise StoreError(f"{path}: expected the times of samples: make it again") from error


def _sun(path: Path, description: StoreDescription) -> Float16Array:
    try:
        samples: Float16Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{path}: got {error}, expected the samples of a Sun: make it again"
        ) from error
    if samples.ndim != 4 or samples.shape[1] != len(description.planes):
        raise StoreError(
            f"{path}: got samples {samples.shape}, expected planes {description.planes}"
        )
    return samples


def _about(path: Path) -> StoreDescription:
    try:
        return StoreDescription.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise StoreError(
            f"{path}: {error.errors()[0]['msg']}, expected a description of the store"
        ) from error


def _file(store: Path, seed: int) -> Path:
    return store / f"sun-{seed}.npy"
