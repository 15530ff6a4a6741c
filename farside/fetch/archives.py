"""Settings table of the public archives: addresses, directory layouts and file names."""

from __future__ import annotations

import os
import re
import tomllib
from datetime import date, datetime, timedelta
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from farside.errors import ArchiveSettingsError
from farside.observation.instruments import AIA_BANDS, EUVI_BANDS

ENVIRONMENT = "FARSIDE_ARCHIVES"
"""Environment variable that names a file of changes to the table."""

Grade: TypeAlias = Literal["definitive", "near-real-time", "beacon"]

GRADES: tuple[Grade, ...] = ("definitive", "near-real-time", "beacon")
"""Grades of data, best first."""

BANDS = {
    "EUVI-A": EUVI_BANDS,
    "EUVI-B": EUVI_BANDS,
    "AIA": AIA_BANDS,
    "HMI": ("LOS",),
    "GONG": ("MAP",),
}
"""Bands of each instrument whose files are fetched."""

DIGITS = {"%Y": 4, "%y": 2, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2}
"""Time codes of directories and file names, with their number of digits."""

_CODE = re.compile(r"%.")
_ADDRESS = r"^https?://[^\s?#]+$"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Source(_Part):
    """One series of files of one archive, in directories by time."""

    instrument: Literal["EUVI-A", "EUVI-B", "AIA", "HMI", "GONG"]
    bands: tuple[str, ...] = Field(min_length=1)
    grade: Grade
    base: Annotated[str, Field(pattern=_ADDRESS)]
    directory: str = Field(pattern=r"^([^/]+/)+$", description="Below `base`, with time codes.")
    file: str = Field(
        pattern=r"^[^/]+$",
        description="Name with time codes, '{band}' if it tells the band, '*' for any text.",
    )
    first: date = Field(description="First day of the series.")
    last: date | None = Field(default=None, description="Last day of the series, if it ended.")
    known: datetime | None = Field(
        default=None, description="Time that has files, for --check; without it, yesterday."
    )

    @model_validator(mode="after")
    def _is_a_layout(self) -> Source:
        if not self.base.endswith("/"):
            raise ValueError(f"base must end with '/', got {self.base}")
        bands = BANDS[self.instrument]
        if not set(self.bands) <= set(bands):
            raise ValueError(f"bands must be of {', '.join(bands)}, got {', '.join(self.bands)}")
        codes = _CODE.findall(self.file)
        unknown = {*codes, *_CODE.findall(self.directory)} - DIGITS.keys()
        if unknown:
            raise ValueError(f"time codes must be of {' '.join(DIGITS)}, got {sorted(unknown)}")
        if len(codes) != len(set(codes)) or not {"%m", "%d", "%H", "%M"} <= set(codes):
            raise ValueError(f"file must have year, %m, %d, %H and %M once, got {self.file}")
        if not {"%Y", "%y"} & set(codes):
            raise ValueError(f"file must have %Y or %y, got {self.file}")
        return self

    @property
    def tells_band(self) -> bool:
        """Whether the band follows from the file name."""
        return len(self.bands) == 1 or "{band" in self.file

    @property
    def spacecraft(self) -> str:
        """Spacecraft ``"A"`` or ``"B"``, or ``"Earth"``."""
        return self.instrument.partition("-")[2] or "Earth"

    @property
    def period(self) -> str:
        """Days that the series covers, in words."""
        return f"from {self.first}" + (f" to {self.last}" if self.last else " on")

    def covers(self, time: datetime) -> bool:
        """Whether the series has data of the day of `time`."""
        return self.first <= time.date() and (self.last is None or time.date() <= self.last)

    def directories(self, first: datetime, last: datetime) -> tuple[str, ...]:
        """Directories of a period, in order of time."""
        step = timedelta(hours=1) if "%H" in self.directory else timedelta(days=1)
        count = (last - first) // step + 2
        times = [min(first + n * step, last) for n in range(count)]
        names = [time.strftime(self.directory) for time in times]
        return (names[0], *(name for before, name in pairwise(names) if name != before))

    def path(self, time: datetime, band: str) -> str:
        """Directory and name of a file below `base`; nothing stands for what `*` leaves open."""
        return time.strftime(self.directory + self.file.format(band=band)).replace("*", "")

    def time_of(self, name: str, band: str) -> datetime | None:
        """Time in a file name; None if it is not a name of this series and band."""
        pattern, codes = self._pattern(band)
        match = pattern.fullmatch(name)
        if match is None:
            return None
        try:
            return datetime.strptime(" ".join(match.groups()) + " +0000", " ".join(codes) + " %z")
        except ValueError:  # digits that are no date
            return None

    def _pattern(self, band: str) -> tuple[re.Pattern[str], list[str]]:
        parts = re.split(r"(%.|\*)", self.file.format(band=band))
        text = "".join(
            rf"(\d{{{DIGITS[part]}}})" if part in DIGITS
            else "[^/]*" if part == "*"
            else re.escape(part)
            for part in parts
        )  # fmt: skip
        return re.compile(text), [part for part in parts if part in DIGITS]


class Archives(_Part):
    """Settings of all sources, and how politely they are asked."""

    mirror: Annotated[str, Field(pattern=_ADDRESS)] | None = Field(
        default=None,
        description="Address of a mirror that has each archive below its host name, as "
        "`wget --recursive` makes it.",
    )
    pause_s: float = Field(ge=0, description="Least time between two requests to one host.")
    timeout_s: float = Field(gt=0, description="Longest silence of a server.")
    retries: int = Field(ge=0, description="Further attempts after a failure that may pass.")
    retry_wait_s: float = Field(ge=0, description="Before the first retry; doubled each time.")
    sources: dict[str, Source]

    def base(self, source: Source) -> str:
        """Base address of a source, at the mirror if there is one."""
        if self.mirror is None:
            return source.base
        address = urlsplit(source.base)
        return f"{self.mirror.rstrip('/')}/{address.netloc}{address.path}"


def load_archives(changes: Path | None = None, mirror: str | None = None) -> Archives:
    """Read the settings table.

    Parameters
    ----------
    changes
        TOML file with values that differ from the table of this package; by default the one that
        the environment variable FARSIDE_ARCHIVES names, if it is set.
    mirror
        Address of a mirror of all archives.

    Raises
    ------
    ArchiveSettingsError
        Not TOML, an unknown key, or a value out of range.
    """
    name = os.environ.get(ENVIRONMENT)
    changes = changes or (Path(name) if name else None)
    table = tomllib.loads(files(__package__).joinpath("archives.toml").read_text("utf-8"))
    try:
        if changes is not None:
            table = _merged(table, tomllib.loads(changes.read_text("utf-8")))
        if mirror is not None:
            table["mirror"] = mirror
        return Archives.model_validate(table)
    except OSError as error:
        raise ArchiveSettingsError(f"{changes} does not read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ArchiveSettingsError(f"{changes}: got {error}, expected TOML") from error
    except ValidationError as error:
        raise ArchiveSettingsError(f"{changes or 'archives'}: {_sentence(error)}") from error


def _merged(table: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(table)
    for key, value in changes.items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            merged[key] = _merged(old, value)
        else:
            merged[key] = value
    return merged


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        return f"unknown key {where!r}, expected one of docs/fetch.md"
    return f"{where}: got {first['input']!r}: {first['msg']}"
