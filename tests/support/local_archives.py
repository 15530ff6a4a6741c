"""A real HTTP server with the directories of the public archives, and with their troubles."""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

from farside.solarwind.gong import pack
from tests.support.instrument_files import (
    BIAS_DN,
    Camera,
    Card,
    Cards,
    aia_cards,
    euvi_cards,
    file_bytes,
    hmi_cards,
    integers,
)
from tests.support.synchronic_maps import synchronic_map

CAMERA = Camera(128, 50.0)

LEVEL_0 = "/stereo-ssc.nascom.nasa.gov/data/ins_data/secchi/L0/a/img/euvi/"
BEACON = "/stereo-ssc.nascom.nasa.gov/data/beacon/ahead/secchi/img/euvi/"
SYNOPTIC = "/jsoc1.stanford.edu/data/aia/synoptic/"
SYNOPTIC_NRT = "/jsoc1.stanford.edu/data/aia/synoptic/nrt/"
HMI = "/jsoc1.stanford.edu/data/hmi/fits/"
ZQS = "/gong2.nso.edu/oQR/zqs/"

_ORIGIN = datetime(2011, 2, 15, 0, 14, tzinfo=UTC)
"""Time for which the cards of :mod:`tests.support.instrument_files` hold."""

_TURN_DEG_PER_DAY = 13.2
"""By which the Carrington longitude of an observer at rest falls."""


@dataclass(frozen=True)
class Trouble:
    """What goes wrong with one request.

    Attributes
    ----------
    status, headers, body
        Answered instead of the file, if a status is given.
    cut_after
        Bytes of the body after which the connection is closed.
    claim
        Bytes that Content-Length promises beyond those that come.
    silence_s
        Pause before the body.
    drip_s
        Pause after each ten bytes of the body.
    """

    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    cut_after: int | None = None
    claim: int = 0
    silence_s: float = 0.0
    drip_s: float = 0.0


@dataclass
class LocalArchives:
    """Files by path, the troubles that await requests for a path, and the requests that came."""

    files: dict[str, bytes] = field(default_factory=dict)
    troubles: dict[str, list[Trouble]] = field(default_factory=lambda: defaultdict(list))
    always: dict[str, Trouble] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    address: str = ""

    def times_asked(self, part: str) -> int:
        return sum(part in path for path, _ in self.asked)

    def trouble(self, path: str) -> Trouble:
        if self.troubles.get(path):
            return self.troubles[path].pop(0)
        starts = [start for start in self.always if path.startswith(start)]
        return self.always[starts[0]] if starts else Trouble()

    def index(self, path: str) -> bytes | None:
        """Index page of a directory, as Apache makes it; None if there is nothing below it."""
        names = {
            name[len(path) :].split("/")[0] + ("/" if "/" in name[len(path) :] else "")
            for name in self.files
            if name.startswith(path)
        }
        if not names:
            return None
        parent = path.rstrip("/").rpartition("/")[0] + "/"
        rows = "".join(f'<tr><td><a href="{n}">{n}</a></td><td>2.1M</td></tr>' for n in names)
        return (
            f"<html><head><title>Index of {path}</title></head><body><table>"
            f'<tr><th><a href="?C=N;O=D">Name</a></th></tr>'
            f'<tr><td><a href="{parent}">Parent Directory</a></td></tr>{rows}'
            "</table></body></html>"
        ).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    archives: LocalArchives

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  name of the base class
        pass

    def do_GET(self) -> None:
        self.archives.asked.append((self.path, dict(self.headers)))
        trouble = self.archives.trouble(self.path)
        is_file = self.path in self.archives.files
        body = self.archives.files.get(self.path) or self.archives.index(self.path)
        if trouble.status or body is None:
            self._answer(trouble.status or 404, dict(trouble.headers), trouble.body, trouble)
        elif is_file:
            self._file(body, trouble)
        else:
            self._answer(200, {"Content-Type": "text/html;charset=utf-8"}, body)

    def _file(self, body: bytes, trouble: Trouble) -> None:
        tag = f'"{hashlib.sha256(body).hexdigest()[:8]}"'
        wanted = self.headers.get("Range")
        if self.headers.get("If-None-Match") == tag:
            self._answer(304, {"ETag": tag}, b"")
        elif wanted and self.headers.get("If-Range", tag) == tag:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start, end = int(first), min(int(last or len(body)), len(body) - 1)
            if start >= len(body):
                self._answer(416, {"Content-Range": f"bytes */{len(body)}"}, b"")
                return
            span = f"bytes {start}-{end}/{len(body)}"
            self._answer(206, {"Content-Range": span, "ETag": tag}, body[start : end + 1], trouble)
        else:
            self._answer(200, {"ETag": tag}, body, trouble)

    def _answer(
        self, status: int, headers: dict[str, str], body: bytes, trouble: Trouble | None = None
    ) -> None:
        trouble = trouble or Trouble()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body) + trouble.claim))
        self.end_headers()
        self.wfile.flush()
        time.sleep(trouble.silence_s)
        if trouble.cut_after is not None or trouble.claim:
            self.close_connection = True
        try:
            for part in _parts(body[: trouble.cut_after], 10 if trouble.drip_s else len(body)):
                self.wfile.write(part)
                time.sleep(trouble.drip_s)
        except (BrokenPipeError, ConnectionResetError):  # the client has read enough
            self.close_connection = True


