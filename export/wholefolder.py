"""Atomic replacement of model directories (temporary directory and rename)."""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

# From Linux's fcntl.h and fs.h; renameat2(2).
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@contextmanager
def atomic_version(folder: Path, version: str, scratch: Path) -> Iterator[Path]:
    """Context of a temporary directory that atomically replaces `folder` on success.

    The temporary directory contains the other versions already, and an empty
    ``<temporary>/<version>``. Readers see either the old or the new directory; after an error the
    old one remains and the temporary one is removed.

    Parameters
    ----------
    folder
        Directory ``<model>-<format>`` in the model repository.
    version
        Version to be written.
    scratch
        Parent of the temporary directory: on the same file system, and not the repository itself,
        where Triton would take it for a model.
    """
    temporary = scratch / f".{uuid4().hex}.partial"
    try:
        (temporary / version).mkdir(parents=True)
        for other in folder.glob("[0-9]*/"):
            if other.name != version:
                shutil.copytree(other, temporary / other.name, copy_function=_link)
        yield temporary
        _put_in_place(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copy2(source, target)


def _put_in_place(new: Path, folder: Path) -> None:
    """Swap the directories: afterwards `folder` is the new one, and `new` the old one, if any."""
    if not folder.exists():
        new.rename(folder)
    elif not _exchange(new, folder):
        aside = new.with_name(f"{new.name}.old")
        folder.rename(aside)
        try:
            new.rename(folder)
        except OSError:
            aside.rename(folder)
            raise
        aside.rename(new)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two directories in one step; False where the system cannot."""
    try:
        renameat2 = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    paths = (os.fsencode(one), os.fsencode(other))
    return bool(
        renameat2(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], ctypes.c_uint(_RENAME_EXCHANGE)) == 0
    )
