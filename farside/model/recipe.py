"""Recipe: machine-readable specification of a network's inputs, outputs and training."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from datetime import date
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    model_validator,
)

from farside.errors import RecipeError
from farside.sun.grid import MAX_SIDE_PX, Grid

Role = Literal["observation", "reference"]
TrainedOn = Literal["SIMULATED", "OBSERVED", "NONE"]

SYNOPTIC_MAP = "MAP LOS"
"""Entry of `accepts` for a synoptic map, which is rendered as the disk of the view."""

InstrumentBand = Annotated[str, Field(pattern=r"^[A-Z]+(-[AB])? [A-Za-z0-9]+$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class MedianLog(_Part):
    """Scaling x = log(clip(I / median, low, high)), from [log low, log high] onto [-1, 1].

    The median over the disk cancels exposure time, filter and degradation. Off-disk pixels are -1.
    Jeong et al. (2020) use low 0.01, high 2 (after a factor of 100).
    """

    kind: Literal["median-log"] = "median-log"
    low: float = Field(gt=0, description="Lower clip, in medians.")
    high: float = Field(gt=0, description="Upper clip, in medians.")

    @model_validator(mode="after")
    def _ordered(self) -> MedianLog:
        if not self.low < self.high:
            raise ValueError(f"low must be below high, got {self.low} and {self.high}")
        return self


class Percentile(_Part):
    """Scaling x = 2 · clip(I / P, 0, 1) - 1, with P a percentile of the brightness on the disk.

    Off-disk pixels are -1. Alshehhi (2020) uses the 98th percentile.
    """

    kind: Literal["percentile"] = "percentile"
    percentile: float = Field(gt=0, le=100)


class Ink(_Part):
    """Scaling x = 1 - I of drawings: blank paper is 0, the heaviest ink 1.

    Off-disk pixels are 0.
    """

    kind: Literal["ink"] = "ink"


class Linear(_Part):
    """Scaling x = value / scale, without clipping. Off-disk pixels are 0."""

    kind: Literal["linear"] = "linear"
    scale: float = Field(gt=0, description="Physical units for one network unit.")


Scaling = Annotated[MedianLog | Percentile | Ink | Linear, Field(discriminator="kind")]


def _is_among(instrument: str, band: str, accepted: tuple[InstrumentBand, ...]) -> bool:
    """Whether bands include an image's; ``EUVI`` stands for ``EUVI-A`` and ``EUVI-B``."""
    names = {f"{instrument} {band}", f"{instrument.split('-')[0]} {band}"}
    return not names.isdisjoint(accepted)


class Channel(_Part):
    """Input plane: the images it accepts and their scaling."""

    role: Role
    accepts: tuple[InstrumentBand, ...] = Field(
        min_length=1,
        description="Instrument and band, as in 'EUVI 304', 'AIA 193', 'HMI LOS'; 'MAP LOS' is a "
        "synoptic map of the radial field, rendered as the magnetogram of the view.",
    )
    scaling: Scaling
    optional: bool = Field(
        default=False,
        description="It may lack its image, or parts of it: the network is told by an availability "
        "plane and sees 0 there. At least one channel of role 'observation' must have its image.",
    )

    @property
    def is_field(self) -> bool:
        """Whether the channel accepts magnetograms."""
        return any(pair.endswith(" LOS") for pair in self.accepts)

    def takes(self, role: str, instrument: str, band: str) -> bool:
        """Whether the channel accepts an image; ``EUVI`` stands for ``EUVI-A`` and ``EUVI-B``."""
        return role == self.role and _is_among(instrument, band, self.accepts)

    def __str__(self) -> str:
        return f"{' or '.join(self.accepts)} as {self.role}"


Geometry = Literal["sine of latitude", "hemisphere", "west", "mu", "reference age"]
"""Quantity of an input plane that follows from the view and from the age of the reference alone:
see :func:`farside.magnetogram.geometry_planes.geometry_planes`."""

_ODD: frozenset[Geometry] = frozenset({"sine of latitude", "hemisphere"})


