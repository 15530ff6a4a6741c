"""One zarr store of registered disks and their pairs.

::

    disks      (image, y, x) float16: EUV in medians of the disk, fields in gauss; 0 off the disk
    sets       one row of attributes each: channels, time, observer, files, hashes, seed
      images     (set, 4) int32, the disk of each channel
    pairs
      target, reference    int32, sets
      age_days, shift_deg  float64
      test                 bool
    refused    attributes: each file without a use, and the reason
    attributes source      what made the store; of simulated suns, all that their images follow from
               plan        tolerances, ages and test months that the tables follow
    journal.jsonl          what became of each file; an interrupted run goes on from it
    epochs/                as much for simulated suns, a file an epoch

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
from training.data.pairing import CHANNELS, FAR_CHANNELS, ImageSet, LeftOut, Pair

FORMAT = "farside pairs"
VERSION = 2
SUMMARY = "summary.txt"

Half = NDArray[np.float16]
Source = Mapping[str, str | int | float | bool]
Row = TypeVar("Row")


class SetRecord(BaseModel):
    """One row of the table of sets; what is said of each image is in the order of the channels.

    Attributes
    ----------
    channels
        :data:`~training.data.pairing.CHANNELS` or :data:`~training.data.pairing.FAR_CHANNELS`.
    time, longitude_deg, latitude_deg, distance_m
        UTC, ISO, and Stonyhurst position: those of the magnetogram.
    files, sha256, times, quality
        Name, hash, time and quality bits of each image; a simulated one has no file.
    seed
        Of the simulated Sun; None for real images.
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
        """The row of a set of real images."""
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
        """Of each image; all are taken to be seen from where the magnetogram is."""
        observer = Observer(self.longitude_deg, self.latitude_deg, self.distance_m)
        bands = (channel.split(" ") for channel in self.channels)
        each = zip(bands, self.times, self.files, self.sha256, self.quality, strict=True)
        return tuple(
            Origin(instrument, band, Time(time), observer, name, sha256, Quality(quality))
            for (instrument, band), time, name, sha256, quality in each
        )


def compact(disk: Disk) -> Half:
    """The disk as it is stored: EUV in medians, fields in gauss, 0 off the disk, float16.

    Raises
    ------
    DamagedImageError
        A median that is not positive, or a value that half precision cannot hold.
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
    """A store being made: disks first, tables last.

    Parameters
    ----------
    path
        A store that was begun before, or a new one.
    grid
        Of the disks.
    source
        What makes the store; JSON.

    Raises
    ------
    StoreError
        There is something else at `path`, or a store on another grid, or of another source.
    """

    def __init__(self, path: Path, grid: Grid, source: Source) -> None:
        if not path.exists():
            _begin(path, grid, source)
        self._root = _begun(path, grid, source)
        self._root.attrs["complete"] = False
        self._disks = array(self._root, "disks")

    def make_room(self, rows: int) -> None:
        """Let there be so many rows; those without a disk read as NaN and take no space."""
        self._disks.resize((rows, *self._disks.shape[1:]))

    def put(self, row: int, disk: Half) -> None:
        """Write one disk."""
        self._disks[row] = disk

    def finish(
        self,
        images: Sequence[Sequence[int]],
        sets: Sequence[SetRecord],
        pairs: Sequence[Pair],
        refused: Sequence[LeftOut],
        plan: Mapping[str, Any],
    ) -> None:
        """Write the tables, and the plan that they follow; `images` are the rows of each set."""
        _write_sets(self._root.create_group("sets", overwrite=True), images, sets)
        _write_pairs(self._root.create_group("pairs", overwrite=True), pairs)
        table = self._root.create_group("refused", overwrite=True)
        table.attrs["rows"] = [asdict(each) for each in refused]
        self._root.attrs.update({"plan": dict(plan), "complete": True})


def put_disks(path: Path, row: int, disks: Sequence[Half]) -> None:
    """Write some disks of a store that another process keeps; no two may write one row."""
    array(root(path, mode="r+"), "disks")[row : row + len(disks)] = np.stack(disks)


def _begin(path: Path, grid: Grid, source: Source) -> None:
    """Make a store elsewhere, then rename it: there is no half-made one to stumble upon."""
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
    """A store's first group.

    Raises
    ------
    StoreError
        It is not there, or not a store of this kind and version.
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
    """The grid of a store's disks."""
    found = root.attrs.get("grid")
    try:
        return TypeAdapter(Grid).validate_python(found)
    except ValidationError as error:
        raise StoreError(f"{root.store_path}: got grid {found}, expected {Grid}") from error


def table(root: zarr.Group, name: str) -> zarr.Group:
    """One of a group's groups."""
    found = _member(root, name)
    if not isinstance(found, zarr.Group):
        raise StoreError(f"{root.store_path}: expected a table {name!r}, got {found}")
    return found


def array(group: zarr.Group, name: str) -> zarr.Array[Any]:
    """One of a group's arrays."""
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
    """An array, read."""
    try:
        return np.asarray(array(group, name)[:])
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        raise StoreError(f"{group.store_path}: {name!r} is damaged: {error}") from error


def rows(group: zarr.Group, kind: TypeAdapter[Row]) -> Row:
    """A table's rows of attributes."""
    try:
        return kind.validate_python(group.attrs.get("rows"))
    except ValidationError as error:
        message = error.errors()[0]["msg"]
        raise StoreError(f"{group.store_path}: rows are damaged: {message}") from error
