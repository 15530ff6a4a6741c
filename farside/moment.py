"""A time as people give it."""

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
        raise ValueError(f"{text!r} is no time; wanted e.g. 2026-11-01T00:00:00") from error
