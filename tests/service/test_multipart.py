"""The form parser: what curl, httpx and enemies send."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from farside.errors import DeadlineError, FileTooLargeError, RequestError
from service import multipart as form_module
from service.errors import ClientGoneError, MediaTypeError
from service.multipart import MAX_PARTS, FormParser, read_form
from service.schemas import GenerateForm, SynchronicForm
from service.settings import Settings

BOUNDARY = b"x0x"

Fields = list[tuple[str, str | None, bytes]]
"""Name, name of the file if it is one, content."""

GOOD: Fields = [("observation", "a.fits", b"A"), ("reference", "b.fits", b"B")]


def encode(fields: Iterable[tuple[str, str | None, bytes]]) -> bytes:
    body = b""
    for name, file, content in fields:
        of_file = f'; filename="{file}"' if file is not None else ""
        head = f'Content-Disposition: form-data; name="{name}"{of_file}'
        body += b"--" + BOUNDARY + b"\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n"
    return body + b"--" + BOUNDARY + b"--\r\n"


def parse(body: bytes, step: int = 65536) -> GenerateForm:
    parser = FormParser(BOUNDARY, GenerateForm)
    for start in range(0, len(body), step):
        parser.feed(body[start : start + step])
    return parser.form()


def request(
    chunks: list[bytes],
    headers: dict[str, str] | None = None,
    *,
    leaves: bool = False,
    stalls: bool = False,
) -> Request:
    """A request whose body arrives in these pieces."""
    messages = iter(chunks)

    async def receive() -> dict[str, object]:
        piece = next(messages, None)
        if piece is None and stalls:
            await asyncio.Event().wait()
        if piece is None and leaves:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    ours = {"content-type": f"multipart/form-data; boundary={BOUNDARY.decode()}"} | (headers or {})
    raw = [(key.encode(), value.encode()) for key, value in ours.items()]
    return Request({"type": "http", "method": "POST", "headers": raw}, receive)


class Clockwork(asyncio.SelectorEventLoop):
    """An event loop whose clock stands still, but for jumping to the next timer when all wait."""

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 0.0

    def time(self) -> float:
        return self._now_s

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self._now_s = max(self._now_s, self._scheduled[0].when())  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


def read(asked: Request, settings: Settings | None = None) -> GenerateForm:
    with asyncio.Runner(loop_factory=Clockwork) as runner:
        return runner.run(read_form(asked, settings or Settings(), GenerateForm))


def test_a_file_that_nobody_chose_in_a_browser_was_not_sent() -> None:
    form = parse(encode([*GOOD[:1], ("reference", "", b"")]))
    assert (len(form.observation), form.reference) == (1, ())


@given(
    contents=st.lists(st.binary(max_size=200), min_size=1, max_size=4),
    step=st.integers(1, 300),
)
def test_files_arrive_as_they_were_sent_however_the_body_is_cut(
    contents: list[bytes], step: int
) -> None:
    fields = [("observation", f"{i}.fits", content) for i, content in enumerate(contents)]
    form = parse(encode([*fields, ("reference", "r", b"R")]), step)
    assert [upload.getvalue() for upload in form.observation] == contents
    assert [upload.name for upload in form.observation] == [
        f"{i}.fits" for i in range(len(contents))
    ]


def test_content_that_looks_like_a_boundary_is_content() -> None:
    content = b"\r\n--x0\r\n--x0y\r\n\r\n--\r\n--x0x"[:-1]
    form = parse(encode([("observation", "a", content), ("reference", "b", b"B")]), 3)
    assert form.observation[0].getvalue() == content


def test_what_httpx_sends_is_understood() -> None:
    sent = httpx.Request(
        "POST",
        "http://sun.test",
        files=[("observation", ("a.fits", b"A")), ("reference", ("b.fits", b"B"))],
        data={"model": "tiny", "format": "png"},
    )
    form = read(request([sent.read()], {"content-type": sent.headers["content-type"]}))
    assert (form.model, form.format) == ("tiny", "png")
    assert form.reference[0].getvalue() == b"B"


def test_references_are_left_to_the_model() -> None:
    assert parse(encode(GOOD[:1])).reference == ()


def test_model_and_format_may_be_left_out() -> None:
    form = parse(encode(GOOD))
    assert (form.model, form.format) == (None, "fits")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ([], "no 'observation' in the form, expected input images of the model"),
        ([*GOOD, ("sigma", None, b"1")], "no field 'sigma' in this form; its fields are"),
        ([*GOOD, ("", "x", b"1")], "no field ''"),
        (
            [("observation", None, b"http://127.0.0.1/x")],
            "'observation' holds text, expected a file",
        ),
        ([*GOOD, ("model", "m.txt", b"m")], "'model' holds a file, expected text"),
        ([*GOOD, ("format", None, b"jpeg")], "format is 'jpeg', expected 'fits' or 'png'"),
        ([*GOOD, ("model", None, b"a"), ("model", None, b"b")], "'model' is given 2 times"),
        ([*GOOD, ("model", None, b"m" * 5000)], "'model' holds more than"),
        ([("observation", "a", b"")] * (MAX_PARTS + 1), f"more than {MAX_PARTS} parts"),
    ],
)
def test_a_form_that_is_not_ours_is_refused_with_the_reason(fields: Fields, sentence: str) -> None:
    with pytest.raises(RequestError, match=sentence):
        parse(encode(fields))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"SIMPLE  =                    T",
        encode(GOOD)[:-6],
        encode(GOOD)[: len(encode(GOOD)) // 2],
        b"--x0x\r\n" + b"A" * 10_000,
        b"--x0x\r\n" + b"A: b\r\n" * 10_000,
        b"--x0x\r\nContent-Disposition: " + b"c" * 100_000,
        b"--x0x\r\nno colon\r\n\r\n",
    ],
)
def test_a_malformed_body_is_a_request_error(body: bytes) -> None:
    with pytest.raises(RequestError):
        parse(body)


@given(body=st.binary(max_size=300))
def test_no_bytes_make_anything_but_a_request_error(body: bytes) -> None:
    with pytest.raises(RequestError):
        parse(b"--x0x\r\n" + body)


def test_the_name_of_a_file_is_harmless_to_print() -> None:
    form = parse(encode([("observation", "a\x1b[2J\x00.fits" + "n" * 300, b"A"), *GOOD[1:]]))
    assert form.observation[0].name.isprintable()
    assert len(form.observation[0].name) <= 100


@pytest.mark.parametrize("kind", ["", "application/json", "application/x-www-form-urlencoded"])
def test_another_content_type_is_refused(kind: str) -> None:
    with pytest.raises(MediaTypeError, match="expected multipart/form-data"):
        read(request([b"{}"], {"content-type": kind}))


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=" + "b" * 71])
def test_a_boundary_that_cannot_be_is_refused(boundary: str) -> None:
    with pytest.raises(RequestError, match="boundary"):
        read(request([b""], {"content-type": "multipart/form-data" + boundary}))


def test_a_body_announced_too_large_is_refused_before_any_of_it_is_read() -> None:
    with pytest.raises(FileTooLargeError, match="2000 MB, allowed are 1 MB"):
        read(request([], {"content-length": "2000000000"}, stalls=True), Settings(max_upload_mb=1))


@pytest.mark.parametrize("headers", [{}, {"content-length": "10"}])
def test_a_body_that_grows_too_large_is_refused_while_it_is_read(headers: dict[str, str]) -> None:
    pieces = [encode(GOOD[:1])[:-9], *[b"A" * 600_000] * 2]
    with pytest.raises(FileTooLargeError, match="allowed are 1 MB"):
        read(request(pieces, headers, stalls=True), Settings(max_upload_mb=1))


def test_an_upload_that_stalls_ends_with_the_time_it_may_take() -> None:
    with pytest.raises(DeadlineError, match=r"longer than the 0\.05 s"):
        read(request([encode(GOOD)[:20]], stalls=True), Settings(upload_timeout_s=0.05))


def test_an_upload_that_drips_ends_long_before_the_time_it_may_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(form_module, "SLOW_START_S", 0.2)

    pieces = iter(encode([("observation", "a", b"A" * 1000)]))

    async def receive() -> dict[str, object]:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": bytes([next(pieces)]), "more_body": True}

    dripping = request([])
    dripping._receive = receive
    with pytest.raises(DeadlineError, match=r"expected at least 10 kB/s and no pause of 0\.2 s"):
        read(dripping)


def test_a_steady_upload_may_take_longer_than_the_slow_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(form_module, "SLOW_START_S", 0.1)
    pieces = iter([encode(GOOD)[:-20], encode(GOOD)[-20:]])

    async def receive() -> dict[str, object]:
        await asyncio.sleep(0.07)
        piece = next(pieces, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    steady = request([])
    steady._receive = receive
    assert len(read(steady, Settings(upload_rate_kb=0.5)).observation) == 1


def test_a_body_of_what_looks_like_boundaries_is_refused_at_the_first() -> None:
    parser = FormParser(BOUNDARY, GenerateForm)
    head = b'--x0x\r\nContent-Disposition: form-data; name="observation"; filename="a"\r\n\r\n'
    with pytest.raises(RequestError, match="boundary is followed by neither"):
        parser.feed(head + b"\r\n--x0xX" * 10_000)


def test_a_client_that_leaves_during_its_upload_is_noticed() -> None:
    with pytest.raises(ClientGoneError):
        read(request([encode(GOOD)[:20]], leaves=True))


def mapped(fields: Fields) -> SynchronicForm:
    parser = FormParser(BOUNDARY, SynchronicForm)
    parser.feed(encode(fields))
    return parser.form()


def test_each_endpoint_has_fields_of_its_own() -> None:
    form = mapped(
        [
            ("observed", "hmi.fits", b"H"),
            ("generated", "a.fits", b"A"),
            ("generated", "b.fits", b"B"),
            ("base", "gong.fits.gz", b"G"),
            ("time", None, b"2026-11-01T00:00:00Z"),
            ("format", None, b"gong"),
            ("flux_scale", None, b"0.65"),
            ("allow_saturating", None, b"true"),
        ]
    )
    assert [upload.getvalue() for upload in form.generated] == [b"A", b"B"]
    assert form.base is not None
    assert (form.base.name, form.base.getvalue()) == ("gong.fits.gz", b"G")
    assert form.time is not None
    assert form.time.isot == "2026-11-01T00:00:00.000"
    assert (form.format, form.flux_scale, form.allow_saturating) == ("gong", 0.65, True)


def test_what_a_map_may_lack_is_left_out() -> None:
    form = mapped([("observed", "hmi.fits", b"H")])
    assert (form.generated, form.base, form.time) == ((), None, None)
    assert (form.format, form.flux_scale, form.allow_saturating) == ("native", 1.0, False)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ([("observation", "a", b"A")], "no field 'observation' in this form; its fields are obs"),
        ([("base", "a", b"A"), ("base", "b", b"B")], "'base' is given 2 times, expected once"),
        ([("base", None, b"http://127.0.0.1/x")], "'base' holds text, expected a file"),
        (
            [("format", None, b"mdi")],
            "format is 'mdi', expected 'native', 'gong', 'adapt' or 'wsa'",
        ),
        ([("time", None, b"then")], "time: 'then' is not a time; expected e.g. 2026-11-01"),
        ([("flux_scale", None, b"nan")], "flux_scale is 'nan', expected"),
        ([("flux_scale", None, b"0")], r"flux_scale is '0', expected greater than .* 0\.01"),
        ([("flux_scale", None, b"x")], "flux_scale is 'x', expected a valid number$"),
        (
            [("allow_saturating", None, b"perhaps")],
            "allow_saturating is 'perhaps', expected a valid",
        ),
    ],
)
def test_a_map_that_cannot_be_asked_for_is_refused_with_the_reason(
    fields: Fields, sentence: str
) -> None:
    with pytest.raises(RequestError, match=sentence):
        mapped(fields)
