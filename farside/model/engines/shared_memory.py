"""Memory that this process and an inference server on the same host both see.

A region is a file of ``/dev/shm`` under a lock that the kernel drops with the process that made it:
what nobody holds has been left behind and is removed at the next start, whatever became of the
process ids since. Linux only, as is the server.
"""

from __future__ import annotations

import fcntl
import logging
import mmap
import os
import secrets
import weakref
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farside.model.engine import Tensor

FOLDER = Path("/dev/shm")  # noqa: S108  where Linux keeps POSIX shared memory
PREFIX = "farside-"

Bytes = NDArray[np.uint8]

_log = logging.getLogger(__name__)


class Region:
    """A piece of shared memory; its name carries the process id.

    Attributes
    ----------
    name
        Of the file, and of the region at the server.
    size
        Bytes.
    registered
        Whether the server is thought to know it.
    busy
        Whether the server may be using it now.
    discarded
        Whether it is never used again.

    Raises
    ------
    OSError
        No shared memory on this system, or not that much.
    """

    def __init__(self, size: int) -> None:
        self.name = f"{PREFIX}{os.getpid()}-{secrets.token_hex(6)}"
        self.size = size
        self.registered = self.busy = self.discarded = False
        unseen = FOLDER / f".{self.name}"  # until it is locked: nobody shall take it for a leftover
        self._file = os.open(unseen, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            unseen.rename(FOLDER / self.name)
            os.posix_fallocate(self._file, 0, size)  # a full /dev/shm would be SIGBUS later
            self._map = mmap.mmap(self._file, size)
        except OSError:
            unseen.unlink(missing_ok=True)
            self.remove()
            raise

    def bytes(self) -> Bytes:
        """Give the memory itself; it lives as long as any view of it."""
        return np.frombuffer(self._map, np.uint8)

    def remove(self) -> None:
        """Take the name away; the memory goes with its last view."""
        file, self._file = self._file, -1  # of several threads one closes it
        if file >= 0:
            (FOLDER / self.name).unlink(missing_ok=True)
            os.close(file)


def is_held(name: str) -> bool:
    """Whether the process that made a region lives."""
    try:
        file = os.open(FOLDER / name, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def remove_stale() -> list[str]:
    """Remove the regions of processes that have ended without doing so; return their names."""
    stale = [path for path in FOLDER.glob(f"{PREFIX}[0-9]*-*") if not is_held(path.name)]
    for path in stale:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:  # another user's
            _log.warning("shared memory left behind is not ours to remove: %s", error)
    return [path.name for path in stale]


class Pool:
    """At most so many regions, lent as arrays: one comes back when the last view of it goes.

    Parameters
    ----------
    count
        Most regions at a time.
    retire
        Is told of a region that the pool gives up while nobody uses it.
    """

    def __init__(self, count: int, retire: Callable[[Region], None]) -> None:
        # Arrays die in any thread, in the middle of anything: no lock, only what is atomic.
        self._free: deque[Region | None] = deque([None] * count)  # None: not made yet
        self._lent: dict[int, Region] = {}
        self._retire = retire

    def lend(self, size: int) -> Bytes | None:
        """Give the memory of a region of at least `size` bytes, or None if all are lent."""
        try:
            region = self._free.popleft()
        except IndexError:
            return None
        region = self._fitting(region, size)
        if region is None:
            return None
        memory = region.bytes()
        address = _address(memory)
        self._lent[address] = region
        weakref.finalize(memory, self._give_back, address).atexit = False
        return memory

    def region_of(self, tensor: Tensor) -> Region | None:
        """Find the region in which a tensor lies, from its first byte on and without gaps."""
        return self._lent.get(_address(tensor)) if tensor.flags.c_contiguous else None

    def discard(self, region: Region) -> None:
        """Never lend this one again."""
        region.discarded = True
        region.remove()

    def close(self) -> None:
        """Remove all regions; arrays that are still in use stay valid."""
        unused = [region for region in self._free if region is not None]
        self._free.clear()
        for region in (*unused, *self._lent.values()):
            self._retire(region)
            self.discard(region)

    def _fitting(self, region: Region | None, size: int) -> Region | None:
        if region is not None and region.size >= size:
            return region
        if region is not None:
            self._retire(region)
            region.remove()
        try:
            return Region(size)
        except OSError as error:
            _log.warning("no shared memory of %d MB: %s", size // 10**6, error)
            self._free.append(None)
            return None

    def _give_back(self, address: int) -> None:
        region = self._lent.pop(address)
        if region.discarded:
            self._free.append(None)
        else:
            self._free.appendleft(region)  # before another is made


def _address(array: Bytes | Tensor) -> int:
    address: int = array.__array_interface__["data"][0]
    return address
