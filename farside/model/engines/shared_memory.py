"""POSIX shared memory between this process and an inference server on the same host.

A region is a file in ``/dev/shm`` under a lock that the kernel releases when its process ends: an
unlocked file is stale and is removed at the next start, even if the process id has been reused.
Linux only, as is the server.
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


class SharedRegion:
    """Region of shared memory; its name contains the process id.

    Attributes
    ----------
    name
        Name of the file, and of the region at the server.
    size
        Size in bytes.
    registered
        Whether the region is believed to be registered with the server.
    busy
        Whether the server may be using the region now.
    discarded
        Whether the region must not be used again.

    Raises
    ------
    OSError
        The system has no shared memory, or not enough.
    """

    def __init__(self, size: int) -> None:
        self.name = f"{PREFIX}{os.getpid()}-{secrets.token_hex(6)}"
        self.size = size
        self.registered = self.busy = self.discarded = False
        unseen = FOLDER / f".{self.name}"  # hidden until locked: an unlocked file counts as stale
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
        """Memory of the region as an array of bytes; it lives as long as any view of it."""
        return np.frombuffer(self._map, np.uint8)

    def remove(self) -> None:
        """Unlink the file; the memory is freed with its last view."""
        file, self._file = self._file, -1  # only one of several threads closes it
        if file >= 0:
            (FOLDER / self.name).unlink(missing_ok=True)
            os.close(file)


def is_held(name: str) -> bool:
    """Whether the process that created a region is still alive."""
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
    """Remove the regions left by processes that have ended; return their names."""
    stale = [path for path in FOLDER.glob(f"{PREFIX}[0-9]*-*") if not is_held(path.name)]
    for path in stale:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:  # another user's
            _log.warning("stale shared memory cannot be removed: %s", error)
    return [path.name for path in stale]


class RegionPool:
    """Pool of shared-memory regions, lent as arrays and returned when their last view is freed.

    Parameters
    ----------
    count
        Maximum number of regions.
    retire
        Called with an unused region before the pool removes it.
    """

    def __init__(self, count: int, retire: Callable[[SharedRegion], None]) -> None:
        # Arrays may be freed in any thread at any point: atomic operations only, no lock.
        self._free: deque[SharedRegion | None] = deque([None] * count)  # None: not made yet
        self._lent: dict[int, SharedRegion] = {}
        self._retire = retire

    def lend(self, size: int) -> Bytes | None:
        """Lend a region of at least `size` bytes as an array; None if all are in use."""
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

    def region_of(self, tensor: Tensor) -> SharedRegion | None:
        """Region whose first byte is that of a contiguous tensor, if any."""
        return self._lent.get(_address(tensor)) if tensor.flags.c_contiguous else None

    def discard(self, region: SharedRegion) -> None:
        """Remove a region and never lend it again."""
        region.discarded = True
        region.remove()

    def close(self) -> None:
        """Remove all regions; arrays in use stay valid."""
        unused = [region for region in self._free if region is not None]
        self._free.clear()
        for region in (*unused, *self._lent.values()):
            self._retire(region)
            self.discard(region)

    def _fitting(self, region: SharedRegion | None, size: int) -> SharedRegion | None:
        if region is not None and region.size >= size:
            return region
        if region is not None:
            self._retire(region)
            region.remove()
        try:
            return SharedRegion(size)
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
