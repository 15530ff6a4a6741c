"""A multipart form, read into memory with every size bounded; nothing touches the disk."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from io import BytesIO
from pickle import PickleBuffer
from typing import Any, Generic, TypeVar, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
)
from pydantic_core import core_schema
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect, Request

from farside.errors import DeadlineError, FileTooLargeError, RequestError
from service.errors import ClientGoneError, MediaTypeError
from service.settings import Settings

MAX_PARTS = 64
MAX_HEAD_BYTES = 8192

SLOW_START_S = 10.0
"""For so long an upload may be slower than the least rate, and pause."""
MAX_TEXT_BYTES = 200

SMALL_MB = 0.1
"""Largest body of :func:`read_small`, megabytes (10^6 bytes)."""


class Upload(BytesIO):
    """One file as it was sent; its name is the client's and is only ever shown."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def __reduce__(self) -> tuple[object, ...]:
        """Go to another process without a copy here."""
        return upload_of, (self.name, PickleBuffer(self.getbuffer()))

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


def upload_of(name: str, content: bytes) -> Upload:
    """Make an upload of a file that is in memory already."""
    upload = Upload(name)
    upload.write(content)
    upload.seek(0)
    return upload


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

    def files(self) -> tuple[Upload, ...]:
        """All its files."""
        given = (getattr(self, name) for name in self.file_fields())
        files = (file for one in given for file in (one if isinstance(one, tuple) else (one,)))
        return tuple(file for file in files if file is not None)

    def size_bytes(self) -> int:
        """How much its files hold."""
        return sum(file.getbuffer().nbytes for file in self.files())

    @classmethod
    def is_repeated(cls, name: str) -> bool:
        """Whether a field may be given more than once."""
        return get_origin(cls.model_fields[name].annotation) is tuple


F = TypeVar("F", bound=Form)


