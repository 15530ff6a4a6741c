"""HTTP connection to public archives: paced, retried, resumed, cached by address.

httpx itself, for three reasons. sunpy's Scraper has no timeout and takes an error 500 for an empty
directory; parfive cannot resume a download of an earlier call; and both would list an archive that
has moved as one without data.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from html.parser import HTMLParser
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from types import TracebackType
from typing import BinaryIO, Self, TypeVar
from urllib.parse import unquote, urljoin, urlsplit

import httpx
from pydantic import BaseModel, ValidationError

from farside import __version__
from farside.errors import (
    DiskFullError,
    DownloadError,
    FetchError,
    FetchStoppedError,
    SourceMovedError,
    SourceUnreachableError,
)
from farside.fetch.archives import Archives
from farside.io.atomic import NO_ROOM, atomic_path
from farside.io.fits import MAX_BYTES
from farside.model.defaults import cache_folder

_log = logging.getLogger(__name__)

MAX_LISTING_BYTES = 16 * 2**20
"""Largest index page that is read; one day of EUVI has 0.1 MB."""

MAX_HEADER_BYTES = 40 * 2880
"""Longest primary header that is read to learn the band; EUVI's has 20 160 bytes."""

SLOWEST_BYTES_PER_S = 1000
"""Rate below which a download is broken off and resumed, once `timeout_s` has passed."""

MAX_WAIT_S = 60.0

MOST_REDIRECTS = 5
"""Redirects that one request follows, all within the domain of the archive. A choice."""

_RETRIED = (429, 500, 502, 503, 504)
_GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_END = re.compile(rb"(?:.{80})*?END {77}", re.DOTALL)
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")

T = TypeVar("T")


