"""One HTTP connection of uvicorn, bounded against clients that send slowly or without end."""

from __future__ import annotations

import asyncio
import resource

import uvicorn.config
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

HEAD_S = 10.0
"""Longest time from a connection, or from the first byte of a request, to the end of its head."""

MAX_HEAD_BYTES = 65536
"""Most bytes of a head, of the trailers after a chunked body, or between two pieces of a body."""


FIRST_CHUNKS = 1000
LEAST_CHUNK_BYTES = 512
"""Least mean size of the chunks of a body after its first thousand; each costs as much as 64 kB."""

MAX_PIPELINED = 32
"""Most requests that a client may send before the answer to the first of them."""

READ_BYTES = 65536
"""Most bytes of one connection that are parsed before it is the turn of the others; asyncio reads
four times as many, and small chunks or headers in them would take 0.1 s."""


class BoundedConnection(HttpToolsProtocol):
    """Connection whose request heads are limited in time and size; see :func:`install`.

    uvicorn limits neither with httptools, only the pause between an answer and the next request.
    The body is limited where it is read (:mod:`service.multipart`); what still comes after an
    answer was given counts as a head that does not end.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.ws_protocol_class = None  # there are no WebSockets here
        self._unread_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._chunks = self._body_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        transport.max_size = READ_BYTES  # type: ignore[attr-defined]  # asyncio's, without a setter
        self._set_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._unset_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came; close the connection if it is too long neither a head nor a body."""
        self._unread_bytes += len(data)
        super().data_received(data)
        if self._unread_bytes > MAX_HEAD_BYTES + len(data):
            self.send_400_response(f"More than {MAX_HEAD_BYTES} bytes of head or trailer.")
        elif self.cycle is None or self.cycle.response_complete:
            self._set_timer()

    def on_message_begin(self) -> None:
        """Begin a request; the parser turns the error into an answer 400."""
        if len(self.pipeline) >= MAX_PIPELINED:
            raise ValueError("too many requests before the first answer")
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header, or one trailer; the parser turns the error into an answer 400."""
        if len(self.headers) >= MAX_HEAD_BYTES // 64:
            raise ValueError("too many headers")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to answer."""
        self._unread_bytes = self._chunks = self._body_bytes = 0
        self._unset_timer()
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        """Count a chunk; the parser turns the error into an answer 400."""
        self._chunks += 1
        if self._chunks > FIRST_CHUNKS and self._body_bytes < LEAST_CHUNK_BYTES * self._chunks:
            raise ValueError("too many small chunks")

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._body_bytes += len(body)
        if not self.cycle.response_complete:
            self._unread_bytes = 0
        super().on_body(body)

    def _set_timer(self) -> None:
        if self._head_timer is None and not self.transport.is_closing():
            self._head_timer = self.loop.call_later(HEAD_S, self.transport.abort)

    def _unset_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


def install() -> None:
    """Make uvicorn, as BentoML starts it, use :class:`BoundedConnection`, and many of them.

    BentoML has no option for uvicorn's protocol, whose default is looked up in this table. The soft
    limit of open files is often 1024, which as many idle connections would use up.
    """
    uvicorn.config.HTTP_PROTOCOLS["auto"] = f"{__name__}:{BoundedConnection.__name__}"
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
