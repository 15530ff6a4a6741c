"""Journal of an archive's files: one JSON line per file, written when the file is done."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

JOURNAL = "journal.jsonl"


class StoreError(ValueError):
    """A store that is damaged, incomplete or not of this kind."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class RegisteredImage(_Part):
    """Registered image in the store.

    Attributes
    ----------
    row
        Row of its disk in the store.
    path
        Path of its file.
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
        Hash of the file.
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


class JournalEntry(_Part):
    """Journal entry of one file: its registered image, or the reason why there is none.

    Attributes
    ----------
    path, size, modified_ns
        Path, size and modification time of the file when it was read.
    image, reason
        Exactly one of the two is set.
    retry
        Whether the next run retries: the error was not found to be in the file.
    """

    path: str
    size: int
    modified_ns: int
    image: RegisteredImage | None = None
    reason: str = ""
    retry: bool = False

    @property
    def state(self) -> tuple[str, int, int]:
        """Key that changes when the file does: path, size and modification time."""
        return self.path, self.size, self.modified_ns

    @classmethod
    def of(cls, path: Path) -> JournalEntry:
        """Entry of a file that was not read yet."""
        found = path.stat()
        return cls(path=str(path), size=found.st_size, modified_ns=found.st_mtime_ns)


class Journal:
    """Journal of one store; the last line of a file counts.

    Raises
    ------
    StoreError
        A line does not parse. A truncated last line, as an interruption leaves it, is dropped and
        its file is read again.
    """

    def __init__(self, store: Path) -> None:
        self._path = store / JOURNAL
        whole, _, torn = self._read().rpartition(b"\n")
        if torn:
            os.truncate(self._path, len(whole) + 1 if whole else 0)
        self._entries: dict[str, JournalEntry] = {}
        self._next_row = 0
        for number, line in enumerate(whole.splitlines(), 1):
            self._remember(self._parse(number, line))

    @property
    def entries(self) -> list[JournalEntry]:
        """Entries of all files, ordered by path."""
        return [self._entries[path] for path in sorted(self._entries)]

    @property
    def next_row(self) -> int:
        """First row that was never used."""
        return self._next_row

    def knows(self, entry: JournalEntry) -> bool:
        """Whether the file is done and unchanged since."""
        found = self._entries.get(entry.path)
        return found is not None and found.state == entry.state and not found.retry

    def add(self, entry: JournalEntry) -> None:
        """Append one entry."""
        with self._path.open("ab") as file:
            file.write(entry.model_dump_json().encode() + b"\n")
        self._remember(entry)

    def _remember(self, entry: JournalEntry) -> None:
        self._entries[entry.path] = entry
        if entry.image:
            self._next_row = max(self._next_row, entry.image.row + 1)

    def _read(self) -> bytes:
        return self._path.read_bytes() if self._path.exists() else b""

    def _parse(self, number: int, line: bytes) -> JournalEntry:
        try:
            return JournalEntry.model_validate_json(line)
        except ValidationError as error:
            raise StoreError(
                f"{self._path}, line {number}: got {line[:60]!r}, expected a journal entry"
            ) from error
