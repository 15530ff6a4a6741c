"""Times and durations as people write them."""

from __future__ import annotations

from astropy.time import Time


def moment(text: str) -> Time:
    """The time, UTC, of a text such as ``2026-11-01T00:00:00``, ``2026-11-01T00:00Z`` or a date.

    Raises
    ------
    ValueError
        It is none.
    """
    try:
        return Time(text, format="isot", scale="utc")
    except ValueError as error:
        raise ValueError(f"{text!r} is no time; expected e.g. 2026-11-01T00:00:00") from error


def duration(hours: float) -> str:
    """Write a duration with its unit: in hours below 100 h, in days from there on."""
    return f"{round(hours, 1):g} h" if abs(hours) < 100 else f"{hours / 24:.1f} d"
