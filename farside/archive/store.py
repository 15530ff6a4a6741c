"""Crash-safe storage of products: a kill at any moment neither loses nor duplicates one."""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from farside.archive import index as indexes
from farside.archive.entry import ArchivedProduct, ProductInput, describe
from farside.archive.index import Index
from farside.archive.naming import Name
from farside.errors import ArchiveAwayError, ArchiveBusyError
from farside.io.atomic import atomic_path, flush_to_disk

_log = logging.getLogger(__name__)

LOCKS = {"watch": ".lock", "backfill": ".backfill.lock"}
"""Lock file of each role: one process per role, and both roles may run at once."""

FILING_LOCK = ".filing.lock"
"""Lock file held while a product is filed or an archive is recovered."""

Role = Literal["watch", "backfill"]

_DAYS = "[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]"


@dataclass(frozen=True)
class NewProduct:
    """New product that is not filed yet: index entry, inputs and FITS bytes."""

    product: ArchivedProduct
    inputs: tuple[ProductInput, ...]
    content: bytes

    @classmethod
    def of(cls, name: Name, content: bytes) -> NewProduct:
        """Read the index entry from the product's header.

        Raises
        ------
        InputError
            If `content` is not a product.
        """
        return cls(*describe(name, content), content)


@dataclass(frozen=True)
class Archive:
    """Archive opened for writing by this process, and by at most one of the other role."""

    root: Path
    index: Index

    def path(self, product: ArchivedProduct) -> Path:
        """Path of a product."""
        return self.root / product.name.path

    def next_name(self, series: str, slot: datetime) -> Name:
        """Name of the next issue of a series and slot."""
        current = self.index.current(series, slot)
        return Name(series, slot, current.name.issue + 1 if current else 1)

    def file(self, made: NewProduct) -> bool:
        """Write the file atomically and durably, then enter it into the index.

        After a kill between the two, :func:`open_archive` enters the file.

        Returns
        -------
        bool
            Whether the product was filed; False if another process filed this issue first.

        Raises
        ------
        ArchiveAwayError
            If the disk is full, read-only or missing.
        """
        name, path = made.product.name, self.path(made.product)
        with _on_disk(self.root), _filing(self.root):
            if self.next_name(name.series, name.slot) != name:
                return False
            _make_folder(path.parent)
            with atomic_path(path) as temporary:
                temporary.write_bytes(made.content)
                flush_to_disk(temporary)
            flush_to_disk(path.parent)
            self.index.add(made.product, made.inputs)
        return True


@contextmanager
def open_archive(root: Path, role: Role = "watch") -> Iterator[Archive]:
    """Open an archive for writing, create it if missing, and recover from a killed process.

    Raises
    ------
    ArchiveBusyError
        If another process has it open in this role.
    ArchiveAwayError
        If its disk is full, read-only or missing.
    ArchiveError
        If its index cannot be used.
    """
    with _on_disk(root):
        root.mkdir(parents=True, exist_ok=True)
        lock = (root / LOCKS[role]).open("a")
    with lock:
        try:
            # The lock belongs to the open file, so it ends with the process, however that ends.
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
    """Hold the filing lock."""
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
    """Make files and index agree again after a kill."""
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
        made = NewProduct.of(name, path.read_bytes())
    except Exception as error:  # the reader may fail in any way on a file that is not ours
        # The index has no row for it, so the product is made again over this file.
        _log.warning("left out %s: %s: %s", name, type(error).__name__, error)
        return
    if archive.index.has_content(made.product.sha256):
        path.unlink()
        _log.warning("removed %s: a copy of another issue", name)
        return
    archive.index.add(made.product, made.inputs)
    _log.info("adopted %s", name)


def _make_folder(folder: Path) -> None:
    """Create a folder durably: its parent is flushed to the disk too."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir()
        flush_to_disk(folder.parent)
