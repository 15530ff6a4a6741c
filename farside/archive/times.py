"""Times as names and the index have them: UTC, to the millisecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from astropy.time import Time

MIDNIGHT = datetime(2000, 1, 1, tzinfo=UTC)
"""Of a day; slots are counted from any."""


def instant(time: Time) -> datetime:
    """A time that compares and sorts quickly; a leap second counts as the one before it."""
    return parsed(str(time.utc.isot).replace(":60", ":59"))


def parsed(text: str) -> datetime:
    """Read what :func:`written` wrote, or any ISO time without a zone."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def written(moment: datetime) -> str:
    """As in ``2026-02-14T00:00:00.000``: texts sort as the times do."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")


def slot_of(moment: datetime, cadence: timedelta) -> datetime:
    """The multiple of `cadence`, counted from midnight, that lies nearest."""
    return MIDNIGHT + (moment - MIDNIGHT + cadence / 2) // cadence * cadence


def hours_apart(one: datetime, other: datetime) -> float:
    """Without sign."""
    return abs(one - other) / timedelta(hours=1)