class FieldPlane(_Part):
    """An output plane in gauss: the field, or its strength.

    "unsigned magnetic field" is the expected |B|, which is known where the polarity is not.
    """

    quantity: Literal["line-of-sight magnetic field", "unsigned magnetic field"]
    unit: Literal["gauss"]
    scaling: Linear


class SigmaPlane(_Part):
    """Output plane σ in gauss: 68.3 % of the errors of the field are within ±σ."""

    quantity: Literal["sigma"]
    unit: Literal["gauss"]
    scaling: Linear
    degrees_of_freedom: float | None = Field(
        default=None,
        gt=2,
        description="Of Student's t-distribution of the errors; without them they are Gaussian.",
    )


class ProbabilityPlane(_Part):
    """An output plane between 0 and 1: the probability that the field points at the observer."""

    quantity: Literal["probability of positive polarity"]
    unit: Literal["1"] = "1"
    scaling: Linear = Linear(scale=1.0)


class BrightnessPlane(_Part):
    """Output plane of synthetic brightness, such as ``AIA 193``, in units of the disk median."""

    quantity: Literal["brightness"]
    band: InstrumentBand
    unit: Literal["disk median"]
    scaling: MedianLog


Output = Annotated[
    FieldPlane | SigmaPlane | ProbabilityPlane | BrightnessPlane, Field(discriminator="quantity")
]


class NativeTiling(_Part):
    """Grid of a network that works in the instrument's own pixels, in overlapping tiles."""

    tile_px: int = Field(gt=0, description="Side of what the network sees at a time.")
    overlap_px: int = Field(ge=0, description="By how much neighbours overlap.")
    pixel_arcsec: float = Field(gt=0, description="Side of a pixel; others are refused.")
    mask_radius: float = Field(gt=0, le=1.0, description="Fraction of the disk that is given.")

    @model_validator(mode="after")
    def _tiles_advance(self) -> NativeTiling:
        if not 2 * self.overlap_px <= self.tile_px:
            raise ValueError(
                f"tiles of {self.tile_px} px may overlap by half of it, got {self.overlap_px} px"
            )
        return self


def _kind_of_pixels(grid: object) -> str:
    native = isinstance(grid, NativeTiling) or (isinstance(grid, dict) and "tile_px" in grid)
    return "native" if native else "registered"


Pixels = Annotated[
    Annotated[Grid, Tag("registered")] | Annotated[NativeTiling, Tag("native")],
    Discriminator(_kind_of_pixels),
]


class Timing(_Part):
    """Limits on the time differences between the images of one set."""

    spread_hours: float = Field(gt=0, description="Between images of one role; beyond: refused.")
    usual_lag_hours: float = Field(gt=0, description="Reference against Eq. 5; beyond: flagged.")
    greatest_lag_hours: float = Field(gt=0, description="Reference against Eq. 5; beyond: refused.")


class NetworkSpec(_Part):
    """Torch module (``module:Class`` in ``farside.model.networks``) and its arguments."""

    name: str = Field(pattern=r"^[a-z0-9_]+:[A-Za-z0-9_]+$")
    arguments: dict[str, bool | int | float | str] = {}


class Training(_Part):
    """Training data of the weights."""

    data: TrainedOn
    description: str
    reference_age_days: tuple[float, float] = Field(
        description="Least and greatest age of the reference that the training met."
    )
    dates: tuple[date, date] = Field(description="First and last date of the training data.")

    @model_validator(mode="after")
    def _ordered(self) -> Training:
        if self.reference_age_days[0] > self.reference_age_days[1]:
            raise ValueError("ages must rise, got {} and {}".format(*self.reference_age_days))
        if self.dates[0] > self.dates[1]:
            raise ValueError("dates must rise, got {} and {}".format(*self.dates))
        return self


class Score(_Part):
    """Figure of merit and the command that reproduces it."""

    measure: str
    value: float
    command: str


Table = tuple[tuple[float, ...], ...]


