"""Zarr store of registered disks and their pairs: layout and writer.

::

    disks      (image, y, x) float16: EUV in medians of the disk, fields in gauss; 0 off the disk
    sets       one row of attributes each: channels, time, observer, files, hashes, seed
      images     (set, 4) int32, the disk of each channel
    pairs
      target, reference    int32, sets; -1 without a reference
      age_days, shift_deg  float64; an age is NaN without one
      test                 bool
    refused    attributes: each unused file, and the reason
    attributes source      command that made the store; for simulated suns with all its settings
               plan        tolerances, ages and test months used for the tables
    journal.jsonl          one line for each file read, from which an interrupted run resumes
    epochs/                likewise one file for each epoch of simulated suns

A set is SDO's three EUV images and magnetogram, or three EUV images of a simulated far side and the
truth.

Half precision keeps eleven bits: 0.05 % of a brightness, 0.5 G at 1000 G, far below the noise. Each
disk is compressed by itself and has a checksum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path, PurePath
from typing import Any, Literal, TypeVar

import numpy as np
import zarr
from astropy.time import Time
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator
from zarr.codecs import BloscCodec, Crc32cCodec

from farside.disk.registration import Disk
from farside.errors import DamagedImageError
from farside.observation.image import Origin
from farside.quality import Quality
from farside.sun.grid import Grid
from farside.sun.observer import Observer
from training.data.journal import StoreError
from training.data.pairing import CHANNELS, FAR_CHANNELS, ImageSet, Pair, UnusedFile

FORMAT = "farside pairs"
VERSION = 2
SUMMARY = "summary.txt"

Float16Array = NDArray[np.float16]
Source = Mapping[str, str | int | float | bool]
Row = TypeVar("Row")


class SetRecord(BaseModel):
    """Metadata of one set; the values of images are in the order of the channels.

    Attributes
    ----------
    channels
        :data:`~training.data.pairing.CHANNELS` or :data:`~training.data.pairing.FAR_CHANNELS`.
    time, longitude_deg, latitude_deg, distance_m
        Time (UTC, ISO) and Stonyhurst position of the magnetogram.
    files, sha256, times, quality
        Name, hash, time and quality bits of each image; a simulated one has no file.
    seed
        Seed of the simulated Sun; None for real images.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    channels: tuple[str, ...]
    time: str
    longitude_deg: float
    latitude_deg: float
    distance_m: float
    files: tuple[str, ...] = Field(min_length=4, max_length=4)
    sha256: tuple[str, ...] = Field(min_length=4, max_length=4)
    times: tuple[str, ...] = Field(min_length=4, max_length=4)
    quality: tuple[int, ...] = Field(min_length=4, max_length=4)
    seed: int | None

    @field_validator("channels")
    @classmethod
    def _known(cls, channels: tuple[str, ...]) -> tuple[str, ...]:
        if channels not in (CHANNELS, FAR_CHANNELS):
            raise ValueError(f"got channels {channels}, expected {CHANNELS} or {FAR_CHANNELS}")
        return channels

    @classmethod
    def of(cls, images: ImageSet) -> SetRecord:
        """Metadata of a set of real images."""
        return cls(
            channels=CHANNELS,
            time=images.field.time,
            longitude_deg=images.field.longitude_deg,
            latitude_deg=images.field.latitude_deg,
            distance_m=images.field.distance_m,
            files=tuple(PurePath(image.path).name for image in images.images),
            sha256=tuple(image.sha256 for image in images.images),
            times=tuple(image.time for image in images.images),
            quality=tuple(image.quality for image in images.images),
            seed=None,
        )

    def origins(self) -> tuple[Origin, ...]:
        """Origins of the images; all get the observer of the magnetogram."""
        observer = Observer(self.longitude_deg, self.latitude_deg, self.distance_m)
        bands = (channel.split(" ") for channel in self.channels)
        each = zip(bands, self.times, self.files, self.sha256, self.quality, strict=True)
        return tuple(
            Origin(instrument, band, Time(time), observer, name, sha256, Quality(quality))
            for (instrument, band), time, name, sha256, quality in each
        )


def to_float16(disk: Disk) -> Float16Array:
    """Disk as float16: EUV in units of its median, fields in gauss, 0 off the disk.

    Raises
    ------
    DamagedImageError
        The median is not positive, or half precision cannot hold a value.
    """
    on_disk = disk.grid.on_disk()
    unit = 1.0 if disk.origin.is_magnetogram else float(np.median(disk.image[on_disk]))
    if unit <= 0:
        raise DamagedImageError(
            f"{disk.origin}: got a median of {unit:g} on the disk, expected more than 0",
            (str(disk.origin),),
        )
    values = np.where(on_disk, disk.image / np.float32(unit), np.float32(0))
    if not np.abs(values).max() <= np.finfo(np.float16).max:
        raise DamagedImageError(
            f"{disk.origin}: got values to {np.abs(values).max():g}, expected at most"
            f" {np.finfo(np.float16).max:g}",
            (str(disk.origin),),
        )
    return values.astype(np.float16)


