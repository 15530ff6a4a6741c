"""What became of each file: one line of JSON a file, written when it is done and not before."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

JOURNAL = "journal.jsonl"


class StoreError(ValueError):
    """A store that is damaged, incomplete or not of this kind."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Registered(_Part):
    """An image in the store.

    Attributes
    ----------
    row
        Where its disk is.
    path
        Its file.
    channel
        Instrument and band, as in ``"AIA 304"``.
    time, mjd
        Middle of the exposure, UTC: ISO, and modified Julian date.
    longitude_deg, latitude_deg, distance_m
        Stonyhurst position of its observer.
    carrington_deg
        Carrington longitude of the disk's centre.
    quality
        Bits of :class:`farside.quality.Quality`.
    sha256
        Of the file.
    """

    row: int
    path: str
    channel: str
    time: str
    mjd: float
    longitude_deg: float
    latitude_deg: float
    distance_m: float
    carrington_deg: float
    quality: int
    sha256: str


class Entry(_Part):
    """One file: its image, or the reason why it has none in the store.

    Attributes
    ----------
    path, size, modified_ns
        What it was when it was read.
    image, reason
        One of the two is there.
    again
        Whether the next run is to try again: what went wrong was not said to be in the file.
    """

    path: str
    size: int
    modified_ns: int
    image: Registered | None = None
    reason: str = ""
    again: bool = False

    @property
    def state(self) -> tuple[str, int, int]:
        """What a file has in common with itself as long as it is not changed."""
        return self.path, self.size, self.modified_ns

    @classmethod
    def of(cls, path: Path) -> Entry:
        """A file of which nothing is known but that it is there."""
        found = path.stat()
        return cls(path=str(path), size=found.st_size, modified_ns=found.st_mtime_ns)


class Journal:
    """The journal of one store; the last line on a file counts.

    Raises
    ------
    StoreError
        A line does not parse. A last line without its end is what an interruption leaves: the
        file that it was about is done again.
    """

    def __init__(self, store: Path) -> None:
        self._path = store / JOURNAL
        whole, _, torn = self._read().rpartition(b"\n")
        if torn:
            os.truncate(self._path, len(whole) + 1 if whole else 0)
        self._entries: dict[str, Entry] = {}
        self._next_row = 0
        for number, line in enumerate(whole.splitlines(), 1):
            self._remember(self._parse(number, line))

    @property
    def entries(self) -> list[Entry]:
        """One for each file, in the order of their paths."""
        return [self._entries[path] for path in sorted(self._entries)]

    @property
    def next_row(self) -> int:
        """The first row that no image ever had."""
        return self._next_row

    def knows(self, entry: Entry) -> bool:
        """Whether this file is done with, and has not been changed since."""
        found = self._entries.get(entry.path)
        return found is not None and found.state == entry.state and not found.again

    def add(self, entry: Entry) -> None:
        """Write one line."""
        with self._path.open("ab") as file:
            file.write(entry.model_dump_json().encode() + b"\n")
        self._remember(entry)

    def _remember(self, entry: Entry) -> None:
        self._entries[entry.path] = entry
        if entry.image:
            self._next_row = max(self._next_row, entry.image.row + 1)

    def _read(self) -> bytes:
        return self._path.read_bytes() if self._path.exists() else b""

    def _parse(self, number: int, line: bytes) -> Entry:
        try:
            return Entry.model_validate_json(line)
        except ValidationError as error:
            raise StoreError(
                f"{self._path}, line {number}: got {line[:60]!r}, expected what became of a file"
            ) from error
