"""Side-car of a scanned sunspot drawing: JSON file with date, orientation and disk."""

from __future__ import annotations

from datetime import MAXYEAR, UTC, date, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from farside.errors import FileTooLargeError, SideCarError
from farside.observation.drawing.scan import is_picture

MAX_BYTES = 64 * 2**10
"""Largest side-car, bytes."""

CONTENT = "SUNSPOT DRAWING"
"""CONTENT card by which a FITS file is recognised as a drawing."""

HEAD_BYTES = 4 * 2880
"""Beginning of a file in which CONTENT is searched, bytes."""

SUFFIX = ".json"
"""Suffix of a side-car, which has the stem of its drawing: ``1612-06-23.png`` has
``1612-06-23.json``."""


class SideCar(BaseModel):
    """Date, orientation and disk of a drawing; unknown keys are refused.

    Pixels are counted from 0 at the middle of the first one: to the right and downwards from the
    top left of a PNG or JPEG, to the right and upwards from the bottom left of a FITS image.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    time_utc: datetime | date | None = Field(
        default=None, description="When it was drawn, Gregorian; a day alone stands for its noon."
    )
    position_angle_deg: float | None = Field(
        default=None,
        ge=-360,
        le=360,
        description="Position angle of solar north from the picture's top, positive through east,"
        " like the P of almanacs: anticlockwise, but clockwise in a mirrored picture.",
    )
    north_up: bool = Field(
        default=False, description="Solar north is at the top: a position angle of 0."
    )
    mirrored: bool = Field(
        default=False,
        description="East and west are exchanged, as in a projected image: with north at the top,"
        " east is on the right.",
    )
    centre_px: tuple[float, float] | None = Field(
        default=None, description="Centre of the disk, (x, y)."
    )
    radius_px: float | None = Field(default=None, gt=0, description="Radius of the disk.")
    observer: str = Field(default="", max_length=100, description="Who drew it.")
    hand: str = Field(default="", max_length=100, description="Drawing style.")

    @model_validator(mode="after")
    def _is_consistent(self) -> SideCar:
        if self.north_up and self.position_angle_deg is not None:
            raise ValueError("got north_up and position_angle_deg, expected only one of them")
        if (self.centre_px is None) != (self.radius_px is None):
            raise ValueError("got one of centre_px and radius_px, expected both or none")
        return self

    @field_validator("time_utc")
    @classmethod
    def _has_a_year_in_utc(cls, given: datetime | date | None) -> datetime | date | None:
        if isinstance(given, datetime) and not 1 < given.year < MAXYEAR:
            raise ValueError(f"got the year {given.year}, expected one with drawings")
        return given

    @property
    def orientation_deg(self) -> float | None:
        """Position angle of solar north, degrees; None if unknown."""
        return 0.0 if self.north_up else self.position_angle_deg

    @property
    def is_date_only(self) -> bool:
        """Whether the time is a date without an hour."""
        return self.time_utc is not None and not isinstance(self.time_utc, datetime)

    @property
    def isot(self) -> str | None:
        """Time (UTC) as ``1612-06-23T12:00:00.000``; None if unknown."""
        if self.time_utc is None:
            return None
        if not isinstance(self.time_utc, datetime):
            return f"{self.time_utc.isoformat()}T12:00:00.000"
        zoned = self.time_utc.tzinfo is not None
        moment = self.time_utc.astimezone(UTC) if zoned else self.time_utc
        return moment.replace(tzinfo=None).isoformat(timespec="milliseconds")

    def to_json(self) -> bytes:
        """Contents of the JSON file, without defaults."""
        return self.model_dump_json(exclude_defaults=True, indent=2).encode() + b"\n"


def read_side_car(data: bytes) -> SideCar:
    """Parse a side-car.

    Raises
    ------
    FileTooLargeError
        More than :data:`MAX_BYTES`.
    SideCarError
        Not JSON, an unknown key, or an invalid value.
    """
    if len(data) > MAX_BYTES:
        raise FileTooLargeError(f"a side-car of {len(data)} bytes, at most {MAX_BYTES} are read")
    try:
        return SideCar.model_validate_json(data)
    except ValidationError as error:
        wrong = "; ".join(f"{_key(each['loc'])}{each['msg']}" for each in error.errors()[:5])
        raise SideCarError(f"side-car: {wrong[:500]}") from error


def may_be_drawing(data: bytes) -> bool:
    """Whether the beginning of a file is that of a picture, or contains :data:`CONTENT`."""
    return is_picture(data) or CONTENT.encode() in data[:HEAD_BYTES]


def with_side_car(path: Path) -> list[Path]:
    """Paths of a drawing and the side-car beside it; of any other file, its path alone."""
    car = path.with_suffix(SUFFIX)
    if path == car or not car.is_file():
        return [path]
    with path.open("rb") as file:
        return [path, car] if may_be_drawing(file.read(HEAD_BYTES)) else [path]


def side_car_of(drawing: Path) -> bytes | None:
    """Bytes of the side-car beside a drawing; None if there is none.

    At most ``MAX_BYTES + 1`` are read, enough for :func:`read_side_car` to refuse a larger file.
    """
    path = drawing.with_suffix(SUFFIX)
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _key(place: tuple[int | str, ...]) -> str:
    return ".".join(str(part)[:50] for part in place) + ": " if place else ""
