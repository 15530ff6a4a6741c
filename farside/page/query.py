"""Parameters of the archive's addresses, checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from farside.archive.naming import Name
from farside.errors import NotArchivedError, RequestError

MAX_LIMIT = 500
"""Largest page of products."""

MAX_DAYS = 60.0
"""Longest history of a region: two rotations."""

MAX_TEXT = 200

KINDS = ("magnetogram", "map")


@dataclass(frozen=True)
class ProductQuery:
    """Parameters of ``GET /archive/products``: conditions, and one page of what meets them.

    Attributes
    ----------
    kind, series, spacecraft
        Magnetograms or maps, one series, one spacecraft.
    first, end
        Earliest slot, and end of the period (exclusive), UTC.
    superseded
        Whether earlier issues are included.
    after
        `next` of the page before.
    limit
        Largest number of products of the page, 1 to 500.
    """

    kind: str | None = None
    series: str | None = None
    spacecraft: str | None = None
    first: datetime | None = None
    end: datetime | None = None
    superseded: bool = False
    after: Name | None = None
    limit: int = 100

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Self:
        """Parse the parameters of an address.

        Raises
        ------
        RequestError
            A parameter is unknown, or its value is not of its kind.
        """
        names = {"from": "first", "to": "end"} | {each.name: each.name for each in fields(cls)}
        check_names(given, tuple(name for name in names if name not in ("first", "end")))
        values = {names[key]: _PARSERS.get(key, _short)(text) for key, text in given.items()}
        return cls(**values)  # type: ignore[arg-type]  # by name


def check_names(given: Mapping[str, str], known: tuple[str, ...]) -> None:
    """Refuse unknown parameters.

    Raises
    ------
    RequestError
        Names the first of them.
    """
    unknown = next((name for name in given if name not in known), None)
    if unknown is not None:
        listed = ", ".join(known) or "none"
        raise RequestError(f"no parameter {unknown[:80]!r} here, expected: {listed}")


def name_of(text: str) -> Name:
    """Name of a product from its id.

    Raises
    ------
    NotArchivedError
        No product can have this id.
    """
    try:
        slot = datetime.strptime(text.rsplit("_", 2)[-2], "%Y%m%dT%H%M%S")
        name = Name.of_path(Path(f"{slot:%Y/%m/%d}") / f"{text}.fits")
    except (ValueError, IndexError):
        name = None
    if name is None:
        raise NotArchivedError(f"no product {text[:MAX_TEXT]!r} in the archive")
    return name


def number_of(text: str, name: str, least: float, most: float) -> float:
    """Number within limits.

    Raises
    ------
    RequestError
        It is none, or outside them.
    """
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise RequestError(f"{name} is {text[:80]!r}, expected a number {least:g} to {most:g}")
    return value


def time_of(text: str) -> datetime:
    """Time in ISO 8601; UTC if it has no zone.

    Raises
    ------
    RequestError
        It is none.
    """
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:  # its zone may lead out of the calendar
        raise RequestError(
            f"the time is {text[:80]!r}, expected ISO 8601, e.g. 2026-11-01T00:00:00"
        ) from error


def _kind(text: str) -> str:
    if text not in KINDS:
        raise RequestError(f"kind is {text[:80]!r}, expected one of {', '.join(KINDS)}")
    return text


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise RequestError(f"superseded is {text[:80]!r}, expected true or false")
    return text == "true"


def _short(text: str) -> str:
    return text[:MAX_TEXT]


_PARSERS: Mapping[str, Callable[[str], object]] = {
    "kind": _kind,
    "from": time_of,
    "to": time_of,
    "superseded": _truth,
    "after": name_of,
    "limit": lambda text: int(number_of(text, "limit", 1, MAX_LIMIT)),
}
