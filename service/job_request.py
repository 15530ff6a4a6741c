"""What a job is asked for: uploaded files, a time to fetch, or addresses of objects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from farside.errors import RequestError
from farside.io.objects import check_below, is_address
from farside.magnetogram.magnetogram import MAX_SEED
from farside.sun.times import parse_time
from service.multipart import MAX_PARTS, MAX_TEXT_BYTES
from service.schemas import Format, GenerateForm
from service.settings import Settings

_KEY = re.compile(r"[A-Za-z0-9._-]{32,128}")

Role: TypeAlias = Literal["observation", "reference"]


def _check_time(given: str) -> str:
    parse_time(given)
    return given


def _check_address(given: str) -> str:
    if not is_address(given):
        raise ValueError(f"got {given[:100]!r}, expected s3://bucket/key or file:///folder/name")
    return given


Address = Annotated[str, Field(max_length=1024), AfterValidator(_check_address)]

UtcText = Annotated[
    str,
    Field(max_length=MAX_TEXT_BYTES, json_schema_extra={"format": "date-time"}),
    AfterValidator(_check_time),
]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    model: str | None = Field(
        default=None,
        max_length=MAX_TEXT_BYTES,
        description="name from GET /models; the default model if left out",
    )
    format: Format = Field(default=Format.FITS, description="format of the result")
    seed: int | None = Field(
        default=None,
        ge=0,
        le=MAX_SEED,
        description="draw a realisation with this seed instead of the mean",
    )


class _Sent(_Request):
    output: Address | None = Field(
        default=None, description="address to which the result is written as well"
    )


class FilesRequest(_Request):
    """Job on uploaded files, by role and name: what the form of ``POST /generate`` becomes."""

    kind: Literal["files"] = "files"
    files: tuple[tuple[Role, str], ...]

    @classmethod
    def of(cls, form: GenerateForm) -> FilesRequest:
        """Request of a form, with its files in their order in the form."""
        observed: list[tuple[Role, str]] = [("observation", f.name) for f in form.observation]
        referred: list[tuple[Role, str]] = [("reference", f.name) for f in form.reference]
        files = (*observed, *referred)
        return cls(model=form.model, format=form.format, seed=form.seed, files=files)


class FetchRequest(_Sent):
    """Job on files that the service fetches from the public archives."""

    kind: Literal["fetch"]
    time: UtcText = Field(description="time of the observation, UTC")
    spacecraft: Literal["A", "B", "Earth"] = Field(
        default="A", description="spacecraft of the observation: STEREO-A, -B, or SDO"
    )
    beacon: bool = Field(default=False, description="whether to take beacon images only")


class AddressRequest(_Sent):
    """Job on objects of an object store."""

    kind: Literal["addresses"]
    observation: tuple[Address, ...] = Field(
        min_length=1, max_length=MAX_PARTS, description="input images of the model"
    )
    reference: tuple[Address, ...] = Field(
        default=(), max_length=MAX_PARTS, description="images of the front side"
    )

    def files(self) -> tuple[tuple[Role, str], ...]:
        """Role and address of each file."""
        observed: tuple[tuple[Role, str], ...] = tuple(("observation", a) for a in self.observation)
        return (*observed, *(("reference", address) for address in self.reference))


SentRequest: TypeAlias = FetchRequest | AddressRequest
"""What the JSON body of ``POST /jobs`` may be."""

JobRequest: TypeAlias = FilesRequest | SentRequest

_SENT: TypeAdapter[SentRequest] = TypeAdapter(Annotated[SentRequest, Field(discriminator="kind")])
_ANY: TypeAdapter[JobRequest] = TypeAdapter(Annotated[JobRequest, Field(discriminator="kind")])


def parse_body(body: bytes, settings: Settings) -> SentRequest:
    """Read the JSON body of ``POST /jobs``, and check that the operator allows what it asks for.

    Raises
    ------
    RequestError
        It is no such object, or it asks for a fetch, which is off.
    AddressError
        An address is not below a prefix that the settings allow.
    """
    try:
        asked = _SENT.validate_json(body)
    except ValidationError as error:
        raise RequestError(_sentence(error)) from error
    if isinstance(asked, FetchRequest) and not settings.job_fetch:
        raise RequestError("fetching is off here (FARSIDE_JOB_FETCH), expected files or addresses")
    if isinstance(asked, AddressRequest):
        for _, address in asked.files():
            check_below(address, settings.job_inputs)
    if asked.output is not None:
        check_below(asked.output, settings.job_outputs)
    return asked


def parse_stored(text: str) -> JobRequest:
    """Read a request back from the journal."""
    return _ANY.validate_json(text)


def repeat_key(headers: Mapping[str, str]) -> str:
    """Key of a submission, under which its repetition gives the same job; empty if there is none.

    Raises
    ------
    RequestError
        Others could guess it: it is shorter than 32 characters.
    """
    key = headers.get("idempotency-key", "")
    if key and not _KEY.fullmatch(key):
        raise RequestError(
            f"Idempotency-Key has {len(key)} characters, expected 32 to 128 of A-Z a-z 0-9 . _ -,"
            " which nobody can guess"
        )
    return key


def _sentence(error: ValidationError) -> str:
    """The first thing that is wrong with a body."""
    wrong = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in wrong["loc"] if part not in ("fetch", "addresses"))
    message = wrong["msg"].removeprefix("Value error, ")
    return f"the JSON body: {where or 'as a whole'}: {message}"[:500]
