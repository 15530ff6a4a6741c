"""The outermost layer: a request id on every answer, every error as the one JSON object."""

from __future__ import annotations

import asyncio
import gc
import re
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from math import ceil
from time import perf_counter
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from farside.errors import RequestError
from service.errors import RETRY, KeyLimitError, describe, describe_status
from service.logs import write_line
from service.request_log import RequestLog
from service.tracing import annotate
from service.worker import Worker

REQUEST_ID = "x-request-id"

PAUSE_S = 2.0
"""How long to wait for more of a body that is dropped, a choice."""

_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_KEPT = ("allow", "content-range", "retry-after", "www-authenticate")


class ErrorEnvelope:
    """ASGI middleware that keeps what is promised of every answer.

    Whoever refuses a request (an endpoint, an authentication layer, the framework), its client
    sees a :class:`service.errors.ErrorBody`.

    After each upload cyclic garbage is collected: an error and its traceback, also those that
    astropy catches on its way through the formats of a time, refer to frames whose local variables
    are the images of the request, in circles that Python by itself would free much later.

    Parameters
    ----------
    app
        The layer below.
    worker
        Gives the worker, which exists once the first request arrives.
    endpoints
        The addresses that are counted by name; all others are counted together.
    """

    def __init__(
        self, app: ASGIApp, worker: Callable[[], Worker], endpoints: frozenset[str]
    ) -> None:
        self._app = app
        self._worker = worker
        self._endpoints = {compile_path(name)[0]: name for name in endpoints}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = perf_counter()
        scope["path"] = _own_path(scope["path"], self._worker().settings.root_path)
        state = scope.setdefault("state", {})
        state.update(request_id=_request_id(scope), model="")
        record = RequestLog(state["request_id"], scope["method"], self._endpoint(scope) or "other")
        record.begin()
        try:
            await self._answer(scope, receive, send, record)
        finally:
            record.seconds = perf_counter() - start
            self._worker().metrics.answered(record)
            write_line(record)
            if scope["method"] == "POST":
                gc.collect()  # see `ErrorEnvelope`

    async def _answer(self, scope: Scope, receive: Receive, send: Send, record: RequestLog) -> None:
        """Answer and note how it went."""
        request_id = record.request_id
        settings = self._worker().settings

        def on_start(status: int) -> None:
            record.status, record.model = status, scope["state"]["model"]
            annotate(record, settings)

        response, body = (
            _ResponseFilter(partial(self._common_headers, request_id), send, on_start),
            _RequestBody(receive),
        )
        try:
            if not self._endpoint(scope).startswith("/archive"):  # which checks its own
                _refuse_query(scope)
            await self._app_of(scope)(scope, body, response)
        except Exception as error:  # the outermost layer: nobody above would shape it
            if response.started:
                record.outcome = "FarsideError"
                raise
            status, refusal = describe(error, request_id)
            wait_s = error.wait_s if isinstance(error, KeyLimitError) else None
        else:
            if response.started:
                return
            wait_s = None
            status, refusal = (
                response.status,
                describe_status(response.status, scope["path"], request_id),
            )
        record.outcome, record.files = refusal.type, refusal.files
        on_start(status)
        if "expect" not in Headers(scope=scope):  # else the client waits for us before it sends
            await body.drop(settings.max_upload_bytes, settings.upload_timeout_s)
        headers = response.kept | self._common_headers(request_id)
        headers |= self._advice(status, wait_s)
        if not body.ended:
            headers["connection"] = "close"  # else its rest would be read as long as it comes
        await refusal.response(status, headers)(scope, body, send)

    def _app_of(self, scope: Scope) -> ASGIApp:
        """The layer below; nobody, for the addresses that the framework has of its own."""
        return self._app if self._endpoint(scope) else _not_found

    def _endpoint(self, scope: Scope) -> str:
        """The endpoint of an address, as in ``/jobs/{id}``; empty where there is none."""
        path = scope["path"]
        return next((name for pattern, name in self._endpoints.items() if pattern.match(path)), "")

    def _common_headers(self, request_id: str) -> dict[str, str]:
        """The headers of every answer; a client of a service that stops shall turn to another."""
        farewell = {"connection": "close"} if self._worker().stopping else {}
        return {REQUEST_ID: request_id, "x-content-type-options": "nosniff"} | farewell

    def _advice(self, status: int, wait_s: float | None) -> dict[str, str]:
        """The header that says what to do about a refusal: to wait, or to send a key."""
        if status == HTTPStatus.UNAUTHORIZED:
            return {"www-authenticate": "Bearer"}
        if status not in RETRY:
            return {}
        seconds = self._worker().settings.retry_after_s if wait_s is None else ceil(wait_s)
        return {"retry-after": str(seconds)}


class _RequestBody:
    """The body of a request, which knows whether anything is left of it."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.ended = False

    async def __call__(self) -> Message:
        message = await self._receive()
        self.ended = not message.get("more_body", False)
        return message

    async def drop(self, most_bytes: int, most_s: float) -> None:
        """Read what is left and keep nothing of it.

        A connection that is closed before its client has sent all is reset, and many clients then
        never see the answer.
        """
        now = asyncio.get_running_loop().time
        end, dropped = now() + most_s, 0
        with suppress(TimeoutError):
            async with asyncio.timeout(PAUSE_S) as pause:
                while not self.ended and dropped <= most_bytes:
                    message = await self()
                    dropped += len(message.get("body", b""))
                    pause.reschedule(min(end, now() + PAUSE_S))


class _ResponseFilter:
    """Lets a good answer pass with its stamp; holds the framework's own text of an error."""

    def __init__(
        self,
        common_headers: Callable[[], dict[str, str]],
        send: Send,
        on_start: Callable[[int], None],
    ) -> None:
        self.started = False
        self.status = 500
        self.kept: dict[str, str] = {}
        self._common_headers = common_headers
        self._send = send
        self._on_start = on_start

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._inspect(message)
            if self.started:
                self._on_start(self.status)
        if self.started:
            await self._send(message)

    def _inspect(self, message: Message) -> None:
        self.status = message["status"]
        self.started = self.status < 400
        headers = Headers(raw=message["headers"])
        self.kept = {name: headers[name] for name in _KEPT if name in headers}
        MutableHeaders(scope=message).update(self._common_headers())


def _own_path(path: str, root_path: str) -> str:
    """Address without that of the proxy's folder, and without a slash at its end."""
    inside = path.startswith(f"{root_path}/") or path == root_path
    return (path.removeprefix(root_path) if inside else path).rstrip("/") or "/"


async def _not_found(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("", 404)(scope, receive, send)


def _refuse_query(scope: Scope) -> None:
    names = [name for name, _ in parse_qsl(scope["query_string"].decode("latin-1"), True)]
    if names:
        raise RequestError(
            f"no parameter {names[0][:80]!r} in the address: none is known, and what is asked for "
            "stands in the form"
        )


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get(REQUEST_ID, "")
    return given if _GIVEN_ID.fullmatch(given) else uuid.uuid4().hex
