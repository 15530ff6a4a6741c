"""The page and the read-only API of the archive, as endpoints of the service."""

from __future__ import annotations

from functools import lru_cache

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from farside.errors import NotArchivedError
from farside.page.api import ENDPOINTS, ArchiveApi
from farside.page.content import Reply, reply
from farside.page.static_files import HEADERS, static_files
from farside.page.tiles import Tiles
from service.settings import Settings

THREADS = 4
"""Requests to the archive side by side: the others wait, and leave threads for uploads."""


@lru_cache(maxsize=1)
def archive_api(settings: Settings) -> ArchiveApi:
    """API of the archive that the settings name."""
    tiles = Tiles(int(settings.archive_cache_mb * 1e6))
    return ArchiveApi(settings.archive, tiles, settings.grafana_url, generate=True)


async def archive(request: Request) -> Response:
    """``GET /archive…``: the state, products, layers, regions and files of the archive."""
    api = archive_api(request.app.state.worker.settings)
    path, query = request.scope["path"], dict(request.query_params)
    answer = await to_thread.run_sync(
        lambda: reply(api.answer(path, query), request.headers), limiter=_limiter()
    )
    return _response(answer)


async def page(request: Request) -> Response:
    """``GET /``, ``/docs`` and ``/page/…``: the files of the page."""
    path, asked = request.scope["path"], request.scope["raw_path"].decode("latin-1")
    if path in ("/", "/docs") and asked.endswith("/") != (path == "/"):
        # The addresses in it are relative, also below the path of a proxy.
        place = "../docs" if path == "/docs" else f"{asked.rpartition('/')[2]}/"
        return RedirectResponse(place, 308)
    found = static_files().get(path)
    if found is None:
        raise NotArchivedError(f"no file {path[:80]!r} of the page")
    return _response(reply(found, request.headers), page=True)


PAGE_ROUTES = (Route("/", page), Route("/docs", page), Route("/page/{name}", page))

ARCHIVE_ROUTES = tuple(Route(each.path, archive) for each in ENDPOINTS)


@lru_cache(maxsize=1)
def _limiter() -> CapacityLimiter:
    return CapacityLimiter(THREADS)  # belongs to the event loop, of which a worker has one


def _response(answer: Reply, *, page: bool = False) -> Response:
    headers = (dict(HEADERS) if page else {}) | dict(answer.headers)
    return Response(answer.body, answer.status, headers)