class ErrorModel(_Part):
    """Error σ of generated fields, tabulated by |B|, μ and visibility in the reference.

    σ is the root mean square of generated minus true field, bias included. Rows of the tables are
    bins of μ, columns bins of the generated |B|; :mod:`farside.magnetogram.uncertainty` defines
    known and new field.
    """

    field_edges_gauss: tuple[float, ...] = Field(
        min_length=1, description="Lower edges of the bins of |B|, from 0 on; the last is open."
    )
    mu_edges: tuple[float, ...] = Field(
        min_length=1, description="Lower edges of the bins of μ, from 0 on; the last ends at 1."
    )
    known_gauss: Table = Field(description="σ where the reference showed field there too.")
    new_gauss: Table = Field(description="σ where it did not, or did not see the place.")
    either_gauss: Table = Field(description="σ where there is no reference to ask.")
    correlation_length_deg: float = Field(
        gt=0, description="Distance over which the autocorrelation of the error falls to 1/e."
    )

    @model_validator(mode="after")
    def _edges_rise_from_zero(self) -> ErrorModel:
        for edges in (self.field_edges_gauss, self.mu_edges):
            if edges[0] != 0 or any(a >= b for a, b in pairwise(edges)):
                raise ValueError(f"edges must rise from 0, got {edges}")
        return self

    @model_validator(mode="after")
    def _tables_fit_their_edges(self) -> ErrorModel:
        wanted = [len(self.field_edges_gauss)] * len(self.mu_edges)
        for table in (self.known_gauss, self.new_gauss, self.either_gauss):
            if [len(row) for row in table] != wanted:
                raise ValueError(
                    f"tables must have {len(wanted)} rows of {wanted[0]}, got rows of "
                    f"{[len(row) for row in table]}"
                )
            if not all(sigma > 0 for row in table for sigma in row):
                raise ValueError("σ must be more than 0 everywhere")
        return self


QUANTILES = (0.02, 0.1, 0.25, 0.75, 0.9, 0.98)
"""Quantiles of the logarithm of the brightness that describe an EUV image."""

FEATURES = (
    *(f"quantile {share} of log brightness" for share in QUANTILES),
    *(f"structure below {scale} Mm" for scale in (12, 25, 50)),
    *("limb less centre", "poles less equator", "north less south", "west less east"),
)
"""What :func:`farside.magnetogram.domain.features` measures in an EUV image, in its order."""


class Domain(_Part):
    """What the training images of some bands look like: mean and spread of their features."""

    bands: tuple[InstrumentBand, ...] = Field(
        min_length=1, description="Whose images are held to it, as in 'EUVI 195', 'AIA 193'."
    )
    mean: tuple[float, ...] = Field(
        min_length=len(FEATURES), max_length=len(FEATURES), description="Mean of each feature."
    )
    precision: Table = Field(description="Inverse of their covariance.")
    limit: float = Field(gt=0, description="Mahalanobis distance over the root of their number.")

    def holds(self, instrument: str, band: str) -> bool:
        """Whether images of this band are held to it."""
        return _is_among(instrument, band, self.bands)

    @model_validator(mode="after")
    def _precision_is_square(self) -> Domain:
        if [len(row) for row in self.precision] != [len(FEATURES)] * len(FEATURES):
            raise ValueError(f"the precision must have {len(FEATURES)} rows of {len(FEATURES)}")
        return self