@dataclass(frozen=True)
class _Part:
    """One part: the name of its field, that of its file if it is one, and its content."""

    name: str
    file: str | None
    content: Upload


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
        It takes too long to arrive, or comes too slowly.
    ClientGoneError
        The client left in the middle.
    """
    parser = FormParser(_boundary(request.headers.get("content-type", "")), kind)
    try:
        async with asyncio.timeout(settings.upload_timeout_s):
            async for chunk in _bounded(request, settings):
                parser.feed(chunk)
    except TimeoutError as error:
        raise DeadlineError(
            f"the upload took longer than the {settings.upload_timeout_s:g} s it may take"
        ) from error
    except ClientDisconnect as error:
        raise ClientGoneError("the client left during its upload") from error
    return parser.form()


async def read_small(request: Request, settings: Settings) -> bytes:
    """Read a small body, of JSON for example.

    Raises
    ------
    FileTooLargeError
        It is larger than :data:`SMALL_MB`.
    DeadlineError
        It comes too slowly.
    ClientGoneError
        The client left in the middle.
    """
    small = settings.model_copy(update={"max_upload_mb": SMALL_MB})
    try:
        return b"".join([chunk async for chunk in _bounded(request, small)])
    except ClientDisconnect as error:
        raise ClientGoneError("the client left during its upload") from error


def announced_bytes(request: Request, settings: Settings) -> int:
    """Length of a body as its head says, or the largest that is allowed where it does not.

    Raises
    ------
    FileTooLargeError
        It is more than the settings allow.
    """
    limit = settings.max_upload_bytes
    announced = int(request.headers.get("content-length", limit))
    if announced > limit:
        raise _too_large(f"{announced / 1e6:.6g} MB", limit)
    return announced


def _boundary(content_type: str) -> bytes:
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        raise MediaTypeError(
            f"the body is {content_type[:80] or 'of no type'!r}, expected multipart/form-data"
        )
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= 70:  # RFC 2046, section 5.1.1
        raise RequestError(
            f"the multipart boundary has {len(boundary)} characters, expected 1 to 70 (RFC 2046)"
        )
    return boundary


async def _bounded(request: Request, settings: Settings) -> AsyncIterator[bytes]:
    """Give the pieces of a body while it is neither too large nor too slow."""
    limit, now = settings.max_upload_bytes, asyncio.get_running_loop().time
    announced_bytes(request, settings)
    received, begin, pieces = 0, now(), request.stream()
    while True:
        least_s = received / (1000 * settings.upload_rate_kb)
        try:
            async with asyncio.timeout_at(begin + SLOW_START_S + min(least_s, now() - begin)):
                chunk = await anext(pieces)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise DeadlineError(
                f"the upload brought {received} bytes in {now() - begin:.3g} s, expected at least "
                f"{settings.upload_rate_kb:g} kB/s and no pause of {SLOW_START_S:g} s"
            ) from error
        received += len(chunk)
        if received > limit:
            raise _too_large("more", limit)
        yield chunk


def _too_large(got: str, limit: int) -> FileTooLargeError:
    return FileTooLargeError(f"the request holds {got}, allowed are {limit / 1e6:.6g} MB in all")


class FormParser(Generic[F]):
    """Takes a multipart body piece by piece; :meth:`form` gives the checked form.

    Each file is held once, in the :class:`Upload` that the form gives. The number of parts, their
    headers and their text values are bounded here; the body as a whole by whoever feeds it.
    Boundaries are found by `bytearray.find`: no body costs much more than a copy of it.
    """

    def __init__(self, boundary: bytes, kind: type[F]) -> None:
        self._kind = kind
        self._parts: list[_Part] = []
        self._delimiter = b"\r\n--" + boundary
        self._rest = bytearray(b"\r\n")  # the first boundary has no line before it
        self._ended = False
        # Not a bound method: a cycle with the parser would keep its files in memory.
        self._read: Callable[[FormParser[F]], bool] = FormParser._read_start

    def feed(self, chunk: bytes) -> None:
        """Take the next piece of the body."""
        if self._ended:
            return
        self._rest += chunk
        while self._read(self):
            pass

    def form(self) -> F:
        """Check what was fed, once all of it was."""
        if not self._ended:
            raise RequestError("the form ends before its closing boundary")
        try:
            return self._kind.model_validate(self._values())
        except ValidationError as error:
            raise RequestError(_sentence(error, self._kind)) from error

    def _read_start(self) -> bool:
        length = len(self._delimiter)
        if not self._delimiter.startswith(self._rest[:length]):
            raise _malformed("it does not begin with its boundary")
        if len(self._rest) < length:
            return False
        del self._rest[:length]
        self._read = FormParser._read_mark
        return True

    def _read_mark(self) -> bool:
        """Read what follows a boundary: the end of a line, or of the form."""
        mark = bytes(self._rest[:2])
        if len(mark) < 2:
            return False
        if mark not in {b"--", b"\r\n"}:
            raise _malformed("a boundary is followed by neither a new line nor '--'")
        del self._rest[:2]
        self._ended = mark == b"--"
        self._read = FormParser._read_head
        return not self._ended

    def _read_head(self) -> bool:
        end = self._rest.find(b"\r\n\r\n", 0, MAX_HEAD_BYTES)
        if end < 0:
            if len(self._rest) >= MAX_HEAD_BYTES:
                raise _malformed(f"the head of a part is longer than {MAX_HEAD_BYTES} bytes")
            return False
        if len(self._parts) == MAX_PARTS:
            raise RequestError(f"the form has more than {MAX_PARTS} parts")
        part = _part(bytes(self._rest[:end]))
        _check_kind(part, self._kind)
        self._parts.append(part)
        del self._rest[: end + 4]
        self._read = FormParser._read_content
        return True

    def _read_content(self) -> bool:
        part, end = self._parts[-1], self._rest.find(self._delimiter)
        # What may be the beginning of a boundary waits for more.
        stop = end if end >= 0 else max(0, len(self._rest) - len(self._delimiter) + 1)
        with memoryview(self._rest) as rest:
            part.content.write(rest[:stop])
        if part.file is None and part.content.tell() > MAX_TEXT_BYTES:
            raise RequestError(f"field {part.name!r} holds more than {MAX_TEXT_BYTES} characters")
        if end < 0:
            del self._rest[:stop]
            return False
        part.content.seek(0)
        del self._rest[: end + len(self._delimiter)]
        self._read = FormParser._read_mark
        return True

    def _values(self) -> dict[str, object]:
        """Parts of the form, by field."""
        values: dict[str, object] = {}
        sent = [part for part in self._parts if not _is_left_empty(part)]
        for name, count in Counter(part.name for part in sent).items():
            parts = [_value(part) for part in sent if part.name == name]
            if count > 1 and not self._kind.is_repeated(name):
                raise RequestError(f"field {name!r} is given {count} times, expected once")
            values[name] = tuple(parts) if self._kind.is_repeated(name) else parts[0]
        return values


def _part(head: bytes) -> _Part:
    """Read the head of a part."""
    headers = {}
    for line in head.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if not colon:
            raise _malformed("a line in the head of a part has no colon")
        headers[name.strip().lower()] = value.strip()
    _, options = parse_options_header(headers.get(b"content-disposition", b"").decode("latin-1"))
    file = _printable(options[b"filename"]) if b"filename" in options else None
    return _Part(_printable(options.get(b"name", b"")), file, Upload(file or ""))


def _malformed(why: str) -> RequestError:
    return RequestError(f"the multipart form is malformed: {why}")


def _value(part: _Part) -> Upload | str:
    if part.file is not None:
        return part.content
    text = _printable(part.content.getvalue())
    # BentoML's client sends texts as JSON.
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _is_left_empty(part: _Part) -> bool:
    """Whether it is what a browser sends of a file that nobody chose."""
    return part.file == "" and not part.content.getbuffer().nbytes


def _is_of_files(annotation: object) -> bool:
    return annotation is Upload or any(map(_is_of_files, get_args(annotation)))


def _check_kind(part: _Part, kind: type[Form]) -> None:
    files, texts = kind.file_fields(), kind.text_fields()
    if part.name in files and part.file is None:
        raise RequestError(
            f"field {part.name!r} holds text, expected a file (curl -F {part.name}=@FILE); "
            "an address is never fetched"
        )
    if part.name in texts and part.file is not None:
        raise RequestError(f"field {part.name!r} holds a file, expected text")
    if part.name not in files + texts:
        raise RequestError(
            f"no field {part.name!r} in this form; its fields are {', '.join(files + texts)}"
        )


def _sentence(error: ValidationError, kind: type[Form]) -> str:
    """The first thing that is wrong with a form."""
    wrong = error.errors(include_url=False)[0]
    name = str(wrong["loc"][0])
    if wrong["type"] == "missing":
        return f"no {name!r} in the form, expected {kind.model_fields[name].description}"
    if wrong["type"] == "value_error":
        return f"{name}: {wrong['ctx']['error']}"
    wanted = wrong["msg"].removeprefix("Input should be ").partition(", unable")[0]
    return f"{name} is {wrong['input']!r}, expected {wanted}"


def _printable(raw: bytes) -> str:
    """Make what a client sent harmless to print: no control characters, at most 100 in all."""
    text = raw.decode("utf-8", "replace")[:100]
    return "".join(letter if letter.isprintable() else "�" for letter in text)
