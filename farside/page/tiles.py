"""Cache of answers that take time to make: bounded in size, least recently used first out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock


class Tiles:
    """Bytes by key, in memory, within a size.

    Parameters
    ----------
    most_bytes
        Size of all bytes together.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._size_bytes = 0
        self._lock, self._making = Lock(), Lock()

    @property
    def size_bytes(self) -> int:
        """Size of what is kept."""
        return self._size_bytes

    def get(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """Bytes of a key, made by `make` if they are not kept; one is made at a time."""
        found = self._find(key)
        if found is not None:
            return found
        with self._making:
            found = self._find(key)
            if found is None:
                found = make()
                self._keep(key, found)
        return found

    def _find(self, key: Hashable) -> bytes | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _keep(self, key: Hashable, content: bytes) -> None:
        if len(content) > self._most_bytes:
            return
        with self._lock:
            self._kept[key] = content
            self._size_bytes += len(content)
            while self._size_bytes > self._most_bytes:
                self._size_bytes -= len(self._kept.popitem(last=False)[1])
