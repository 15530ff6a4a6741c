"""UTC times of names and index, to the millisecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from astropy.time import Time

SLOT_ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)
"""Origin from which slots are counted: any midnight."""


def to_datetime(time: Time) -> datetime:
    """Convert to a UTC datetime; a leap second becomes the second before it."""
    return parse_datetime(str(time.utc.isot).replace(":60", ":59"))


def parse_datetime(text: str) -> datetime:
    """Parse an ISO 8601 time without a zone as UTC, e.g. one of :func:`isoformat`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def isoformat(moment: datetime) -> str:
    """Format as ``2026-02-14T00:00:00.000``, which sorts like the time."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")


def slot_of(moment: datetime, cadence: timedelta) -> datetime:
    """Nearest multiple of `cadence` since midnight."""
    return SLOT_ORIGIN + (moment - SLOT_ORIGIN + cadence / 2) // cadence * cadence
