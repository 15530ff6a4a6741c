"""A multipart form, read into memory with every size bounded; nothing touches the disk."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Generic, TypeVar, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
)
from pydantic_core import core_schema
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from farside.errors import DeadlineError, FileTooLargeError, RequestError
from service.errors import ClientGoneError, MediaTypeError
from service.settings import Settings

MAX_PARTS = 64
MAX_TEXT_BYTES = 200


class Upload(BytesIO):
    """One file as it was sent; its name is the client's and is only ever shown."""

    def __init__(self, name: str, content: bytes) -> None:
        super().__init__(content)  # without a copy
        self.name = name

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.is_instance_schema(cls)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "contentMediaType": "application/octet-stream"}


class Form(BaseModel):
    """A form of an endpoint.

    Fields whose type is :class:`Upload`, alone, optional or as a tuple, are files; all others are
    text. Only tuples may be given more than once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    @classmethod
    def file_fields(cls) -> tuple[str, ...]:
        """Names of the fields that are files."""
        return tuple(n for n, field in cls.model_fields.items() if _is_of_files(field.annotation))

    @classmethod
    def text_fields(cls) -> tuple[str, ...]:
        """Names of the fields that are text."""
        return tuple(name for name in cls.model_fields if name not in cls.file_fields())

    @classmethod
    def is_repeated(cls, name: str) -> bool:
        """Whether a field may be given more than once."""
        return get_origin(cls.model_fields[name].annotation) is tuple


F = TypeVar("F", bound=Form)


@dataclass
class _Part:
    """One part while it is read."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    pieces: list[bytes] = field(default_factory=list)
    content: bytes = b""
    name: str = ""
    file: str | None = None


async def read_form(request: Request, settings: Settings, kind: type[F]) -> F:
    """Read and check the form of an endpoint.

    Raises
    ------
    MediaTypeError
        The body is no multipart form.
    FileTooLargeError
        It is announced, or turns out, larger than the settings allow.
    RequestError
        It is malformed, or a field is unknown, missing, repeated or of the wrong kind.
    DeadlineError
        It takes too long to arrive.
    ClientGoneError
        The client left in the middle.
    """
    parser = FormParser(_boundary(request.headers.get("content-type", "")), kind)
    try:
        async with asyncio.timeout(settings.upload_timeout_s):
            async for chunk in _bounded(request, settings.max_upload_bytes):
                parser.feed(chunk)
    except TimeoutError as error:
        raise DeadlineError(
            f"the upload took longer than the {settings.upload_timeout_s:g} s it may take"
        ) from error
    except ClientDisconnect as error:
        raise ClientGoneError("the client left during its upload") from error
    return parser.form()


def _boundary(content_type: str) -> bytes:
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        raise MediaTypeError(
            f"the body is {content_type[:80] or 'of no type'!r}, wanted multipart/form-data"
        )
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= 70:  # RFC 2046, section 5.1.1
        raise RequestError(
            f"the multipart boundary has {len(boundary)} characters, wanted 1 to 70 (RFC 2046)"
        )
    return boundary


async def _bounded(request: Request, limit: int) -> AsyncIterator[bytes]:
    announced = request.headers.get("content-length", "0")
    if int(announced) > limit:
        raise _too_large(f"{int(announced) / 1e6:.6g} MB", limit)
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > limit:
            raise _too_large("more", limit)
        yield chunk


def _too_large(got: str, limit: int) -> FileTooLargeError:
    return FileTooLargeError(f"the request holds {got}, allowed are {limit / 1e6:.6g} MB in all")


