"""Input folders of solar-wind models: each map is dropped once in each format, atomically.

A folder lists what was dropped into it in :data:`NOTES`. A model may remove a file: it is not
dropped again. Files of others in the folder are never touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import get_args

from farside import solarwind
from farside.io.formats import DropFormat
from farside.solarwind import euhforia
from farside.synchronic import fits as synchronic_fits
from farside.synchronic.map import SynchronicMap

NOTES = ".farside-dropped"

BOUNDARY: DropFormat = "boundary"
"""EUHFORIA's boundary file: solar wind at 0.1 au, by Farside's coronal model."""

FORMATS: tuple[DropFormat, ...] = get_args(DropFormat)


@dataclass(frozen=True)
class Note:
    """Record of one dropped file: a line of the notes."""

    time: datetime
    map_sha256: str
    format: str
    name: str

    def __str__(self) -> str:
        return f"{self.time.isoformat()} {self.map_sha256} {self.format} {self.name}"


def drop(
    paths: Iterable[Path], folder: Path, formats: Sequence[DropFormat], flux_scale: float = 1.0
) -> Iterator[Path]:
    """Write maps that were not dropped before into a folder; yield the path of each new file.

    A kill between file and note leaves the file, which the next call writes again.

    Parameters
    ----------
    paths
        Files of synchronic maps.
    flux_scale
        Factor applied to the field, in the formats of other observatories.

    Raises
    ------
    FormatError, InputError
        A map does not fit its format, or was altered.
    """
    folder.mkdir(parents=True, exist_ok=True)
    dropped = {(note.map_sha256, note.format) for note in _notes(folder)}
    for path in paths:
        data = path.read_bytes()
        digest = sha256(data).hexdigest()
        for each in formats:
            if (digest, each) not in dropped:
                made = _put(synchronic_fits.read(data), each, folder, flux_scale)
                _add_note(folder, Note(datetime.now(UTC), digest, each, made.name))
                yield made


def remove_older(folder: Path, age: timedelta) -> None:
    """Remove files that were dropped more than `age` ago."""
    latest = {note.name: note.time for note in _notes(folder)}
    for name, time in latest.items():
        if datetime.now(UTC) - time > age:
            (folder / name).unlink(missing_ok=True)


def _put(made: SynchronicMap, format_: DropFormat, folder: Path, flux_scale: float) -> Path:
    if format_ != BOUNDARY:
        return solarwind.pack(made, format_, flux_scale).write_to(folder)
    from farside.corona import EUHFORIA, EUHFORIA_HEIGHTS, corona, inner_boundary

    return euhforia.write(inner_boundary(corona(made, EUHFORIA, EUHFORIA_HEIGHTS).wind), folder)


def _notes(folder: Path) -> list[Note]:
    path = folder / NOTES
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    fields = [line.split(" ", 3) for line in lines]
    # A line may be torn by a power cut.
    return [Note(datetime.fromisoformat(of[0]), *of[1:]) for of in fields if len(of) == 4]


def _add_note(folder: Path, note: Note) -> None:
    with (folder / NOTES).open("a", encoding="utf-8") as file:
        # The line break comes first: the line before may be torn.
        file.write(f"\n{note}" if file.tell() else str(note))