class Recipe(_Part):
    """Specification of one model: network, grid, inputs, outputs, time limits and training.

    Channel counts, scaling limits and network names are defined here and nowhere else.
    """

    schema_version: Literal[1] = 1
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=40)
    version: str = Field(pattern=r"^[0-9]+$", description="Triton's rule: a whole number.")
    title: str
    licence: str
    network: NetworkSpec
    grid: Pixels = Field(
        description="What the network sees: the whole disk, registered; or native pixels in tiles."
    )
    channels: tuple[Channel, ...] = Field(min_length=1, description="Planes that images fill.")
    geometry: tuple[Geometry, ...] = Field(
        default=(),
        description="Planes after those of the images and of their availability, computed from "
        "grid, observer and age of the reference.",
    )
    outputs: tuple[Output, ...] = Field(min_length=1)
    timing: Timing
    training: Training
    reference_view: Literal["own", "observation"] = Field(
        default="own",
        description="The view in which the network sees references: 'own' as they were taken "
        "(Jeong et al. 2022); 'observation' rotated differentially to the time and observer of the "
        "observation before scaling, so that the network need not learn the rotation.",
    )
    polarity: Literal["measured", "hale"] = Field(
        default="measured",
        description="The sign in which the network sees fields and gives them: 'measured' (Jeong "
        "et al. 2022); 'hale' such that the northern leading polarity is positive in every cycle, "
        "by the date of the observation, so that the network need not find out the cycle.",
    )
    saturation_gauss: float | None = Field(
        default=None,
        gt=0,
        description="Field strength at which the output saturates, if it does: what is beyond is "
        "cut off in training.",
    )
    scores: tuple[Score, ...] = ()
    errors: ErrorModel | None = Field(
        default=None, description="Measured by training.score; maps weigh the field by it."
    )
    domains: tuple[Domain, ...] = Field(
        default=(),
        description="Measured by training.domain; an EUV image outside is flagged.",
    )

    @model_validator(mode="after")
    def _grid_is_no_larger_than_an_image(self) -> Recipe:
        if self.side_px > MAX_SIDE_PX:
            raise ValueError(f"grid of {self.side_px} px, expected at most {MAX_SIDE_PX}")
        return self

    @model_validator(mode="after")
    def _disk_is_inside_the_grid(self) -> Recipe:
        grid = self.grid
        if isinstance(grid, NativeTiling):
            return self
        room = grid.size_px / 2
        if not (grid.mask_radius > 0 and 0 < grid.mask_radius * grid.disk_radius_px <= room):
            raise ValueError(
                f"the masked disk must fit the grid: got {grid.mask_radius} × "
                f"{grid.disk_radius_px} px, expected more than 0 and at most {room} px"
            )
        return self

    @model_validator(mode="after")
    def _field_comes_first(self) -> Recipe:
        quantities = [output.quantity for output in self.outputs]
        statistics = [quantity for quantity in quantities if quantity != "brightness"]
        if (
            quantities[0] != "line-of-sight magnetic field"
            or len(statistics) != len(set(statistics))
            or quantities[: len(statistics)] != statistics
        ):
            raise ValueError(
                "outputs must be the field, then sigma, unsigned field and probability, each at "
                f"most once, then brightness if any: got {quantities}"
            )
        bands = [output.band for output in self.outputs if isinstance(output, BrightnessPlane)]
        if len(bands) != len(set(bands)):
            raise ValueError(f"outputs may show a band once: got {bands}")
        return self

    @model_validator(mode="after")
    def _native_pixels_stand_alone(self) -> Recipe:
        if isinstance(self.grid, NativeTiling) and len(self.channels) > 1:
            raise ValueError(
                "in native pixels images of several channels do not lie on each other: got "
                f"{len(self.channels)}, expected 1"
            )
        if isinstance(self.grid, NativeTiling) and self.input_planes > 1:
            raise ValueError(
                "native pixels have neither geometry planes nor an optional channel: got "
                f"{self.input_planes} input planes, expected 1"
            )
        return self

    @model_validator(mode="after")
    def _geometry_is_given_once(self) -> Recipe:
        if len(self.geometry) != len(set(self.geometry)):
            raise ValueError(f"geometry planes may be given once: got {self.geometry}")
        return self

    @model_validator(mode="after")
    def _maps_are_references_in_the_view(self) -> Recipe:
        takers = [each for each in self.channels if SYNOPTIC_MAP in each.accepts]
        wrong = any(each.role != "reference" for each in takers)
        if takers and (wrong or self.reference_view != "observation"):
            raise ValueError(
                f"{SYNOPTIC_MAP!r} is rendered in the view of the observation: expected a channel "
                f"of role 'reference' and reference_view 'observation', got "
                f"{', '.join(map(str, takers))} and {self.reference_view!r}"
            )
        return self

    @model_validator(mode="after")
    def _something_is_observed(self) -> Recipe:
        if not self.channels_of("observation"):
            raise ValueError("at least one channel must be of role 'observation', got none")
        return self

    @model_validator(mode="after")
    def _no_image_fits_two_channels(self) -> Recipe:
        claims = Counter((c.role, pair) for c in self.channels for pair in set(c.accepts))
        twice = sorted(f"{pair} as {role}" for (role, pair), count in claims.items() if count > 1)
        if twice:
            raise ValueError(f"an image may fit one channel only: got two for {', '.join(twice)}")
        return self

    @property
    def side_px(self) -> int:
        """Side of the network input, pixels: of the grid, or of a tile."""
        return self.grid.tile_px if isinstance(self.grid, NativeTiling) else self.grid.size_px

    @property
    def optional(self) -> tuple[int, ...]:
        """Indices of the channels that may lack their image, each with an availability plane."""
        return tuple(index for index, channel in enumerate(self.channels) if channel.optional)

    @property
    def input_planes(self) -> int:
        """Number of planes that the network is given: images, availability, geometry."""
        return len(self.channels) + len(self.optional) + len(self.geometry)

    @property
    def odd_planes(self) -> tuple[int, ...]:
        """Indices of the input planes that change sign where north and south are exchanged.

        By Hale's law they are the magnetic fields, beside what tells north from south.
        """
        first = len(self.channels) + len(self.optional)
        fields = (index for index, channel in enumerate(self.channels) if channel.is_field)
        placed = (first + i for i, quantity in enumerate(self.geometry) if quantity in _ODD)
        return (*fields, *placed)

    @property
    def targets(self) -> tuple[Output, ...]:
        """The outputs that an instrument measures: the field, and brightness."""
        measured = ("line-of-sight magnetic field", "brightness")
        return tuple(output for output in self.outputs if output.quantity in measured)

    @property
    def disk(self) -> Grid:
        """Grid of the registered disks.

        Raises
        ------
        RecipeError
            The model works in native pixels.
        """
        if isinstance(self.grid, NativeTiling):
            raise RecipeError(
                f"{self.name} works in native pixels, expected one on registered disks"
            )
        return self.grid

    @property
    def field(self) -> FieldPlane:
        """Output plane of the magnetic field."""
        return next(output for output in self.outputs if isinstance(output, FieldPlane))

    @property
    def degrees_of_freedom(self) -> float | None:
        """Of Student's t-distribution of the errors of the field; None for a Gaussian, or no σ."""
        found = (each for each in self.outputs if isinstance(each, SigmaPlane))
        return next((plane.degrees_of_freedom for plane in found), None)

    @property
    def brightness(self) -> tuple[BrightnessPlane, ...]:
        """Output planes of synthetic brightness."""
        return tuple(output for output in self.outputs if isinstance(output, BrightnessPlane))

    def channels_of(self, role: str) -> tuple[Channel, ...]:
        """Channels of one role, in the order of the network."""
        return tuple(channel for channel in self.channels if channel.role == role)

    def to_json(self) -> str:
        """Write the Recipe as one line of JSON."""
        return self.model_dump_json()

    @classmethod
    def from_json(cls, text: str | bytes) -> Recipe:
        """Parse a Recipe; unknown keys, wrong types and missing values are errors.

        Raises
        ------
        RecipeError
            The message names each invalid field, its value and what is expected.
        """
        try:
            return cls.model_validate_json(text, strict=True)
        except ValidationError as error:
            raise RecipeError(f"Recipe does not parse: {_sentences(error)}") from error

    @classmethod
    def from_toml(cls, text: str) -> Recipe:
        """Parse a Recipe written as TOML.

        Raises
        ------
        RecipeError
            The text is not TOML, or a field is invalid (see :meth:`from_json`).
        """
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise RecipeError(f"Recipe is not TOML: {error}") from error
        # TOML knows dates, JSON has them as text.
        return cls.from_json(json.dumps(table, default=str))


def _sentences(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in item['loc']) or 'text'}: {item['msg']}"
        f" (got {str(item['input'])[:60]!r})"
        for item in error.errors()
    )