class FormParser(Generic[F]):
    """Takes a multipart body piece by piece; :meth:`form` gives the checked form.

    The number of parts, their headers and their text values are bounded here; the body as a whole
    by whoever feeds it.
    """

    def __init__(self, boundary: bytes, kind: type[F]) -> None:
        self._kind = kind
        self._parts: list[_Part] = []
        self._header = (bytearray(), bytearray())
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, i, j: self._header[0].extend(data[i:j]),
                "on_header_value": lambda data, i, j: self._header[1].extend(data[i:j]),
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": self._extend,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )

    def feed(self, chunk: bytes) -> None:
        """Take the next piece of the body."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise RequestError(f"the multipart form is malformed: {error}") from error

    def form(self) -> F:
        """Check what was fed, once all of it was."""
        if not self._ended:
            raise RequestError("the form ends before its closing boundary")
        try:
            return self._kind.model_validate(self._values())
        except ValidationError as error:
            raise RequestError(_sentence(error, self._kind)) from error

    def _begin(self) -> None:
        if len(self._parts) == MAX_PARTS:
            raise RequestError(f"the form has more than {MAX_PARTS} parts")
        self._parts.append(_Part())

    def _end_header(self) -> None:
        name, value = self._header
        self._parts[-1].headers[bytes(name).lower()] = bytes(value)
        self._header = (bytearray(), bytearray())

    def _end_headers(self) -> None:
        part = self._parts[-1]
        _, options = parse_options_header(
            part.headers.get(b"content-disposition", b"").decode("latin-1")
        )
        part.name = _printable(options.get(b"name", b""))
        part.file = _printable(options[b"filename"]) if b"filename" in options else None
        _check_kind(part, self._kind)

    def _extend(self, data: bytes, start: int, end: int) -> None:
        part = self._parts[-1]
        part.pieces.append(data[start:end])
        if part.file is None and sum(map(len, part.pieces)) > MAX_TEXT_BYTES:
            raise RequestError(f"field {part.name!r} holds more than {MAX_TEXT_BYTES} characters")

    def _end_part(self) -> None:
        part = self._parts[-1]
        part.content = b"".join(part.pieces)
        part.pieces.clear()

    def _end(self) -> None:
        self._ended = True

    def _values(self) -> dict[str, object]:
        """What was sent, by field."""
        values: dict[str, object] = {}
        sent = [part for part in self._parts if not _is_left_empty(part)]
        for name, count in Counter(part.name for part in sent).items():
            parts = [_value(part) for part in sent if part.name == name]
            if count > 1 and not self._kind.is_repeated(name):
                raise RequestError(f"field {name!r} is given {count} times, wanted once")
            values[name] = tuple(parts) if self._kind.is_repeated(name) else parts[0]
        return values


def _value(part: _Part) -> Upload | str:
    return _printable(part.content) if part.file is None else Upload(part.file, part.content)


def _is_left_empty(part: _Part) -> bool:
    """Whether it is what a browser sends of a file that nobody chose."""
    return part.file == "" and not part.content


def _is_of_files(annotation: object) -> bool:
    return annotation is Upload or any(map(_is_of_files, get_args(annotation)))


def _check_kind(part: _Part, kind: type[Form]) -> None:
    files, texts = kind.file_fields(), kind.text_fields()
    if part.name in files and part.file is None:
        raise RequestError(
            f"field {part.name!r} holds text, wanted a file (curl -F {part.name}=@FILE); "
            "an address is never fetched"
        )
    if part.name in texts and part.file is not None:
        raise RequestError(f"field {part.name!r} holds a file, wanted text")
    if part.name not in files + texts:
        raise RequestError(
            f"no field {part.name!r} in this form; its fields are {', '.join(files + texts)}"
        )


def _sentence(error: ValidationError, kind: type[Form]) -> str:
    """The first thing that is wrong with a form."""
    wrong = error.errors(include_url=False)[0]
    name = str(wrong["loc"][0])
    if wrong["type"] == "missing":
        return f"no {name!r} in the form, wanted {kind.model_fields[name].description}"
    if wrong["type"] == "value_error":
        return f"{name}: {wrong['ctx']['error']}"
    wanted = wrong["msg"].removeprefix("Input should be ").partition(", unable")[0]
    return f"{name} is {wrong['input']!r}, wanted {wanted}"


def _printable(raw: bytes) -> str:
    """Make what a client sent harmless to print: no control characters, at most 100 in all."""
    text = raw.decode("utf-8", "replace")[:100]
    return "".join(letter if letter.isprintable() else "�" for letter in text)
