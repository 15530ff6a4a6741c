"""API keys: who may use the service, and how much of it."""

from __future__ import annotations

import hmac
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from farside.errors import KeyNotAllowedError, UnknownKeyError
from farside.keys import ApiKey, digest_of
from farside.page.static_files import static_files
from service.errors import KeyLimitError
from service.request_log import RequestLog
from service.settings import Settings, SettingsError

MINUTE_S = 60.0

log = logging.getLogger("farside.service")


def open_paths(settings: Settings) -> frozenset[str]:
    """Endpoints that need no key: probes, the page itself, and how to use the service."""
    metrics = {"/metrics"} if settings.metrics_open else set()
    described = {"/openapi.json", "/docs.json"}
    return frozenset({"/livez", "/readyz", *described, *static_files(), *metrics})


class Keys:
    """API keys that a service knows; their file is read again whenever it has changed.

    Parameters
    ----------
    settings
        They name the file, or hold its lines.

    Raises
    ------
    SettingsError
        A line that is none, a name that is given twice, or a file that cannot be read.
    """

    def __init__(self, settings: Settings) -> None:
        self.required = settings.keys_required
        self.open_paths = open_paths(settings)
        self._file = settings.api_keys_file
        if settings.api_keys is not None and self._file is not None:
            raise SettingsError(
                "got both FARSIDE_API_KEYS and FARSIDE_API_KEYS_FILE, expected one of them"
            )
        self._version = self._look()
        self._known = (
            _parse(settings.api_keys or "", "FARSIDE_API_KEYS")
            if self._file is None
            else _read(self._file)
        )

    def __str__(self) -> str:
        if not self.required:
            return "no API keys: whoever reaches the service may use it"
        return f"{len(self._known)} API keys of {len({key.name for key in self._known})} clients"

    def find(self, key: str) -> ApiKey | None:
        """Find what is known of a key; how long it takes does not depend on how much is right."""
        self._read_again()
        digest, found = digest_of(key), None
        for known in self._known:
            if hmac.compare_digest(known.digest, digest):
                found = known
        return found

    def _read_again(self) -> None:
        """Take up the file if it has changed; the keys known so far hold while it is wrong."""
        version = self._look()
        if self._file is None or version == self._version:
            return
        self._version = version
        try:
            self._known = _read(self._file)
        except SettingsError as error:
            log.error("API keys are as before: %s", error)
        else:
            log.info("read anew: %s", self)

    def _look(self) -> tuple[int, int, int] | None:
        try:
            seen = self._file.stat() if self._file is not None else None
        except OSError:
            return None
        return (seen.st_mtime_ns, seen.st_size, seen.st_ino) if seen else None


def _read(file: Path) -> tuple[ApiKey, ...]:
    try:
        return _parse(file.read_text("utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"FARSIDE_API_KEYS_FILE: {file} does not read: {error}") from error


def _parse(text: str, where: str) -> tuple[ApiKey, ...]:
    """Read lines of keys; ; stands for a line break, and # begins a comment."""
    keys: dict[str, ApiKey] = {}
    for number, line in enumerate(text.replace(";", "\n").splitlines(), 1):
        content = line.partition("#")[0].strip()
        if not content:
            continue
        try:
            key = ApiKey.parse(content)
        except ValueError as error:
            raise SettingsError(f"{where}, line {number}: {error}") from error
        if key.digest in keys:
            raise SettingsError(f"{where}, line {number}: got the key of another line again")
        keys[key.digest] = key
    return tuple(keys.values())


@dataclass
class _Use:
    """Uploads of one client: begin of those of the last minute, and how many there are now."""

    begun: deque[float] = field(default_factory=deque)
    inside: int = 0


class KeyLimits:
    """What the client of each key uses, against the limits of its key.

    Parameters
    ----------
    now
        A clock, seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._uses: dict[str, _Use] = {}

    @contextmanager
    def admit(self, key: ApiKey) -> Iterator[None]:
        """Count an upload in until the end of the block.

        Raises
        ------
        KeyLimitError
            The client has as many uploads as its key allows, now or in the last minute.
        """
        use, now = self._uses.setdefault(key.name, _Use()), self._now()
        if key.places is not None and use.inside >= key.places:
            raise KeyLimitError(f"{use.inside} uploads of {key.name} run, expected no more")
        if key.per_minute is not None:
            while use.begun and use.begun[0] <= now - MINUTE_S:
                use.begun.popleft()
            if len(use.begun) >= key.per_minute:
                raise KeyLimitError(
                    f"{len(use.begun)} uploads of {key.name} in a minute, expected no more",
                    use.begun[0] + MINUTE_S - now,
                )
            use.begun.append(now)
        use.inside += 1
        try:
            yield
        finally:
            use.inside -= 1


class KeyCheck:
    """ASGI middleware that lets requests with a known key through, before their body is read.

    Parameters
    ----------
    app
        The layer below.
    keys
        Those that are known; where none are required, every request passes.
    """

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self._app, self._keys = app, keys
        self._limits = KeyLimits()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        needed = scope["type"] == "http" and self._keys.required
        if not needed or scope["path"] in self._keys.open_paths:
            await self._app(scope, receive, send)
            return
        key = self._key_of(Headers(scope=scope).get("authorization"))
        RequestLog.current().key = scope["state"]["key"] = key.name
        endpoint = scope["path"].split("/")[1]
        if key.only and endpoint not in key.only:
            raise KeyNotAllowedError(
                f"the key of {key.name} opens {', '.join(key.only)}, got a request for {endpoint}"
            )
        if scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        with self._limits.admit(key):
            await self._app(scope, receive, send)

    def _key_of(self, authorization: str | None) -> ApiKey:
        scheme, _, key = (authorization or "").partition(" ")
        known = self._keys.find(key.strip()) if scheme.lower() == "bearer" else None
        if known is None:
            got = "none" if authorization is None else "another"
            raise UnknownKeyError(
                f"got {got}, expected an API key of this service: Authorization: Bearer KEY"
            )
        return known
