"""Files of the page, packaged with the library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

from farside.page.content import Content

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Content-Security-Policy of the page: nothing inline, nothing of others, no frames."""

HEADERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
}
"""Headers of the page's files."""

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

_PAGES = {"/": "index.html", "/docs": "docs.html"}


@lru_cache(maxsize=1)
def static_files() -> Mapping[str, Content]:
    """Files of the page by address: ``/``, ``/docs`` and ``/page/…``."""
    folder = files("farside.page").joinpath("static")
    found = {
        each.name: Content(each.read_bytes(), _TYPES[f".{each.name.rpartition('.')[2]}"])
        for each in folder.iterdir()
        if f".{each.name.rpartition('.')[2]}" in _TYPES
    }
    pages = {path: found[name] for path, name in _PAGES.items()}
    return pages | {f"/page/{name}": content for name, content in found.items()}


def json_content(body: object) -> Content:
    """JSON of plain values."""
    return Content(json.dumps(body, ensure_ascii=False).encode(), "application/json")
