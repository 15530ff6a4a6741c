"""Products into the archive, such that a kill at any moment loses or doubles none."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from farside.archive import index as indexes
from farside.archive.entry import Ingredient, Product, describe
from farside.archive.index import Index
from farside.archive.naming import Name
from farside.errors import ArchiveAwayError, ArchiveBusyError
from farside.io.atomic import replacing

_log = logging.getLogger(__name__)

LOCKS = {"watch": ".lock", "backfill": ".backfill.lock"}
"""Of each role there is one process; both at once are good."""

FILING_LOCK = ".filing.lock"
"""Held while a product is filed, or an archive recovered."""

Role = Literal["watch", "backfill"]

_DAYS = "[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]"


@dataclass(frozen=True)
class Made:
    """A product that is not filed yet."""

    product: Product
    ingredients: tuple[Ingredient, ...]
    content: bytes

    @classmethod
    def of(cls, name: Name, content: bytes) -> Made:
        """What its own header says.

        Raises
        ------
        InputError
            It is no product.
        """
        return cls(*describe(name, content), content)


@dataclass(frozen=True)
class Archive:
    """A folder of products that this process writes to, and at most one other."""

    root: Path
    index: Index

    def path(self, product: Product) -> Path:
        """Where a product lies."""
        return self.root / product.name.path

    def next_name(self, series: str, slot: datetime) -> Name:
        """That of the first issue, or of the one after the current."""
        current = self.index.current(series, slot)
        return Name(series, slot, current.name.issue + 1 if current else 1)

    def file(self, made: Made) -> bool:
        """Put the file in its place, whole and on the disk, and then its row.

        Between the two, the file says all that the row will: :func:`opened` enters it.

        Returns
        -------
        bool
            False, and nothing is done, if another process has filed this issue meanwhile.

        Raises
        ------
        ArchiveAwayError
            The disk is full, read-only or not there.
        """
        name, path = made.product.name, self.path(made.product)
        with _on_disk(self.root), _filing(self.root):
            if self.next_name(name.series, name.slot) != name:
                return False
            _make_folder(path.parent)
            with replacing(path) as temporary:
                temporary.write_bytes(made.content)
                _to_disk(temporary)
            _to_disk(path.parent)
            self.index.add(made.product, made.ingredients)
        return True


@contextmanager
def opened(root: Path, role: Role = "watch") -> Iterator[Archive]:
    """Open an archive for writing, or begin one; finish what a killed process left unfinished.

    Raises
    ------
    ArchiveBusyError
        Another process has it open in this role.
    ArchiveAwayError
        Its disk is full, read-only or not there.
    ArchiveError
        Its index cannot be used.
    """
    with _on_disk(root):
        root.mkdir(parents=True, exist_ok=True)
        lock = (root / LOCKS[role]).open("a")
    with lock:
        try:
            # Of the open file: it ends with the process, however that ends.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ArchiveBusyError(f"another process is writing to {root} ({role})") from error
        with indexes.writing(root) as index:
            archive = Archive(root, index)
            with _on_disk(root), _filing(root):
                _recover(archive)
            yield archive


@contextmanager
def _filing(root: Path) -> Iterator[None]:
    """Wait until no other process files a product."""
    with (root / FILING_LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _on_disk(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArchiveAwayError(
            f"the archive {root} cannot be written to: {error.strerror or error}"
        ) from error


def _recover(archive: Archive) -> None:
    """Files and rows of the same products: one without the other is what a kill leaves."""
    for leftover in archive.root.glob(f"{_DAYS}/.*.partial"):
        leftover.unlink()
        _log.info("removed unfinished file=%s", leftover)
    lying = set(filter(None, map(Name.of_path, _files(archive.root))))
    known = archive.index.names()
    for name in sorted(known - lying):
        archive.index.drop(name)
        _log.warning("lost %s: its file is gone", name)
    for name in sorted(lying - known):
        _adopt(archive, name)


def _files(root: Path) -> Iterator[Path]:
    for path in root.glob(f"{_DAYS}/*.fits"):
        yield path.relative_to(root)


def _adopt(archive: Archive, name: Name) -> None:
    path = archive.root / name.path
    try:
        made = Made.of(name, path.read_bytes())
    except Exception as error:  # whatever a file that anyone may have put there makes a reader say
        # Its place is free: what belongs there is made again, over it.
        _log.warning("left out %s: %s: %s", name, type(error).__name__, error)
        return
    if archive.index.has_content(made.product.sha256):
        path.unlink()
        _log.warning("removed %s: a copy of another issue", name)
        return
    archive.index.add(made.product, made.ingredients)
    _log.info("adopted %s", name)


def _make_folder(folder: Path) -> None:
    """A new folder, too, is on the disk only once its parent is."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir()
        _to_disk(folder.parent)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
