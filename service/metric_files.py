"""Files of the metrics, mapped to memory, whose room on the disk is reserved before it is used.

prometheus_client lengthens each file without claiming the room: on a full disk the first write to
the mapping would end the process by SIGBUS.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import prometheus_client.values
from prometheus_client.mmap_dict import MmapedDict

from farside.errors import FarsideError

FIRST_BYTES = 1 << 16
"""Size of a new file, prometheus_client's own choice."""

ENTRY_BYTES = 36
"""Most bytes of a series in a file besides its name: two numbers, a length and padding."""

log = logging.getLogger("farside.service")


class ReservedFile(MmapedDict):
    """File of metrics that is never mapped beyond the room that its disk has given it.

    A series that finds no room is counted in memory, and is in the file once there is room.

    Raises
    ------
    FarsideError
        The disk has no room for a new file.
    """

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        try:
            _reserve(filename, FIRST_BYTES)
        except OSError as error:
            raise FarsideError(
                f"no room for the files of the metrics: {error.strerror} in "
                f"{Path(filename).parent}, expected {FIRST_BYTES} bytes for each; "
                "TMPDIR may name another folder"
            ) from error
        super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]  # no types
        self._without_room = False

    def read_value(self, key: str) -> tuple[float, float]:
        """Value and time of a series; zeros while there is no room for it."""
        if not self._has_room(key):
            return 0.0, 0.0
        value, time = super().read_value(key)  # type: ignore[no-untyped-call]  # no types
        return value, time

    def write_value(self, key: str, value: float, timestamp: float) -> None:
        """Write the value of a series, unless there is no room for it."""
        if self._has_room(key):
            super().write_value(key, value, timestamp)  # type: ignore[no-untyped-call]  # no types

    def _has_room(self, key: str) -> bool:
        """Whether a series is in the file or can be added; the room for it is reserved then."""
        needed, size = self._used + len(key.encode()) + ENTRY_BYTES, self._capacity
        if key in self._positions or needed <= size:
            return True
        while size < needed:
            size *= 2
        try:
            _reserve(self._fname, size)
        except OSError as error:
            if not self._without_room:
                log.error("new series are missing in /metrics: %s: %s", self._fname, error.strerror)
            self._without_room = True
            return False
        self._without_room = False
        return True


def _reserve(path: str, size: int) -> None:
    with Path(path).open("ab") as file:
        os.posix_fallocate(file.fileno(), 0, size)


def install() -> None:
    """Make prometheus_client keep its numbers in :class:`ReservedFile`; it has no option for it."""
    vars(prometheus_client.values)["MmapedDict"] = ReservedFile
