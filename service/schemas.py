"""Form fields of the endpoints: the one declaration for parser, OpenAPI and web page."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from astropy.time import Time
from pydantic import BeforeValidator, Field, WithJsonSchema

from farside.io.formats import MapFormat
from farside.magnetogram.magnetogram import MAX_SEED
from farside.sun.times import parse_time
from service.multipart import MAX_TEXT_BYTES, Form, Upload

UtcTime = Annotated[
    Time, BeforeValidator(parse_time), WithJsonSchema({"type": "string", "format": "date-time"})
]


class Format(StrEnum):
    """Format in which a magnetogram is returned."""

    FITS = "fits"
    PNG = "png"


class GenerateForm(Form):
    """Form of ``POST /generate``; whether references are expected depends on the model."""

    observation: tuple[Upload, ...] = Field(
        description="input images of the model: FITS of the far-side spacecraft or of HMI, "
        "or a drawing (PNG, JPEG, FITS) and its side-car"
    )
    reference: tuple[Upload, ...] = Field(
        default=(), description="FITS files of the front side: EUV images and magnetogram"
    )
    model: str | None = Field(
        default=None,
        max_length=MAX_TEXT_BYTES,
        description="name from GET /models; the default model if left out",
    )
    format: Format = Field(default=Format.FITS, description="format of the answer")
    seed: int | None = Field(
        default=None,
        ge=0,
        le=MAX_SEED,
        description="draw a realisation with this seed instead of the mean",
    )


class SynchronicForm(Form):
    """Form of ``POST /synchronic``: any file may be left out, but not all of them."""

    observed: tuple[Upload, ...] = Field(
        default=(), description="Magnetograms of HMI, MDI, PHI-FDT or GONG"
    )
    generated: tuple[Upload, ...] = Field(default=(), description="products of POST /generate")
    base: Upload | None = Field(
        default=None, description="base map: of GONG, ADAPT or HMI, or an earlier synchronic map"
    )
    time: UtcTime | None = Field(
        default=None, description="time of the map, UTC; that of the most recent disk if left out"
    )
    format: MapFormat = Field(default="native", description="format of the map")
    flux_scale: float = Field(
        default=1.0,
        ge=0.01,
        le=100,
        description="factor applied to the field; not for the native format",
    )
    allow_saturating: bool = Field(
        default=False,
        description="whether products of models whose field is clipped (AICLIP) are accepted",
    )
