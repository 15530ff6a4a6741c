"""API keys of a service: what a client sends, and the line by which the service knows it.

A key is 256 random bits. Nobody guesses it, however fast the hash is, so one SHA-256 suffices; slow
hashes (scrypt, bcrypt) are for passwords that people choose.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from hashlib import sha256

PREFIX = "farside_"
"""Beginning of every key, by which scanners of leaked secrets find it."""

FORMAT = "NAME sha256:HASH [per_minute=N] [places=N] [only=ENDPOINT,…]"
"""Line of a key."""

ENDPOINTS = ("generate", "synchronic", "jobs", "models", "archive", "metrics")
"""Endpoints that a key may be limited to, by the first component of their path."""

_LINE = re.compile(
    r"(?P<name>[A-Za-z][A-Za-z0-9_-]{0,31})\s+sha256:(?P<digest>[0-9a-f]{64})"
    r"(\s+per_minute=(?P<per_minute>[1-9]\d{0,5}))?"
    r"(\s+places=(?P<places>[1-9]\d{0,5}))?"
    r"(\s+only=(?P<only>[a-z]+(,[a-z]+)*))?"
)


@dataclass(frozen=True)
class ApiKey:
    """What a service knows of an API key.

    Attributes
    ----------
    name
        Name of its client, for the log and the metrics.
    digest
        SHA-256 of the key, hexadecimal.
    per_minute
        Most uploads in a minute; None for no limit.
    places
        Most uploads at a time; None for no limit.
    only
        Endpoints that the key opens, such as ``("metrics",)``; empty for all.
    """

    name: str
    digest: str
    per_minute: int | None = None
    places: int | None = None
    only: tuple[str, ...] = ()

    @classmethod
    def parse(cls, line: str) -> ApiKey:
        """Read the line of a key.

        Raises
        ------
        ValueError
            It is not of :data:`FORMAT`, whose message does not repeat it, as it may hold a key; or
            it names an endpoint that is none of :data:`ENDPOINTS`.
        """
        found = _LINE.fullmatch(line.strip())
        if found is None:
            raise ValueError(f"got another text than a line of an API key, expected {FORMAT}")
        per_minute, places, only = (found[name] for name in ("per_minute", "places", "only"))
        for endpoint in only.split(",") if only else ():
            if endpoint not in ENDPOINTS:
                raise ValueError(f"only: got {endpoint!r}, expected of {', '.join(ENDPOINTS)}")
        return cls(
            found["name"],
            found["digest"],
            int(per_minute) if per_minute else None,
            int(places) if places else None,
            tuple(only.split(",")) if only else (),
        )

    def line(self) -> str:
        """The line of the key."""
        limits = {"per_minute": self.per_minute, "places": self.places, "only": ",".join(self.only)}
        words = [f"{name}={value}" for name, value in limits.items() if value]
        return " ".join([self.name, f"sha256:{self.digest}", *words])


def digest_of(key: str) -> str:
    """SHA-256 of a key, hexadecimal."""
    return sha256(key.encode()).hexdigest()


def make_key(
    name: str,
    per_minute: int | None = None,
    places: int | None = None,
    only: tuple[str, ...] = (),
) -> tuple[str, ApiKey]:
    """Make a key for a client, and what the service is to know of it.

    Raises
    ------
    ValueError
        The name or a limit cannot stand in a line of :data:`FORMAT`.
    """
    key = PREFIX + secrets.token_urlsafe(32)
    known = ApiKey(name, digest_of(key), per_minute, places, only)
    return key, ApiKey.parse(known.line())