class Writer:
    """Writer of a store of pairs: disks first, tables last.

    Parameters
    ----------
    path
        New or unfinished store.
    grid
        Grid of the disks.
    source
        Command and settings that make the store, as JSON.

    Raises
    ------
    StoreError
        `path` is something else, or a store on another grid or of another source.
    """

    def __init__(self, path: Path, grid: Grid, source: Source) -> None:
        if not path.exists():
            _begin(path, grid, source)
        self._root = _begun(path, grid, source)
        self._root.attrs["complete"] = False
        self._disks = array(self._root, "disks")

    def ensure_rows(self, rows: int) -> None:
        """Resize to `rows` rows; rows without a disk read as NaN and take no space."""
        self._disks.resize((rows, *self._disks.shape[1:]))

    def write_disk(self, row: int, disk: Float16Array) -> None:
        """Write one disk."""
        self._disks[row] = disk

    def finish(
        self,
        images: Sequence[Sequence[int]],
        sets: Sequence[SetRecord],
        pairs: Sequence[Pair],
        refused: Sequence[UnusedFile],
        plan: Mapping[str, Any],
    ) -> None:
        """Write the tables and the settings `plan`; `images` are the rows of each set's disks."""
        _write_sets(self._root.create_group("sets", overwrite=True), images, sets)
        _write_pairs(self._root.create_group("pairs", overwrite=True), pairs)
        table = self._root.create_group("refused", overwrite=True)
        table.attrs["rows"] = [asdict(each) for each in refused]
        self._root.attrs.update({"plan": dict(plan), "complete": True})


def write_disks(path: Path, row: int, disks: Sequence[Float16Array]) -> None:
    """Write disks into a store from a worker process; no two may write the same row."""
    array(root(path, mode="r+"), "disks")[row : row + len(disks)] = np.stack(disks)


def _begin(path: Path, grid: Grid, source: Source) -> None:
    """Create an empty store under another name, then rename it: none is ever half-made."""
    elsewhere = path.with_name(f"{path.name}.new")
    new = zarr.open_group(elsewhere, mode="w")
    side = grid.size_px
    new.create_array(
        "disks",
        shape=(0, side, side),
        chunks=(1, side, side),
        dtype="float16",
        fill_value=np.nan,
        compressors=[BloscCodec(cname="zstd", clevel=5, shuffle="bitshuffle"), Crc32cCodec()],
    )
    new.attrs.update({"format": FORMAT, "version": VERSION})
    new.attrs.update({"grid": asdict(grid), "source": dict(source)})
    elsewhere.rename(path)


def _begun(path: Path, grid: Grid, source: Source) -> zarr.Group:
    found = root(path, mode="r+")
    if grid_of(found) != grid:
        raise StoreError(f"{path}: got a store on {grid_of(found)}, expected one on {grid}")
    _refuse_other_source(path, found.attrs.get("source"), source)
    return found


def _refuse_other_source(path: Path, found: object, wanted: Source) -> None:
    if not isinstance(found, dict):
        raise StoreError(f"{path}: got source {found}, expected {wanted}")
    for key in sorted(found.keys() | wanted.keys()):
        if found.get(key) != wanted.get(key):
            raise StoreError(
                f"{path}: got a store of another source: {key} {found.get(key)!r}, expected"
                f" {wanted.get(key)!r}; make another store"
            )


def _write_sets(
    group: zarr.Group, images: Sequence[Sequence[int]], sets: Sequence[SetRecord]
) -> None:
    rows = np.array(images, np.int32).reshape(-1, len(CHANNELS))
    group.create_array("images", data=rows)
    group.attrs["rows"] = [each.model_dump(mode="json") for each in sets]


def _write_pairs(group: zarr.Group, pairs: Sequence[Pair]) -> None:
    for name, dtype in COLUMNS.items():
        group.create_array(name, data=np.array([getattr(each, name) for each in pairs], dtype))


COLUMNS = {
    "target": "int32",
    "reference": "int32",
    "age_days": "float64",
    "shift_deg": "float64",
    "test": "bool",
}


def root(path: Path, mode: Literal["r", "r+"]) -> zarr.Group:
    """Open the root group of a store.

    Raises
    ------
    StoreError
        The store does not exist, or is of another kind or version.
    """
    try:
        found = zarr.open_group(path, mode=mode)
    except (OSError, TypeError, ValueError, KeyError) as error:
        raise StoreError(f"{path}: expected a store of training.data, got {error!r}") from error
    label, wanted = (found.attrs.get("format"), found.attrs.get("version")), (FORMAT, VERSION)
    if label != wanted:
        raise StoreError(f"{path}: got format and version {label}, expected {wanted}")
    return found


def grid_of(root: zarr.Group) -> Grid:
    """Grid of a store's disks."""
    found = root.attrs.get("grid")
    try:
        return TypeAdapter(Grid).validate_python(found)
    except ValidationError as error:
        raise StoreError(f"{root.store_path}: got grid {found}, expected {Grid}") from error


def table(root: zarr.Group, name: str) -> zarr.Group:
    """Subgroup of a store by name."""
    found = _member(root, name)
    if not isinstance(found, zarr.Group):
        raise StoreError(f"{root.store_path}: expected a table {name!r}, got {found}")
    return found


def array(group: zarr.Group, name: str) -> zarr.Array[Any]:
    """Array of a group by name."""
    found = _member(group, name)
    if not isinstance(found, zarr.Array):
        raise StoreError(f"{group.store_path}: expected an array {name!r}, got {found}")
    return found


def _member(group: zarr.Group, name: str) -> zarr.Array[Any] | zarr.Group | None:
    try:
        return group.get(name)
    except (OSError, TypeError, ValueError) as error:
        raise StoreError(f"{group.store_path}: {name!r} is damaged: {error}") from error


def column(group: zarr.Group, name: str) -> NDArray[Any]:
    """Read an array of a group."""
    try:
        return np.asarray(array(group, name)[:])
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        raise StoreError(f"{group.store_path}: {name!r} is damaged: {error}") from error


def rows(group: zarr.Group, kind: TypeAdapter[Row]) -> Row:
    """Read the rows of a table from its attributes."""
    try:
        return kind.validate_python(group.attrs.get("rows"))
    except ValidationError as error:
        message = error.errors()[0]["msg"]
        raise StoreError(f"{group.store_path}: rows are damaged: {message}") from error