def _parts(body: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(body), size or 1):
        yield body[start : start + size]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that go away in the middle."""


@contextmanager
def serve(archives: LocalArchives) -> Iterator[LocalArchives]:
    handler = type("Handler", (_Handler,), {"archives": archives})
    with _Server(("127.0.0.1", 0), handler) as server:
        archives.address = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield archives
        finally:
            server.shutdown()
            thread.join()


def _sun(x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    return np.where(x * x + y * y < 1, 500 + 300 * x, 0.0)


def _turned(longitude_deg: float, moment: datetime) -> float:
    return (longitude_deg - _TURN_DEG_PER_DAY * ((moment - _ORIGIN) / timedelta(days=1))) % 360


def _with_checksum(data: bytes) -> bytes:
    """The file with CHECKSUM and DATASUM in each HDU, as the archives write them."""
    from io import BytesIO

    from astropy.io import fits

    buffer = BytesIO()
    with fits.open(BytesIO(data), do_not_scale_image_data=True) as hdus:
        hdus.writeto(buffer, checksum=True)
    return buffer.getvalue()


def euvi(moment: datetime, band: int, **more: Card) -> bytes:
    pixels = (CAMERA.sees(_sun) + BIAS_DN).astype(np.uint16)
    changes: Cards = {
        "WAVELNTH": band,
        "DATE-OBS": moment.strftime("%Y-%m-%dT%H:%M:%S.000"),
        "DATE-AVG": moment.strftime("%Y-%m-%dT%H:%M:%S.500"),
        "CRLN_OBS": _turned(109.728, moment),
    }
    return file_bytes(euvi_cards(CAMERA) | changes | more, pixels)


def aia(moment: datetime, band: int, **changes: Card) -> bytes:
    told: Cards = {
        "WAVELNTH": band,
        "DATE-OBS": moment.strftime("%Y-%m-%dT%H:%M:%S.00"),
        "T_OBS": moment.strftime("%Y-%m-%dT%H:%M:%S.00Z"),
        "CRLN_OBS": _turned(22.69, moment),
    }
    pixels = CAMERA.sees(_sun).astype(np.int16)
    return file_bytes(aia_cards(CAMERA) | told | changes, pixels, rice=True)


def hmi(moment: datetime, quality: int = 0) -> bytes:
    values = CAMERA.sees(lambda x, y: np.where(np.hypot(x, y) < 1.02, 120.5 * x, np.nan))
    counts, scaling = integers(values, 0.1)
    told: Cards = {
        "DATE-OBS": moment.strftime("%Y-%m-%dT%H:%M:%S.00"),
        "T_OBS": moment.strftime("%Y.%m.%d_%H:%M:%S_TAI"),
        "CRLN_OBS": _turned(22.69, moment),
        "QUALITY": quality,
    }
    return _with_checksum(file_bytes(hmi_cards(CAMERA) | scaling | told, counts, rice=True))


def euvi_path(base: str, moment: datetime) -> str:
    kind = "n7" if base == BEACON else "n4"
    return f"{base}{moment:%Y%m%d/%Y%m%d_%H%M%S}_{kind}euA.fts"


def aia_path(moment: datetime, band: int) -> str:
    return f"{SYNOPTIC}{moment:%Y/%m/%d/H%H00/AIA%Y%m%d_%H%M}_{band:04d}.fits"


def aia_nrt_path(moment: datetime, band: int) -> str:
    return f"{SYNOPTIC_NRT}{moment:%Y/%m/%d/H%H00/AIA%Y%m%d_%H%M%S}_{band:04d}.fits"


def hmi_path(moment: datetime, series: str = "hmi.M_720s") -> str:
    return f"{HMI}{moment:%Y/%m/%d}/{series}.{moment:%Y%m%d_%H%M%S}_TAI.fits"


def gong_map(moment: datetime) -> tuple[str, bytes]:
    """Path and content of one of GONG's hourly maps."""
    file = pack(synchronic_map(time=Time(moment)))
    return f"{ZQS}{moment:%Y%m}/mrzqs{moment:%y%m%d}/{file.name}", file.content
