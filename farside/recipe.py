"""The Recipe: what a network expects and gives, as data that travels with its weights."""

from __future__ import annotations

import tomllib
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from farside.errors import RecipeError
from farside.grid import Grid

Role = Literal["observation", "reference"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class MedianLog(_Part):
    """x = log(clip(I / median, low, high)), mapped from [log low, log high] onto [-1, 1].

    The median is that of the image on the disk: it cancels exposure, filter and degradation. Off
    the disk the network sees -1. Jeong et al. (2020) use low 0.01, high 2 (after a factor of 100).
    """

    kind: Literal["median-log"] = "median-log"
    low: float = Field(gt=0, description="Lower clip, in medians.")
    high: float = Field(gt=0, description="Upper clip, in medians.")

    @model_validator(mode="after")
    def _ordered(self) -> MedianLog:
        if not self.low < self.high:
            raise ValueError(f"low must be below high, got {self.low} and {self.high}")
        return self


class Linear(_Part):
    """x = value / scale, never clipped. Off the disk the network sees 0."""

    kind: Literal["linear"] = "linear"
    scale: float = Field(gt=0, description="Physical units for one network unit.")


Scaling = Annotated[MedianLog | Linear, Field(discriminator="kind")]


class Channel(_Part):
    """One input plane: which images may fill it, and how they are scaled."""

    role: Role
    accepts: tuple[str, ...] = Field(
        min_length=1, description="Instrument and band, as in 'EUVI 304', 'AIA 193', 'HMI LOS'."
    )
    scaling: Scaling

    def takes(self, role: str, instrument: str, band: str) -> bool:
        """Whether an image given as `role` fits. ``EUVI`` stands for both ``EUVI-A`` and ``-B``."""
        names = {f"{instrument} {band}", f"{instrument.split('-')[0]} {band}"}
        return role == self.role and not names.isdisjoint(self.accepts)

    def __str__(self) -> str:
        return f"{' or '.join(self.accepts)} as {self.role}"


class Output(_Part):
    """One output plane."""

    quantity: Literal["line-of-sight magnetic field", "sigma"]
    unit: Literal["gauss"]
    scaling: Linear


class Timing(_Part):
    """How far apart in time the images of one set may be."""

    spread_hours: float = Field(gt=0, description="Between images of one role; beyond: refused.")
    usual_lag_hours: float = Field(gt=0, description="Reference against Eq. 5; beyond: flagged.")
    greatest_lag_hours: float = Field(gt=0, description="Reference against Eq. 5; beyond: refused.")


class Network(_Part):
    """The torch module, as ``module:Class`` inside ``farside.networks``, and its arguments."""

    name: str = Field(pattern=r"^[a-z0-9_]+:[A-Za-z0-9_]+$")
    arguments: dict[str, bool | int | float | str] = {}


class Training(_Part):
    """How the weights came to be."""

    data: Literal["SIMULATED", "OBSERVED", "NONE"]
    description: str
    reference_age_days: tuple[float, float]
    dates: tuple[str, str] = Field(description="First and last date of the training data, ISO.")


class Score(_Part):
    """One figure of merit and how to make it again."""

    measure: str
    value: float
    command: str


class Recipe(_Part):
    """What a network expects and gives.

    Nothing outside the Recipe knows a channel count, a scaling limit or a network's name.
    """

    schema_version: Literal[1] = 1
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=40)
    version: str = Field(pattern=r"^[0-9]+$", description="Triton's rule: a whole number.")
    title: str
    licence: str
    network: Network
    grid: Grid
    channels: tuple[Channel, ...] = Field(min_length=1)
    outputs: tuple[Output, ...] = Field(min_length=1, max_length=2)
    timing: Timing
    training: Training
    saturation_gauss: float | None = Field(
        default=None, gt=0, description="Field strength at which the output saturates, if it does."
    )
    scores: tuple[Score, ...] = ()

    def channels_of(self, role: str) -> tuple[Channel, ...]:
        """The channels of one role, in the network's order."""
        return tuple(channel for channel in self.channels if channel.role == role)

    def to_json(self) -> str:
        """The Recipe as one line of JSON."""
        return self.model_dump_json()

    @classmethod
    def from_json(cls, text: str | bytes) -> Recipe:
        """Parse strictly: unknown keys, wrong types and missing values are errors.

        Raises
        ------
        RecipeError
            Names each field, what was found and what is wanted.
        """
        try:
            return cls.model_validate_json(text, strict=True)
        except ValidationError as error:
            raise RecipeError(f"Recipe does not parse: {_sentences(error)}") from error

    @classmethod
    def from_toml(cls, text: str) -> Recipe:
        """Parse a Recipe that a person wrote as TOML.

        Raises
        ------
        RecipeError
            As :meth:`from_json`, and where the text is not TOML.
        """
        try:
            return cls.model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise RecipeError(f"Recipe is not TOML: {error}") from error
        except ValidationError as error:
            raise RecipeError(f"Recipe does not parse: {_sentences(error)}") from error


def _sentences(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in item['loc']) or 'text'}: {item['msg']}"
        f" (got {str(item['input'])[:60]!r})"
        for item in error.errors()
    )
