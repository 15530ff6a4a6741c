"""Copy the newest synchronic map to the input folder of a solar-wind model.

python clients/drop.py MAPS --into FOLDER --format gong --keep 30

MAPS is a map of `farside synchronic`, or a folder of them. Files are written atomically. No map is
dropped twice in the same format, even if the model has removed it. Files dropped more than --keep
days ago are removed; only files that this program dropped, which it lists in
FOLDER/.farside-dropped.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from farside import solarwind
from farside.errors import FarsideError, IncompleteSetError
from farside.io.fits import primary_cards, text
from farside.solarwind import euhforia
from farside.synchronic import fits as synchronic_fits
from farside.synchronic.map import SynchronicMap

NOTES = ".farside-dropped"
BOUNDARY = "boundary"
"""Format name of EUHFORIA's boundary file: solar wind at 0.1 au, by Farside's coronal model."""


@dataclass(frozen=True)
class Note:
    """Record of one dropped file: a line of the notes."""

    time: datetime
    map_sha256: str
    format: str
    name: str

    def __str__(self) -> str:
        return f"{self.time.isoformat()} {self.map_sha256} {self.format} {self.name}"


def main() -> int:
    """Drop new maps, and remove old files."""
    asked = _arguments()
    try:
        asked.into.mkdir(parents=True, exist_ok=True)
        for path in _drop(_newest(asked.maps), asked.into, asked.format, asked.flux_scale):
            print(path)
        _remove_older(asked.into, timedelta(days=asked.keep))
    except (FarsideError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def _newest(maps: Path) -> Path:
    """The given map, or the latest map of a folder."""
    if not maps.is_dir():
        return maps
    headers = {path: primary_cards(path.read_bytes()) for path in maps.glob("*.fits")}
    times = {
        path: text(h, "DATE-OBS")
        for path, h in headers.items()
        if synchronic_fits.is_synchronic_map(h)
    }
    if not times:
        raise IncompleteSetError(f"{maps}: got no synchronic map, expected at least one")
    return max(times, key=lambda path: (times[path], path.name))


def _drop(path: Path, folder: Path, formats: list[str], flux_scale: float) -> Iterator[Path]:
    data = path.read_bytes()
    digest = sha256(data).hexdigest()
    dropped = {(note.map_sha256, note.format) for note in _notes(folder)}
    for format_ in formats:
        if (digest, format_) not in dropped:
            made = _put(synchronic_fits.read(data), format_, folder, flux_scale)
            _add_note(folder, Note(datetime.now(UTC), digest, format_, made.name))
            yield made


def _put(made: SynchronicMap, format_: str, folder: Path, flux_scale: float) -> Path:
    if format_ != BOUNDARY:
        return solarwind.pack(made, format_, flux_scale).write_to(folder)
    from farside.corona import EUHFORIA, EUHFORIA_HEIGHTS, corona, inner_boundary

    return euhforia.write(inner_boundary(corona(made, EUHFORIA, EUHFORIA_HEIGHTS).wind), folder)


def _notes(folder: Path) -> list[Note]:
    path = folder / NOTES
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    fields = (line.split(" ", 3) for line in lines)
    return [Note(datetime.fromisoformat(time), *others) for time, *others in fields]


def _add_note(folder: Path, note: Note) -> None:
    with (folder / NOTES).open("a", encoding="utf-8") as file:
        file.write(f"{note}\n")


def _remove_older(folder: Path, age: timedelta) -> None:
    latest = {note.name: note.time for note in _notes(folder)}
    for name, time in latest.items():
        if datetime.now(UTC) - time > age:
            (folder / name).unlink(missing_ok=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Copy the newest synchronic map to the input folder of a solar-wind model."
    )
    parser.add_argument("maps", type=Path, help="map of farside synchronic, or a folder of them")
    parser.add_argument("--into", type=Path, required=True, help="input folder of the model")
    parser.add_argument(
        "--format",
        nargs="+",
        default=["gong"],
        choices=[*solarwind.FORMATS, BOUNDARY],
        help="one or more; boundary is the solar wind at 0.1 au, which takes half a minute",
    )
    parser.add_argument(
        "--flux-scale",
        type=float,
        default=1.0,
        help="factor applied to the field in gong, adapt and wsa files",
    )
    parser.add_argument(
        "--keep", type=float, default=30, metavar="DAYS", help="age at which files are removed"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
