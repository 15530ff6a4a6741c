"""A multipart form, read into memory with every size bounded; nothing touches the disk."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum
from io import BytesIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from farside.errors import DeadlineError, FileTooLargeError, RequestError
from service.errors import ClientGoneError, MediaTypeError
from service.settings import Settings


class Format(StrEnum):
    """What a magnetogram is sent as."""

    FITS = "fits"
    PNG = "png"


FILE_FIELDS = ("observation", "reference")
TEXT_FIELDS = ("model", "format")
MAX_PARTS = 64
MAX_TEXT_BYTES = 200


class Upload(BytesIO):
    """One file as it was sent; its name is the client's and is only ever shown."""

    def __init__(self, name: str, content: bytes) -> None:
        super().__init__(content)  # without a copy
        self.name = name


@dataclass(frozen=True)
class Form:
    """What ``POST /generate`` asks for; whether references are wanted, its model decides."""

    observations: tuple[Upload, ...]
    references: tuple[Upload, ...]
    model: str | None
    format: Format


@dataclass
class _Part:
    """One part while it is read."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    pieces: list[bytes] = field(default_factory=list)
    content: bytes = b""
    name: str = ""
    file: str | None = None


async def read_form(request: Request, settings: Settings) -> Form:
    """Read and check the form of ``POST /generate``.

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
    parser = FormParser(_boundary(request.headers.get("content-type", "")))
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


class FormParser:
    """Takes a multipart body piece by piece; :meth:`form` gives the checked form.

    The number of parts, their headers and their text values are bounded here; the body as a whole
    by whoever feeds it.
    """

    def __init__(self, boundary: bytes) -> None:
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

    def form(self) -> Form:
        """Check what was fed, once all of it was."""
        if not self._ended:
            raise RequestError("the form ends before its closing boundary")
        texts, observations = self._texts(), self._files("observation")
        if not observations:
            raise RequestError("no 'observation' in the form, wanted one or more files")
        return Form(
            observations=observations,
            references=self._files("reference"),
            model=texts.get("model"),
            format=_format(texts.get("format", Format.FITS)),
        )

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
        _check_kind(part)

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

    def _files(self, name: str) -> tuple[Upload, ...]:
        parts = (part for part in self._parts if part.name == name)
        return tuple(Upload(part.file or "", part.content) for part in parts)

    def _texts(self) -> dict[str, str]:
        parts = [part for part in self._parts if part.name in TEXT_FIELDS]
        for name, count in Counter(part.name for part in parts).items():
            if count > 1:
                raise RequestError(f"field {name!r} is given {count} times, wanted once")
        return {part.name: _printable(part.content) for part in parts}


def _check_kind(part: _Part) -> None:
    if part.name in FILE_FIELDS and part.file is None:
        raise RequestError(
            f"field {part.name!r} holds text, wanted a file (curl -F {part.name}=@FILE); "
            "an address is never fetched"
        )
    if part.name in TEXT_FIELDS and part.file is not None:
        raise RequestError(f"field {part.name!r} holds a file, wanted text")
    if part.name not in FILE_FIELDS + TEXT_FIELDS:
        raise RequestError(
            f"no field {part.name!r} in this form; its fields are "
            f"{', '.join(FILE_FIELDS + TEXT_FIELDS)}"
        )


def _format(value: str) -> Format:
    try:
        return Format(value)
    except ValueError as error:
        raise RequestError(f"format is {value!r}, wanted {' or '.join(Format)}") from error


def _printable(raw: bytes) -> str:
    """Make what a client sent harmless to print: no control characters, at most 100 in all."""
    text = raw.decode("utf-8", "replace")[:100]
    return "".join(letter if letter.isprintable() else "�" for letter in text)
