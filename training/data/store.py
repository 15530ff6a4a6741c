"""One zarr store of registered disks and their pairs.

::

    disks      (image, y, x) float16: EUV in medians of the disk, fields in gauss; 0 off the disk
    sets       one row of attributes each: time, observer, files, hashes
      images     (set, 4) int32, the disk of each channel
    pairs
      target, reference    int32, sets
      age_days, shift_deg  float64
      test                 bool
    refused    attributes: each file without a use, and the reason
    attributes plan        tolerances, ages and test months that the tables follow
    journal.jsonl          what became of each file; an interrupted run goes on from it

Half precision keeps eleven bits: 0.05 % of a brightness, 0.5 G at 1000 G, far below the noise. Each
disk is compressed by itself and has a checksum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import Any, Literal, TypeVar

import numpy as np
import zarr
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from zarr.codecs import BloscCodec, Crc32cCodec

from farside.grid import Grid, Image
from training.data.journal import StoreError
from training.data.pairing import CHANNELS, ImageSet, LeftOut, Pair

FORMAT = "farside pairs"
VERSION = 1

Split = Literal["train", "test"]
Half = NDArray[np.float16]
Rows = NDArray[np.int32]
Row = TypeVar("Row")


@dataclass(frozen=True, eq=False)
class Sample:
    """One pair, in physical units, 0 off the disk.

    Attributes
    ----------
    inputs
        (7, y, x): EUV 304, 193, 171 of the target's time as the observation, then EUV 304, 193,
        171 (medians) and the field (gauss) of the reference.
    target
        (y, x), the field at the target's time, gauss.
    pair
        Age, shift and split.
    """

    inputs: Image
    target: Image
    pair: Pair


class SetRecord(BaseModel):
    """One row of the table of sets; what is said of each image is in the order of the channels.

    Attributes
    ----------
    time, longitude_deg, latitude_deg, distance_m
        UTC, ISO, and Stonyhurst position: those of the magnetogram.
    files, sha256, times, quality
        Name, hash, time and quality bits of each image.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    time: str
    longitude_deg: float
    latitude_deg: float
    distance_m: float
    files: tuple[str, ...]
    sha256: tuple[str, ...]
    times: tuple[str, ...]
    quality: tuple[int, ...]

    @classmethod
    def of(cls, images: ImageSet) -> SetRecord:
        """The row of a set."""
        return cls(
            time=images.field.time,
            longitude_deg=images.field.longitude_deg,
            latitude_deg=images.field.latitude_deg,
            distance_m=images.field.distance_m,
            files=tuple(PurePath(image.path).name for image in images.images),
            sha256=tuple(image.sha256 for image in images.images),
            times=tuple(image.time for image in images.images),
            quality=tuple(image.quality for image in images.images),
        )


class Writer:
    """A store being made: disks first, tables last.

    Parameters
    ----------
    path
        A store that was begun before, or a new one.
    grid
        Of the disks.

    Raises
    ------
    StoreError
        There is something else at `path`, or a store on another grid.
    """

    def __init__(self, path: Path, grid: Grid) -> None:
        self._root = _begun(path, grid) if path.exists() else _begin(path, grid)
        self._root.attrs["complete"] = False
        self._disks = _array(self._root, "disks")

    def make_room(self, rows: int) -> None:
        """Let there be so many rows; those without a disk read as NaN and take no space."""
        self._disks.resize((rows, *self._disks.shape[1:]))

    def put(self, row: int, disk: Half) -> None:
        """Write one disk."""
        self._disks[row] = disk

    def finish(
        self,
        sets: Sequence[ImageSet],
        pairs: Sequence[Pair],
        refused: Sequence[LeftOut],
        plan: Mapping[str, Any],
    ) -> None:
        """Write the tables, and the plan that they follow."""
        _write_sets(self._root.create_group("sets", overwrite=True), sets)
        _write_pairs(self._root.create_group("pairs", overwrite=True), pairs)
        table = self._root.create_group("refused", overwrite=True)
        table.attrs["rows"] = [asdict(each) for each in refused]
        self._root.attrs.update({"plan": dict(plan), "complete": True})


