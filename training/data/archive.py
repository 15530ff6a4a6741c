"""Folders of FITS files → a store of registered disks and pairs, resumable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from rich.progress import track

from farside.disk.registration import Disk, register
from farside.errors import FarsideError, UnsupportedImageError
from farside.observation.image import Origin, read
from farside.sun.grid import Grid
from training.data.journal import Journal, JournalEntry, RegisteredImage
from training.data.pairing import (
    CHANNELS,
    Ages,
    ImageGroups,
    MonthsRule,
    Pair,
    UnusedFile,
    alone,
    group,
    pair,
)
from training.data.store import SUMMARY, Float16Array, SetRecord, Writer, to_float16
from training.data.workers import process_map

SOURCE = {"command": "prepare"}
"""Label of the stores that this module makes."""


@dataclass(frozen=True)
class ArchivePlan:
    """Settings for making an archive into samples.

    Attributes
    ----------
    grid
        Grid of the registered disks.
    set_minutes
        Greatest time between a set's magnetogram and its EUV images; the Sun rotates by 0.14° in
        15 minutes.
    ages, rule
        Ages of the references, and the split by months.
    alone
        Each set is a sample without a reference, too.
    processes
        Number of processes that read files.
    dask
        Address of the scheduler of a Dask cluster whose workers read files instead.
    """

    grid: Grid
    set_minutes: float = 15.0
    ages: Ages = field(default_factory=Ages)
    rule: MonthsRule = field(default_factory=MonthsRule)
    alone: bool = False
    processes: int = 1
    dask: str | None = None

    def __post_init__(self) -> None:
        if not self.set_minutes > 0:
            raise ValueError(f"set: got {self.set_minutes} minutes, expected more than 0")
        if self.processes < 1:
            raise ValueError(f"processes: got {self.processes}, expected 1 or more")


@dataclass(frozen=True)
class ArchiveSummary:
    """Contents of a store made from an archive.

    Attributes
    ----------
    files, registered
        Numbers of files seen in all runs, and of those with a disk in the store.
    sets
        Number of complete sets.
    pairs
        Pairs of both splits.
    refused
        Unused files, with reasons.
    """

    files: int
    registered: int
    sets: int
    pairs: tuple[Pair, ...]
    refused: tuple[UnusedFile, ...]

    def __str__(self) -> str:
        test = sum(pair.test for pair in self.pairs)
        counts = (
            f"files: {self.files}, of them {self.registered} registered and {len(self.refused)}"
            f" unused; sets: {self.sets}; pairs: {len(self.pairs) - test} for training,"
            f" {test} for testing"
        )
        return "\n".join([counts, *(f"{each.path}: {each.reason}" for each in self.refused)])


@dataclass(frozen=True, eq=False)
class _Outcome:
    """Result of reading one file; ``entry.image`` has no row yet."""

    entry: JournalEntry
    disk: Float16Array | None = None


def prepare(folders: Sequence[Path], store: Path, plan: ArchivePlan) -> ArchiveSummary:
    """Read, register, group and pair all files below `folders`.

    Files already in the store are not read again unless they changed, so an interrupted run
    resumes and a grown archive is added to. Sets, pairs and the split are made anew each time from
    all files that the store knows, even if they have left their folders. One run at a time may
    write a store.

    Raises
    ------
    StoreError
        `store` is something else, a store on another grid, or damaged.
    NotADirectoryError
        A folder does not exist.
    """
    waiting = list(_files_below(folders, store))
    writer, journal = Writer(store, plan.grid, SOURCE), Journal(store)
    todo = [entry for entry in waiting if not journal.knows(entry)]
    writer.ensure_rows(journal.next_row + len(todo))
    work = partial(_register, grid=plan.grid)
    elsewhere = plan.processes if plan.processes > 1 else 0
    with process_map(work, todo, elsewhere, plan.dask) as outcomes:
        for outcome in track(outcomes, "registering", total=len(todo)):
            _keep(outcome, writer, journal)
    writer.ensure_rows(journal.next_row)
    return _finish(store, writer, journal.entries, plan)


def _files_below(folders: Sequence[Path], store: Path) -> Iterator[JournalEntry]:
    for folder in folders:
        if not folder.is_dir():
            raise NotADirectoryError(f"{folder}: expected a folder of FITS files")
    found = {path.resolve() for folder in folders for path in folder.rglob("*") if path.is_file()}
    inside = store.resolve()
    return (JournalEntry.of(path) for path in sorted(found) if inside not in path.parents)


def _keep(outcome: _Outcome, writer: Writer, journal: Journal) -> None:
    """Write the disk, then its journal line; a row without a line is overwritten later."""
    entry = outcome.entry
    if entry.image and outcome.disk is not None:
        row = journal.next_row
        writer.write_disk(row, outcome.disk)
        entry = entry.model_copy(update={"image": entry.image.model_copy(update={"row": row})})
    journal.add(entry)


def _register(entry: JournalEntry, grid: Grid) -> _Outcome:
    try:
        observation = read(Path(entry.path))
        _refuse_other_channels(observation.origin)
        disk = register(observation, grid)
        return _Outcome(entry.model_copy(update={"image": _image(entry, disk)}), to_float16(disk))
    except FarsideError as error:
        refusal: dict[str, str | bool] = {"reason": f"{type(error).__name__}: {error}"}
    # One file that breaks a library must not stop a run of days.
    except Exception as error:
        reason = f"could not be read, tried again next time: {type(error).__name__}: {error}"
        refusal = {"reason": reason, "retry": True}
    return _Outcome(entry.model_copy(update=refusal))


def _refuse_other_channels(origin: Origin) -> None:
    if f"{origin.instrument} {origin.band}" not in CHANNELS:
        raise UnsupportedImageError(f"{origin}: expected {', '.join(CHANNELS)}", (str(origin),))


def _image(entry: JournalEntry, disk: Disk) -> RegisteredImage:
    origin = disk.origin
    return RegisteredImage(
        row=-1,
        path=entry.path,
        channel=f"{origin.instrument} {origin.band}",
        time=origin.time.isot,
        mjd=float(origin.time.mjd),
        longitude_deg=origin.observer.longitude_deg,
        latitude_deg=origin.observer.latitude_deg,
        distance_m=origin.observer.distance_m,
        carrington_deg=origin.observer.carrington_longitude_deg(origin.time),
        quality=int(origin.quality),
        sha256=origin.sha256,
    )


def _finish(
    store: Path, writer: Writer, entries: Sequence[JournalEntry], plan: ArchivePlan
) -> ArchiveSummary:
    grouped = group((entry.image for entry in entries if entry.image), plan.set_minutes)
    summary = ArchiveSummary(
        files=len(entries),
        registered=sum(entry.image is not None for entry in entries),
        sets=len(grouped.sets),
        pairs=tuple(_pairs(grouped, plan)),
        refused=(
            *(UnusedFile(entry.path, entry.reason) for entry in entries if not entry.image),
            *grouped.unused,
        ),
    )
    (store / SUMMARY).write_text(f"{summary}\n", encoding="utf-8")
    rows = [[image.row for image in each.images] for each in grouped.sets]
    records = [SetRecord.of(each) for each in grouped.sets]
    writer.finish(rows, records, summary.pairs, summary.refused, asdict(plan))
    return summary


def _pairs(grouped: ImageGroups, plan: ArchivePlan) -> list[Pair]:
    fields = [each.field for each in grouped.sets]
    mjd = np.array([field.mjd for field in fields])
    carrington_deg = np.array([field.carrington_deg for field in fields])
    pairs = pair(mjd, carrington_deg, plan.ages, plan.rule)
    return [*pairs, *(alone(mjd, plan.rule) if plan.alone else ())]
