"""Record of a fetch: the files, where each came from, and why it was chosen."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias

from farside import __version__
from farside.archive.times import isoformat
from farside.fetch.archives import Grade
from farside.io.atomic import NamedFile

FileRole: TypeAlias = Literal["observation", "reference", "observed", "base"]


@dataclass(frozen=True)
class FetchedFile:
    """One fetched file.

    Attributes
    ----------
    role
        ``"observation"`` or ``"reference"`` of the model; ``"observed"``: HMI of the time itself;
        ``"base"``: the base map.
    channel
        Instrument and band, as in ``"EUVI-A 304"``.
    path, address
        The file, and where it came from.
    source, grade
        Name in the table of archives, and grade of its data.
    time
        Time in its header, UTC.
    offset_hours
        `time` minus the time that was asked for: for references, the epoch of Eq. 5.
    quality
        Names of its quality flags.
    size_bytes, sha256
        Of the file as it was downloaded.
    reasons
        Why it was taken: the rule, and the better sources that had none.
    """

    role: FileRole
    channel: str
    path: Path
    address: str
    source: str
    grade: Grade
    time: datetime
    offset_hours: float
    quality: tuple[str, ...]
    size_bytes: int
    sha256: str
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.role} {self.channel} {isoformat(self.time)[:19]} ({self.offset_hours:+.2f} h) "
            f"from {self.source}: {'; '.join(self.reasons)}"
        )


@dataclass(frozen=True)
class Fetched:
    """Files of one time.

    Attributes
    ----------
    spacecraft, time
        What was asked for.
    model
        Name and version of the model whose channels the files fill; empty if none was needed.
    reference_epoch
        Epoch of Eq. 5, UTC; None without references.
    longitude_deg
        Stonyhurst longitude of the spacecraft, degrees; None without observations.
    files
        All files.
    rejected
        Files that were looked at and not used, with the reason of each.
    """

    spacecraft: str
    time: datetime
    model: str
    reference_epoch: datetime | None
    longitude_deg: float | None
    files: tuple[FetchedFile, ...]
    rejected: tuple[str, ...]

    @property
    def observations(self) -> tuple[Path, ...]:
        """Images of the far side, for :func:`farside.generate`."""
        return self._paths("observation")

    @property
    def references(self) -> tuple[Path, ...]:
        """Images of the front side at the reference epoch, for :func:`farside.generate`."""
        return self._paths("reference")

    @property
    def observed(self) -> tuple[Path, ...]:
        """HMI magnetogram of the time itself, for :func:`farside.synchronic_map`."""
        return self._paths("observed")

    @property
    def base(self) -> Path | None:
        """Base map, for :func:`farside.synchronic_map`."""
        return next(iter(self._paths("base")), None)

    def write(self, folder: Path) -> Path:
        """Write the record as ``fetch_20261101T000000_A.json`` into a folder, atomically."""
        name = f"fetch_{self.time:%Y%m%dT%H%M%S}_{self.spacecraft}.json"
        table = {"farside": __version__} | asdict(self)
        text = json.dumps(table, default=_plain, indent=2) + "\n"
        return NamedFile(name, text.encode()).write_to(folder)

    def _paths(self, role: FileRole) -> tuple[Path, ...]:
        return tuple(file.path for file in self.files if file.role == role)


def _plain(value: object) -> str:
    return isoformat(value) if isinstance(value, datetime) else str(value)