def _begin(path: Path, grid: Grid) -> zarr.Group:
    """Make a store elsewhere, then rename it: there is no half-made one to stumble upon."""
    elsewhere = path.with_name(f"{path.name}.new")
    root = zarr.open_group(elsewhere, mode="w")
    side = grid.size_px
    root.create_array(
        "disks",
        shape=(0, side, side),
        chunks=(1, side, side),
        dtype="float16",
        fill_value=np.nan,
        compressors=[BloscCodec(cname="zstd", clevel=5, shuffle="bitshuffle"), Crc32cCodec()],
    )
    root.attrs.update(
        {"format": FORMAT, "version": VERSION, "channels": list(CHANNELS), "grid": asdict(grid)}
    )
    elsewhere.rename(path)
    return _begun(path, grid)


def _begun(path: Path, grid: Grid) -> zarr.Group:
    root = _root(path, mode="r+")
    found = _grid(root)
    if found != grid:
        raise StoreError(f"{path}: got a store on {found}, wanted one on {grid}")
    return root


def _write_sets(group: zarr.Group, sets: Sequence[ImageSet]) -> None:
    rows = [[image.row for image in each.images] for each in sets]
    group.create_array("images", data=np.array(rows, np.int32).reshape(-1, len(CHANNELS)))
    group.attrs["rows"] = [SetRecord.of(each).model_dump(mode="json") for each in sets]


def _write_pairs(group: zarr.Group, pairs: Sequence[Pair]) -> None:
    for name, dtype in _COLUMNS.items():
        group.create_array(name, data=np.array([getattr(each, name) for each in pairs], dtype))


_COLUMNS = {
    "target": "int32",
    "reference": "int32",
    "age_days": "float64",
    "shift_deg": "float64",
    "test": "bool",
}


def open_store(path: Path) -> Pairs:
    """Open a store for training or scoring.

    Raises
    ------
    StoreError
        It is not there, not a store of this kind, not finished, without a pair, damaged, or lacks
        a channel.
    """
    root = _root(path, mode="r")
    if root.attrs.get("complete") is not True:
        raise StoreError(f"{path}: got a store that is not finished, wanted one: prepare it again")
    grid, disks = _grid(root), _array(root, "disks")
    if disks.shape[1:] != (grid.size_px, grid.size_px):
        raise StoreError(f"{path}: got disks {disks.shape}, wanted those of {grid}")
    sets = _group(root, "sets")
    images, records = _column(sets, "images"), _rows(sets, TypeAdapter(tuple[SetRecord, ...]))
    if images.shape != (len(records), len(CHANNELS)):
        wanted = (len(records), len(CHANNELS))
        raise StoreError(f"{path}: got images of sets {images.shape}, wanted {wanted}")
    _refuse_outside(path, "sets/images", images, disks.shape[0])
    pairs = _read_pairs(path, _group(root, "pairs"), len(records))
    refused = _rows(_group(root, "refused"), TypeAdapter(tuple[LeftOut, ...]))
    return Pairs(path, grid, disks, images, records, pairs, refused)


class Pairs:
    """The samples of a store; see :func:`open_store`.

    Attributes
    ----------
    path
        The store.
    grid
        Of the disks.
    pairs
        One for each sample.
    sets
        What is known of each set that a pair points to.
    refused
        Each file without a use, and the reason.
    """

    def __init__(
        self,
        path: Path,
        grid: Grid,
        disks: zarr.Array[Any],
        images: Rows,
        sets: tuple[SetRecord, ...],
        pairs: tuple[Pair, ...],
        refused: tuple[LeftOut, ...],
    ) -> None:
        self.path = path
        self.grid = grid
        self.sets = sets
        self.pairs = pairs
        self.refused = refused
        self._disks = disks
        self._images = images

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
        target, reference = (self._set(number) for number in (pair.target, pair.reference))
        return Sample(np.concatenate([target[:-1], reference]), target[-1], pair)

    def select(self, split: Split, greatest_shift_deg: float = 180.0) -> NDArray[np.intp]:
        """Indices of the samples of one split.

        Parameters
        ----------
        split
            ``"train"`` or ``"test"``.
        greatest_shift_deg
            How far the reference's central Carrington longitude may be from the target's; some
            ten degrees leave what Eq. 5 can ask for.
        """
        test = np.array([pair.test for pair in self.pairs])
        shift = np.array([abs(pair.shift_deg) for pair in self.pairs])
        return np.flatnonzero((test == (split == "test")) & (shift <= greatest_shift_deg))

    def _set(self, number: int) -> Image:
        """The disks of one set, (channel, y, x), float32."""
        return np.stack([self._disk(number, channel) for channel in range(len(CHANNELS))])

    def _disk(self, number: int, channel: int) -> Image:
        row = int(self._images[number, channel])
        about = f"{self.path}: {CHANNELS[channel]} of set {number} (row {row})"
        try:
            disk = np.asarray(self._disks[row])
        # zarr and its codecs raise what they like for bytes that do not unpack.
        except (OSError, RuntimeError, TypeError, ValueError) as error:
            raise StoreError(f"{about}: got a damaged disk, wanted a whole one: {error}") from error
        if not np.isfinite(disk).all():
            raise StoreError(f"{about}: got values that are missing or NaN, wanted a whole disk")
        return disk.astype(np.float32)


