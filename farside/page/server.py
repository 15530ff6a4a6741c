"""HTTP server of the page for this machine, by the standard library, without the service."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from farside import __version__
from farside.errors import ArchiveAwayError, FarsideError, NotArchivedError, RequestError
from farside.page.api import ArchiveApi
from farside.page.content import Content, Reply, reply
from farside.page.openapi import archive_paths, archive_schemas
from farside.page.static_files import HEADERS, json_content, static_files

_log = logging.getLogger(__name__)

STATUS: Mapping[type[FarsideError], HTTPStatus] = {
    NotArchivedError: HTTPStatus.NOT_FOUND,
    RequestError: HTTPStatus.BAD_REQUEST,
    ArchiveAwayError: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""Status of each error; any other is 500."""

Extra = Mapping[str, Callable[[], object]]
"""Further addresses and the JSON that they answer."""


def page_server(
    api: ArchiveApi, host: str, port: int, extra: Extra | None = None
) -> ThreadingHTTPServer:
    """Server of the page and its API; `serve_forever` runs it.

    Parameters
    ----------
    host, port
        Address to listen on; port 0 takes a free one.
    extra
        Further addresses and the JSON that they answer, such as ``/models``.
    """
    more = {"/openapi.json": document} | dict(extra or {})

    class Handler(BaseHTTPRequestHandler):
        server_version = f"Farside/{__version__}"
        protocol_version = "HTTP/1.1"
        timeout = 60

        def do_GET(self) -> None:  # the name that http.server calls
            self._send(self._reply())

        def do_HEAD(self) -> None:
            self._send(self._reply())

        def _reply(self) -> Reply:
            given = {name.lower(): value for name, value in self.headers.items()}
            try:
                return reply(_content(api, more, self.path), given)
            except FarsideError as error:
                return _refusal(error)
            except Exception:
                _log.exception("%s failed", self.path)
                return _refusal(FarsideError("the page's server failed; its log says why"))

        def _send(self, answer: Reply) -> None:
            self.send_response(answer.status)
            for name, value in (dict(HEADERS) | dict(answer.headers)).items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                with suppress(ConnectionError):  # of a browser that has gone on
                    self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
            _log.debug(format, *args)

    return ThreadingHTTPServer((host, port), Handler)


def document() -> object:
    """OpenAPI document of this server: the archive's addresses."""
    errors = {str(int(status)): {"description": status.phrase} for status in STATUS.values()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Farside archive", "version": __version__},
        "paths": archive_paths(errors),
        "components": {"schemas": archive_schemas()},
    }


def _content(api: ArchiveApi, more: Extra, target: str) -> Content:
    parts = urlsplit(target)
    if parts.path in static_files():
        return static_files()[parts.path]
    if parts.path in more:
        return json_content(more[parts.path]())
    return api.answer(parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)))


def _refusal(error: FarsideError) -> Reply:
    status = next(
        (STATUS[each] for each in type(error).__mro__ if each in STATUS),
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )
    body = json_content({"error": str(error), "type": type(error).__name__, "files": []})
    return Reply(status, {"content-type": body.media_type}, body.body)
