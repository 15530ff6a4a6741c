"""Configuration of ``farside live``: one TOML file, checked strictly."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from farside.errors import SettingsError
from farside.fetch.archives import Archives
from farside.io.formats import DropFormat

MAX_PORT = 65535

Positive = Annotated[float, Field(gt=0)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class DropFolder(_Part):
    """Input folder of a solar-wind model."""

    folder: Path = Field(description="Folder that the model reads; created if missing.")
    formats: tuple[DropFormat, ...] = Field(default=("gong",), min_length=1)
    flux_scale: Positive = Field(
        default=1.0, description="Factor applied to the field; native and boundary take 1 only."
    )
    keep_days: Positive = Field(
        default=30.0,
        description="Older maps are not dropped, and files dropped longer ago removed.",
    )

    @model_validator(mode="after")
    def _scale_fits(self) -> DropFolder:
        if self.flux_scale != 1 and {"native", "boundary"} & set(self.formats):
            raise ValueError(f"flux_scale must be 1 for native and boundary, got {self.flux_scale}")
        return self


class LiveSettings(_Part):
    """Settings of ``farside live``."""

    archive: Path = Field(description="Folder of the products; created if missing.")
    inputs: Path = Field(description="Folder of the fetched files; created if missing.")
    begin: datetime = Field(description="First slot, UTC. Slots since then are caught up.")
    spacecraft: tuple[Literal["A", "B"], ...] = Field(default=("A",), min_length=1)
    cadence_minutes: int = Field(
        default=360, gt=0, description="Interval between slots; must divide a day."
    )
    model: str | None = Field(default=None, description="Default: the only one there is.")
    server: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s?#]+$",
        description="Address of a Farside service; without it the network runs in this process.",
    )
    repository: Path | None = Field(
        default=None, description="Folder of models, without `server`; default as everywhere."
    )
    base: Path | None = Field(
        default=None, description="Base map of the first map; default: GONG's, which is fetched."
    )
    every_s: Positive = Field(default=300.0, description="Seconds between rounds.")
    delay_minutes: float = Field(
        default=60.0, ge=0, description="A slot is due this long after its time."
    )
    patience_hours: Positive = Field(
        default=12.0,
        description="Age of a slot from which it is made without what is still missing.",
    )
    sets_per_round: int = Field(
        default=8, gt=0, description="Sets that are fetched before products are made again."
    )
    archives: Path | None = Field(
        default=None, description="Changes to the table of archives, see docs/fetch.md."
    )
    mirror: str | None = Field(default=None, description="Mirror of all archives.")
    cache: Path | None = Field(default=None, description="Folder of downloads.")
    metrics: str | None = Field(
        default=None,
        pattern=r"^[^\s:]+:\d+$",
        description="Host and port of /metrics and /livez, as in '127.0.0.1:9465'.",
    )
    drop: tuple[DropFolder, ...] = ()

    @model_validator(mode="after")
    def _is_possible(self) -> LiveSettings:
        if self.server and self.repository:
            raise ValueError("got server and repository, expected one of them")
        if len(set(self.spacecraft)) < len(self.spacecraft):
            raise ValueError(f"spacecraft: got {', '.join(self.spacecraft)}, expected each once")
        if self.metrics and int(self.metrics.rpartition(":")[2]) > MAX_PORT:
            raise ValueError(f"metrics: got {self.metrics}, expected a port up to {MAX_PORT}")
        if 1440 % self.cadence_minutes:
            raise ValueError(f"cadence_minutes must divide 1440, got {self.cadence_minutes}")
        roles = [("archive", self.archive), ("inputs", self.inputs)]
        roles += [(f"drop.{n}.folder", each.folder) for n, each in enumerate(self.drop)]
        roles += [("cache", self.cache)] if self.cache else []
        for n, (name, path) in enumerate(roles):
            for other_name, other in roles[n + 1 :]:
                one, two = path.resolve(), other.resolve()
                if one == two or one in two.parents or two in one.parents:
                    raise ValueError(
                        f"{name} and {other_name} must be apart, got {path} and {other}"
                    )
        return self

    @property
    def cadence(self) -> timedelta:
        """Interval between slots."""
        return timedelta(minutes=self.cadence_minutes)


def load_settings(path: Path) -> LiveSettings:
    """Read a configuration file.

    Raises
    ------
    SettingsError
        Not TOML, an unknown or missing key, or an impossible value.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
        return LiveSettings.model_validate_json(json.dumps(table, default=_time))
    except OSError as error:
        raise SettingsError(f"{path} does not read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: got {error}, expected TOML") from error
    except ValidationError as error:
        raise SettingsError(f"{path}: {_sentence(error)}") from error


def check_coverage(settings: LiveSettings, archives: Archives) -> None:
    """Check that the table of archives has each spacecraft at `begin`; it may be in the future.

    Raises
    ------
    SettingsError
        A spacecraft has no series, was not launched yet, or was lost before `begin`.
    """
    for spacecraft in settings.spacecraft:
        series = [each for each in archives.sources.values() if each.spacecraft == spacecraft]
        if not any(each.covers(settings.begin) for each in series):
            periods = ", ".join(f"{each.instrument} {each.period}" for each in series)
            raise SettingsError(
                f"spacecraft {spacecraft!r}: got begin = {settings.begin:%Y-%m-%d}, expected a "
                f"time of {periods or 'a series in the table of archives, which has none'}"
            )


def _time(value: object) -> str:
    """TOML's dates and times for JSON; without a zone they are UTC."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    if isinstance(value, date):
        return datetime.combine(value, time(tzinfo=UTC)).isoformat()
    return str(value)


def _sentence(error: ValidationError) -> str:
    """First error as: where, what was got, what is expected."""
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        known = DropFolder if "drop" in first["loc"] else LiveSettings
        return f"got the unknown key {where!r}, expected one of {', '.join(known.model_fields)}"
    if first["type"] == "missing":
        return f"got no {where!r}, expected it"
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    return f"{where}: got {first['input']!r}, expected: {first['msg']}"