def _root(path: Path, mode: Literal["r", "r+"]) -> zarr.Group:
    try:
        root = zarr.open_group(path, mode=mode)
    except (OSError, TypeError, ValueError, KeyError) as error:
        raise StoreError(f"{path}: wanted a store of training.data, got {error!r}") from error
    found, wanted = _label(root.attrs), (FORMAT, VERSION, list(CHANNELS))
    if found[:2] != wanted[:2]:
        raise StoreError(f"{path}: got format and version {found[:2]}, wanted {wanted[:2]}")
    if found[2] != wanted[2]:
        raise StoreError(f"{path}: got channels {found[2]}, wanted {wanted[2]}")
    return root


def _label(attributes: Mapping[str, Any]) -> tuple[object, object, object]:
    return attributes.get("format"), attributes.get("version"), attributes.get("channels")


def _grid(root: zarr.Group) -> Grid:
    found = root.attrs.get("grid")
    try:
        return TypeAdapter(Grid).validate_python(found)
    except ValidationError as error:
        raise StoreError(f"{root.store_path}: got grid {found}, wanted {Grid}") from error


def _group(root: zarr.Group, name: str) -> zarr.Group:
    found = _member(root, name)
    if not isinstance(found, zarr.Group):
        raise StoreError(f"{root.store_path}: wanted a table {name!r}, got {found}")
    return found


def _array(group: zarr.Group, name: str) -> zarr.Array[Any]:
    found = _member(group, name)
    if not isinstance(found, zarr.Array):
        raise StoreError(f"{group.store_path}: wanted an array {name!r}, got {found}")
    return found


def _member(group: zarr.Group, name: str) -> zarr.Array[Any] | zarr.Group | None:
    try:
        return group.get(name)
    except (OSError, TypeError, ValueError) as error:
        raise StoreError(f"{group.store_path}: {name!r} is damaged: {error}") from error


def _column(group: zarr.Group, name: str) -> NDArray[Any]:
    try:
        return np.asarray(_array(group, name)[:])
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        raise StoreError(f"{group.store_path}: {name!r} is damaged: {error}") from error


def _rows(group: zarr.Group, rows: TypeAdapter[Row]) -> Row:
    try:
        return rows.validate_python(group.attrs.get("rows"))
    except ValidationError as error:
        message = error.errors()[0]["msg"]
        raise StoreError(f"{group.store_path}: rows are damaged: {message}") from error


def _read_pairs(path: Path, group: zarr.Group, sets: int) -> tuple[Pair, ...]:
    columns = {name: _column(group, name) for name in _COLUMNS}
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) != 1:
        raise StoreError(f"{path}: got columns of pairs of lengths {lengths}, wanted one length")
    if not lengths["target"]:
        raise StoreError(f"{path}: got no pairs, wanted at least one")
    for name in ("target", "reference"):
        _refuse_outside(path, f"pairs/{name}", columns[name], sets)
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    return tuple(Pair(*row) for row in rows)


def _refuse_outside(path: Path, what: str, indices: Rows, count: int) -> None:
    if indices.size and not (indices.min() >= 0 and indices.max() < count):
        raise StoreError(
            f"{path}: {what} points to {indices.min()} to {indices.max()}, wanted 0 to {count - 1}"
        )
