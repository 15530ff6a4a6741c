"""Parsing of times, and formatting of durations, for the command line and messages."""

from __future__ import annotations

from astropy.time import Time


def parse_time(text: str) -> Time:
    """Parse a time (UTC) such as ``2026-11-01T00:00:00``, ``2026-11-01T00:00Z`` or a date.

    Raises
    ------
    ValueError
        `text` is not a time.
    """
    try:
        return Time(text, format="isot", scale="utc")
    except ValueError as error:
        raise ValueError(f"{text!r} is not a time; expected e.g. 2026-11-01T00:00:00") from error


def format_duration(hours: float) -> str:
    """Format a duration with its unit: in hours below 100 h, in days above."""
    return f"{round(hours, 1):g} h" if abs(hours) < 100 else f"{hours / 24:.1f} d"