class _PassingError(Exception):
    """A failure that may pass; `wait_s` is what the server asks for."""

    def __init__(self, message: str, wait_s: float = 0.0) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class _Entry(BaseModel):
    """Cache record of a file: its address, and the validators and size of its version."""

    address: str
    etag: str = ""
    modified: str = ""
    size: int | None = None
    sha256: str = ""

    @property
    def validator(self) -> str:
        """Value of If-Range; a weak ETag must not be used there (RFC 9110, section 13.1.5)."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.modified


class Connection:
    """Connection to all archives, for one thread.

    Parameters
    ----------
    archives
        Settings: pauses, timeout, retries.
    cache
        Folder of downloaded files, each below the hash of its address; None: ``downloads`` in that
        of :func:`farside.model.defaults.cache_folder`, and where that is off, for the time of the
        connection only.
    stop
        Event after which every call raises FetchStoppedError, at the next piece that comes.
    """

    def __init__(self, archives: Archives, cache: Path | None, stop: Event | None = None) -> None:
        self._archives = archives
        self._closing = ExitStack()
        self._cache = cache or self._users()
        self._stop = stop or Event()
        self._asked: dict[str, float] = {}
        self._listings: dict[str, tuple[str, ...] | None] = {}
        self._http = httpx.Client(
            timeout=archives.timeout_s,
            # "identity": a .fits.gz must arrive as it is stored, for its size and its hash.
            headers={"User-Agent": f"farside/{__version__}", "Accept-Encoding": "identity"},
        )
        self._closing.callback(self._http.close)

    def _users(self) -> Path:
        if folder := cache_folder():
            return folder / "downloads"
        return Path(self._closing.enter_context(TemporaryDirectory(prefix="farside-")))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.close()

    def listing(self, address: str) -> tuple[str, ...] | None:
        """Names in a directory, of folders with / at the end; None if there is no such directory.

        Raises
        ------
        SourceUnreachableError
            No answer, or only errors.
        SourceMovedError
            The address leads elsewhere.
        """
        if address not in self._listings:
            self._listings[address] = self._persist(
                address, lambda: self._list(address), SourceUnreachableError
            )
        return self._listings[address]

    def check_base(self, address: str) -> None:
        """Check that an archive is where it was.

        Raises
        ------
        SourceUnreachableError, SourceMovedError
            No answer, or only errors; no directory, or another page.
        """
        if not (names := self.listing(address)):
            got = "status 404" if names is None else "a page without links to what is below it"
            raise SourceMovedError(f"{address}: got {got}, expected the archive's directory")

    def header(self, address: str) -> bytes:
        """First header of a FITS file; the rest of the file is not transferred.

        Raises
        ------
        SourceUnreachableError, SourceMovedError, DownloadError
            No answer; one of another host; no such file, or no header.
        """
        return self._persist(address, lambda: self._read_header(address), DownloadError)

    def download(self, address: str, check: Callable[[Path], None], *, is_final: bool) -> Path:
        """Download a file into the cache, or take it from there, and return its path.

        What an earlier attempt or process has received is kept and completed.

        Parameters
        ----------
        check
            Called with the complete file before it counts as received; raises DownloadError.
        is_final
            Whether the file never changes at its address. Others are compared with the server's.

        Raises
        ------
        SourceUnreachableError, SourceMovedError, DownloadError, DiskFullError
            No answer; one of another host; not intact after all retries; no room for it.
        """
        folder = self._cache / hashlib.sha256(address.encode()).hexdigest()[:32]
        path = folder / unquote(urlsplit(address).path).rpartition("/")[2]
        with _locked(folder):
            known = _known(path, address)
            if known is not None and is_final:
                return path
            return self._persist(
                address, lambda: self._receive(address, path, known, check), DownloadError
            )

    def _list(self, address: str) -> tuple[str, ...] | None:
        with self._get(address) as answer:
            if answer.status_code in _GONE:
                return None
            self._check_place(address, answer)
            page = bytearray()
            for chunk in self._chunks(answer, answer.iter_bytes()):
                page += chunk
                if len(page) > MAX_LISTING_BYTES:
                    raise SourceMovedError(
                        f"{address}: more than {MAX_LISTING_BYTES} bytes, expected an index page"
                    )
        return _names(page.decode(answer.encoding or "utf-8", "replace"), address)

    def _check_place(self, address: str, answer: httpx.Response) -> None:
        if not answer.url.path.endswith(urlsplit(address).path):
            raise SourceMovedError(f"{address} leads to {answer.url}, expected the directory")
        if answer.status_code != HTTPStatus.OK:
            raise SourceMovedError(f"{address}: got status {answer.status_code}, expected 200")

    def _read_header(self, address: str) -> bytes:
        data = b""
        with self._get(address, {"Range": f"bytes=0-{MAX_HEADER_BYTES - 1}"}) as answer:
            _check_found(address, answer)
            for chunk in self._chunks(answer, answer.iter_raw()):
                data += chunk
                if end := _END.match(data):
                    return end[0]
                if len(data) >= MAX_HEADER_BYTES:
                    break
        raise DownloadError(f"{address}: no END in {len(data)} bytes, expected a FITS header")

    def _receive(
        self, address: str, path: Path, known: _Entry | None, check: Callable[[Path], None]
    ) -> Path:
        partial = path.with_name(f"{path.name}.partial")
        entry = _read_entry(_side(partial))
        got = partial.stat().st_size if partial.exists() else 0
        asked: dict[str, str] = {}
        if known is not None:
            asked = _if_changed(known)
        elif got and entry is not None and entry.validator:
            asked = {"Range": f"bytes={got}-", "If-Range": entry.validator}
        with self._get(address, asked) as answer:
            if answer.status_code == HTTPStatus.NOT_MODIFIED:
                return path
            if answer.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                _discard(partial)
                raise _PassingError(f"{address}: got {got} bytes, which is all or too much")
            _check_found(address, answer)
            entry = _entry(address, answer)
            if (entry.size or 0) > MAX_BYTES:
                raise DownloadError(f"{address}: {entry.size} bytes, expected at most {MAX_BYTES}")
            continued = _start(answer) == got > 0
            self._write(answer, partial, entry, append=continued)
        return _accept(path, partial, entry, check)

    def _write(self, answer: httpx.Response, partial: Path, entry: _Entry, *, append: bool) -> None:
        try:
            with to_disk(partial):
                if not append:
                    _discard(partial)
                    _side(partial).write_text(entry.model_dump_json())
                with partial.open("ab" if append else "wb") as file:
                    self._copy(answer, file)
        except DiskFullError:
            _discard(partial)
            raise

    def _copy(self, answer: httpx.Response, file: BinaryIO) -> None:
        for chunk in self._chunks(answer, answer.iter_raw()):
            file.write(chunk)
            if file.tell() > MAX_BYTES:
                raise DownloadError(f"{answer.url}: more than {MAX_BYTES} bytes, expected less")

    def _chunks(self, answer: httpx.Response, body: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the pieces of a body while they come fast enough and nobody stops it."""
        start, got = time.monotonic(), 0
        for chunk in body:
            yield chunk
            self._sleep(0)
            got += len(chunk)
            elapsed = time.monotonic() - start
            if elapsed > self._archives.timeout_s and got / elapsed < SLOWEST_BYTES_PER_S:
                raise _PassingError(
                    f"{answer.url}: got {got / elapsed:.0f} bytes/s, expected "
                    f"{SLOWEST_BYTES_PER_S} or more"
                )

    @contextmanager
    def _get(self, address: str, headers: dict[str, str] | None = None) -> Iterator[httpx.Response]:
        """Ask, and follow redirects: of those no body is read, and none leaves the archive."""
        url = httpx.URL(address)
        for _ in range(MOST_REDIRECTS + 1):
            self._pause(url.netloc.decode())
            with self._http.stream("GET", url, headers=headers) as answer:
                if answer.next_request is None:
                    _check_passing(address, answer)
                    yield answer
                    return
                url = answer.next_request.url
            if _domain(url) != _domain(httpx.URL(address)):
                raise SourceMovedError(f"{address} leads to {url}, expected an address of its host")
        raise SourceMovedError(f"{address}: more than {MOST_REDIRECTS} redirects, expected a file")

    def _pause(self, host: str) -> None:
        """Wait until the host may be asked again."""
        due = self._asked.get(host, -1e9) + self._archives.pause_s
        self._sleep(max(0.0, due - time.monotonic()))
        self._asked[host] = time.monotonic()

    def _sleep(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise FetchStoppedError("the fetch was stopped")

    def _persist(self, address: str, attempt: Callable[[], T], failure: type[FetchError]) -> T:
        """Repeat an attempt while its failure may pass; at the end raise `failure`."""
        wait_s = self._archives.retry_wait_s
        for tried in range(self._archives.retries + 1):
            try:
                return attempt()
            except (_PassingError, httpx.TransportError) as error:
                last: Exception = error
            except (httpx.HTTPError, httpx.InvalidURL) as error:  # a redirect to no address
                raise SourceMovedError(f"{address}: {error}, expected an answer") from error
            if tried < self._archives.retries:
                _log.info("again in %g s: %s", wait_s, last)
                asked_s = last.wait_s if isinstance(last, _PassingError) else 0.0
                self._sleep(min(max(wait_s, asked_s), MAX_WAIT_S))
                wait_s *= 2
        if isinstance(last, _PassingError):
            raise failure(str(last)) from last
        if isinstance(last, httpx.ConnectError | httpx.ConnectTimeout):
            failure = SourceUnreachableError
        what = str(last) or type(last).__name__
        raise failure(f"{address}: {what}, expected an answer") from last


class _Links(HTMLParser):
    """Collector of the links of an index page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the target of a link."""
        if tag == "a":
            self.found += [value for key, value in attrs if key == "href" and value]


def _names(page: str, address: str) -> tuple[str, ...]:
    """Names that an index page links to, directly below its own address; folders end with /."""
    links = _Links()
    links.feed(page)
    here = urlsplit(address)
    names = []
    for link in links.found:
        try:
            there = urlsplit(urljoin(address, link))
        except ValueError:  # no address
            continue
        name = there.path.removeprefix(here.path)
        is_below = there.netloc == here.netloc and there.path.startswith(here.path)
        if is_below and name and "/" not in name[:-1]:
            names.append(unquote(name))
    return tuple(dict.fromkeys(names))


def _check_passing(address: str, answer: httpx.Response) -> None:
    if answer.status_code in _RETRIED:
        wait = answer.headers.get("retry-after", "")
        raise _PassingError(
            f"{address}: got status {answer.status_code}, expected 200",
            float(wait) if wait.isdecimal() else 0.0,
        )


def _domain(url: httpx.URL) -> str:
    """Domain that belongs to one owner, as in ``stanford.edu``; of a number all of it."""
    host = url.host
    is_number = host.rpartition(".")[2].isdecimal() or ":" in host
    return host if is_number else ".".join(host.split(".")[-2:])


def _check_found(address: str, answer: httpx.Response) -> None:
    if not answer.is_success:
        raise DownloadError(f"{address}: got status {answer.status_code}, expected 200")


def _entry(address: str, answer: httpx.Response) -> _Entry:
    total = _RANGE.fullmatch(answer.headers.get("content-range", ""))
    length = answer.headers.get("content-length", "")
    return _Entry(
        address=address,
        etag=answer.headers.get("etag", ""),
        modified=answer.headers.get("last-modified", ""),
        size=int(total[2]) if total else int(length) if length.isdecimal() else None,
    )


def _start(answer: httpx.Response) -> int:
    """First byte of a partial answer; -1 of a whole one."""
    found = _RANGE.fullmatch(answer.headers.get("content-range", ""))
    return int(found[1]) if found and answer.status_code == HTTPStatus.PARTIAL_CONTENT else -1


def _accept(path: Path, partial: Path, entry: _Entry, check: Callable[[Path], None]) -> Path:
    """Check a received file and give it its name."""
    size = partial.stat().st_size
    if entry.size is not None and size != entry.size:
        if size > entry.size:
            _discard(partial)
        raise _PassingError(f"{entry.address}: got {size} bytes, expected {entry.size}")
    try:
        check(partial)
    except DownloadError:
        _discard(partial)
        raise
    digest = hashlib.sha256(partial.read_bytes()).hexdigest()
    known = entry.model_copy(update={"size": size, "sha256": digest})
    with atomic_path(_side(path)) as temporary:
        temporary.write_text(known.model_dump_json())
    partial.replace(path)
    _side(partial).unlink(missing_ok=True)
    return path


def _known(path: Path, address: str) -> _Entry | None:
    """Entry of a file that lies in the cache intact; None otherwise."""
    entry = _read_entry(_side(path))
    if entry is None or entry.address != address or not path.exists():
        return None
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return entry if digest == entry.sha256 else None


def _if_changed(known: _Entry) -> dict[str, str]:
    given = {"If-None-Match": known.etag, "If-Modified-Since": known.modified}
    return {key: value for key, value in given.items() if value}


def _side(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _read_entry(path: Path) -> _Entry | None:
    try:
        return _Entry.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _discard(partial: Path) -> None:
    partial.unlink(missing_ok=True)
    _side(partial).unlink(missing_ok=True)


@contextmanager
def to_disk(path: Path) -> Iterator[None]:
    """Turn the errors of a full disk, quota or largest file into DiskFullError."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise DiskFullError(f"{path.parent}: {error.strerror}, expected room for it") from error


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of one cached file: two processes never write to the same partial file."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
