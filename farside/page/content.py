"""What an address answers: content, its entity tag, and the part of it that a request asks for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True)
class Content:
    """Content of one address.

    Attributes
    ----------
    body, media_type
        Bytes, and their type.
    filename
        Name under which a browser saves it; empty for what is shown.
    """

    body: bytes
    media_type: str
    filename: str = ""

    @property
    def etag(self) -> str:
        """Entity tag (RFC 9110, Sect. 8.8.3), from the SHA-256 of the bytes."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'


@dataclass(frozen=True)
class Reply:
    """Status, headers and body of an HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def reply(content: Content, headers: Mapping[str, str]) -> Reply:
    """Answer a GET: 304 if the client has it, 206 for a part, 416 beyond its end, else 200.

    Parameters
    ----------
    content
        What the address answers.
    headers
        Headers of the request, with names in lower case: If-None-Match, Range, If-Range.
    """
    etag = content.etag
    common = {"etag": etag, "cache-control": "private, no-cache", "accept-ranges": "bytes"}
    if _has(headers.get("if-none-match", ""), etag):
        return Reply(304, common, b"")
    common |= {"content-type": content.media_type}
    if content.filename:
        common |= {"content-disposition": f'attachment; filename="{content.filename}"'}
    asked = headers.get("range", "")
    if not asked or headers.get("if-range", etag) != etag:
        return Reply(200, common, content.body)
    return _part(content.body, asked, common)


def _has(given: str, etag: str) -> bool:
    return etag in (each.strip().removeprefix("W/") for each in given.split(",")) or given == "*"


def _part(body: bytes, asked: str, common: Mapping[str, str]) -> Reply:
    """One range of bytes (RFC 9110, Sect. 14.2); several ranges are answered in full."""
    match, size = _RANGE.fullmatch(asked.strip()), len(body)
    if match is None or not (match[1] or match[2]):
        return Reply(200, common, body)
    if match[1]:
        first, last = int(match[1]), min(int(match[2] or size - 1), size - 1)
    else:
        first, last = max(size - int(match[2]), 0), size - 1
    if first >= size or first > last:
        return Reply(416, dict(common) | {"content-range": f"bytes */{size}"}, b"")
    part = dict(common) | {"content-range": f"bytes {first}-{last}/{size}"}
    return Reply(206, part, body[first : last + 1])
