"""The forms of the endpoints: each field is declared here, and nowhere else."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from astropy.time import Time
from pydantic import BeforeValidator, Field, WithJsonSchema

from farside import solarwind
from farside.moment import moment
from service.multipart import MAX_TEXT_BYTES, Form, Upload

Moment = Annotated[
    Time, BeforeValidator(moment), WithJsonSchema({"type": "string", "format": "date-time"})
]


class Format(StrEnum):
    """What a magnetogram is sent as."""

    FITS = "fits"
    PNG = "png"


class GenerateForm(Form):
    """What ``POST /generate`` asks for; whether references are expected, its model decides."""

    observation: tuple[Upload, ...] = Field(
        description="files of what the model translates: FITS of the far-side spacecraft or of "
        "HMI, or a drawing (PNG, JPEG, FITS) and its side-car"
    )
    reference: tuple[Upload, ...] = Field(
        default=(), description="FITS files of the front side, EUV and magnetogram"
    )
    model: str | None = Field(
        default=None,
        max_length=MAX_TEXT_BYTES,
        description="one of GET /models; the default model if left out",
    )
    format: Format = Field(default=Format.FITS, description="what is sent back")


class SynchronicForm(Form):
    """What ``POST /synchronic`` asks for: any of its files may be left out, but not all."""

    observed: tuple[Upload, ...] = Field(default=(), description="magnetograms of HMI")
    generated: tuple[Upload, ...] = Field(default=(), description="products of POST /generate")
    base: Upload | None = Field(
        default=None, description="map of GONG, ADAPT or HMI, or an earlier one of ours"
    )
    time: Moment | None = Field(
        default=None, description="of the map, UTC; that of the youngest disk if left out"
    )
    format: solarwind.Format = Field(default="native", description="of the map")
    flux_scale: float = Field(
        default=1.0,
        ge=0.01,
        le=100,
        description="what the field is multiplied by; not for the native format",
    )
    allow_saturating: bool = Field(
        default=False, description="whether products of a model that saturates may go in"
    )
