"""Time of a global map: header cards that say it twice must agree, and fit the map's left edge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from astropy.time import Time

from farside.errors import ImplausibleGeometryError, MissingMetadataError
from farside.io.fits import Cards, number, text
from farside.observation.instruments import instant
from farside.sun.angles import folded_deg
from farside.sun.carrington_rotation import EAST_DEG, central_longitude_deg, rotation, start_of

TIME_TOLERANCE_DEG = 2.0
"""Between two readings of one time, as the Sun turns: 3.6 h. GONG's left edges are whole degrees,
and its CRNOW is up to 0.9° off."""

YEARS = 1970, 2100
"""Of a map. Placeholder dates (years 1, 9999) lie outside."""

ROTATIONS = 1500, 3700
"""Carrington rotations of those years, roughly."""

WHOLE_ROTATION_DEG = 180
"""From the left edge of a whole-rotation map of GONG to the meridian of its DATE, its middle."""


@dataclass(frozen=True)
class GongTime:
    """When a GONG map was made.

    Attributes
    ----------
    time
        UTC; of an hourly map the time of its last image, of a whole rotation its end.
    hourly
        Whether the map ends with the disk of `time` (mrzqs, mrbqs), or is of a rotation (mrmqs).
    """

    time: Time
    hourly: bool


@dataclass(frozen=True)
class _Reading:
    """A time by some cards, and the Carrington time of its central meridian."""

    name: str
    time: Time
    rotation: float

    def __str__(self) -> str:
        return f"{self.name} {self.time.isot[:16]}"


def time_of(cards: Cards, key: str) -> Time:
    """Time of a card.

    Raises
    ------
    MissingMetadataError
        It holds no time of the years that maps are of.
    """
    time = _instant(text(cards, key))
    if time is None:
        raise MissingMetadataError(
            f"{key} is {cards.get(key)!r}, a time of the years {YEARS[0]} to {YEARS[1]} is expected"
        )
    return time


def check_rotation(name: str, time: Time, stated: float, source: str) -> None:
    """Hold a time against the Carrington time of its central meridian that the map states.

    Parameters
    ----------
    name
        Card of the time.
    stated, source
        Carrington time, in rotations, and the cards it comes from; below 3, only its fraction is
        known.

    Raises
    ------
    ImplausibleGeometryError
        They differ by more than `TIME_TOLERANCE_DEG`.
    """
    if abs(_apart_deg(rotation(time), stated)) > TIME_TOLERANCE_DEG:
        raise ImplausibleGeometryError(
            f"{name} is {time.isot[:19]}, in Carrington rotation {rotation(time):.3f};"
            f" by {source}, {stated:.3f} is expected"
        )


def gong_time(cards: Cards, edge_deg: float) -> GongTime:
    """Find the time of a GONG map among the cards that state it.

    DATE-OBS + TIME-OBS, MAPDATE + MAPTIME and CRNOW are tried in this order; DATE only where they
    are not there, since it is that of the file (FITS standard 4.0, section 4.4.2.1), which copies
    change. The first that puts the central meridian 60° east of the left edge is taken (hourly
    maps); else, of a map that was rolled to another edge, the one that agrees with CRNOW, which
    hourly maps alone have; else one with the central meridian 180° from the edge (whole rotations).

    Parameters
    ----------
    edge_deg
        Carrington longitude of the left edge.

    Raises
    ------
    MissingMetadataError
        No card states a time.
    ImplausibleGeometryError
        None fits.
    """
    readings = tuple(_readings(cards)) or tuple(_dated(cards, "DATE"))
    if not readings:
        raise MissingMetadataError(
            f"no time: DATE is {cards.get('DATE')!r}; DATE-OBS and TIME-OBS, MAPDATE and MAPTIME,"
            f" CRNOW or DATE of the years {YEARS[0]} to {YEARS[1]} is expected"
        )
    edge = (number(cards, "CAR_ROT") or 0.0) + (360 - edge_deg) / 360
    for reading in readings:
        if abs(_apart_deg(reading.rotation, edge - EAST_DEG / 360)) <= TIME_TOLERANCE_DEG:
            return GongTime(reading.time, hourly=True)
    now = next((each for each in readings if each.name == "CRNOW"), None)
    for reading in readings:
        if now is None or reading is now:
            continue
        if abs(_apart_deg(reading.rotation, now.rotation)) <= TIME_TOLERANCE_DEG:
            return GongTime(reading.time, hourly=True)
    for reading in readings:
        off_deg = _apart_deg(reading.rotation, edge - WHOLE_ROTATION_DEG / 360)
        if abs(off_deg) <= TIME_TOLERANCE_DEG:
            ended = reading.rotation + (WHOLE_ROTATION_DEG - off_deg) / 360
            return GongTime(start_of(ended).utc, hourly=False)
    found = ", ".join(
        f"{each} (meridian at {central_longitude_deg(each.time):.0f}°)" for each in readings
    )
    raise ImplausibleGeometryError(
        f"no time in the header fits a map that begins at longitude {edge_deg:.2f}°: found {found};"
        f" a central meridian at {(edge_deg + EAST_DEG) % 360:.0f}° (hourly map) or"
        f" {(edge_deg + WHOLE_ROTATION_DEG) % 360:.0f}° (whole rotation), in the rotation of"
        " CAR_ROT, is expected"
    )


def _readings(cards: Cards) -> Iterator[_Reading]:
    yield from _dated(cards, "DATE-OBS", "TIME-OBS")
    yield from _dated(cards, "MAPDATE", "MAPTIME")
    now = number(cards, "CRNOW")
    if now is not None and ROTATIONS[0] <= now <= ROTATIONS[1]:
        yield _Reading("CRNOW", start_of(now).utc, now)


def _dated(cards: Cards, date_key: str, clock_key: str = "") -> Iterator[_Reading]:
    """Reading of a date with its clock, which may have a card of its own and lack the seconds."""
    date, clock = text(cards, date_key), text(cards, clock_key)
    whole = date if len(date) > len("YYYY-MM-DD") else f"{date}T{clock}"
    whole += ":00" if whole.count(":") == 1 else ""
    time = _instant(whole)
    if time is not None:
        yield _Reading(date_key, time, rotation(time))


def _instant(words: str) -> Time | None:
    """Time of a text, of the years that maps are of: others are no dates, but placeholders."""
    year = words[:4]
    if not (year.isdecimal() and YEARS[0] <= int(year) < YEARS[1]):
        return None
    return instant({"": words}, "")


def in_years(time: Time) -> bool:
    """Whether a time lies in `YEARS`."""
    return YEARS[0] <= float(time.jyear) <= YEARS[1]


def _apart_deg(found: float, stated: float) -> float:
    """Difference of two Carrington times; only of their fractions where one has no number."""
    apart_deg = 360 * (found - stated)
    return folded_deg(apart_deg) if stated < 3 else apart_deg
