"""Time of a global map: the cards that state it must agree with each other and the left edge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from astropy.time import Time

from farside.errors import ImplausibleGeometryError, MissingMetadataError
from farside.io.fits import Cards, number, text
from farside.observation.instruments import card_time
from farside.sun.angles import wrap_deg
from farside.sun.carrington_rotation import (
    EAST_DEG,
    central_longitude_deg,
    rotation_number,
    start_of,
)

TIME_TOLERANCE_DEG = 2.0
"""Largest difference of two statements of one time, as solar rotation: 3.6 h. GONG's left edges are
whole degrees, and its CRNOW is up to 0.9° off."""

YEARS = 1970, 2100
"""Plausible years of a map. Placeholder dates (years 1, 9999) lie outside."""

ROTATIONS = 1500, 3700
"""Plausible Carrington rotations of a map, roughly those of `YEARS`."""

WHOLE_ROTATION_DEG = 180
"""Longitude from the left edge of GONG's whole-rotation maps to the central meridian of DATE."""


@dataclass(frozen=True)
class GongTime:
    """Time and kind of a GONG map.

    Attributes
    ----------
    time
        UTC: of the last image of an hourly map, or the end of a whole rotation.
    hourly
        Whether the map is hourly (mrzqs, mrbqs) or of a whole rotation (mrmqs).
    """

    time: Time
    hourly: bool


@dataclass(frozen=True)
class _Reading:
    """Time that some cards state, and the Carrington time of its central meridian."""

    name: str
    time: Time
    rotation_number: float

    def __str__(self) -> str:
        return f"{self.name} {self.time.isot[:16]}"


def time_of(cards: Cards, key: str) -> Time:
    """Time that a card states.

    Raises
    ------
    MissingMetadataError
        The card holds no time, or one outside `YEARS`.
    """
    time = _instant(text(cards, key))
    if time is None:
        raise MissingMetadataError(
            f"{key} is {cards.get(key)!r}, expected a time from {YEARS[0]} to {YEARS[1]}"
        )
    return time


def check_rotation(name: str, time: Time, stated: float, source: str) -> None:
    """Refuse a time that disagrees with the Carrington time that the map states.

    Parameters
    ----------
    name
        Card of the time.
    stated
        Carrington time of the central meridian, rotations; below 3, only its fraction is known.
    source
        Cards that `stated` comes from.

    Raises
    ------
    ImplausibleGeometryError
        They differ by more than `TIME_TOLERANCE_DEG`.
    """
    if abs(_apart_deg(rotation_number(time), stated)) > TIME_TOLERANCE_DEG:
        raise ImplausibleGeometryError(
            f"{name} is {time.isot[:19]}, in Carrington rotation {rotation_number(time):.3f};"
            f" expected {stated:.3f} by {source}"
        )


def gong_time(cards: Cards, edge_deg: float) -> GongTime:
    """Find the time of a GONG map among the cards that state it.

    DATE-OBS + TIME-OBS, MAPDATE + MAPTIME and CRNOW are tried in this order; DATE only without
    them, since it is the date of the file (FITS standard 4.0, section 4.4.2.1), which copies
    change. Taken is the first that puts the central meridian 60° from the left edge (hourly maps);
    else, for a map that was rolled to another edge, the first that agrees with CRNOW, which only
    hourly maps have; else one with the central meridian 180° from the edge (whole rotations).

    Parameters
    ----------
    edge_deg
        Carrington longitude of the left edge.

    Raises
    ------
    MissingMetadataError
        No card states a time.
    ImplausibleGeometryError
        No stated time fits the left edge.
    """
    readings = tuple(_readings(cards)) or tuple(_dated(cards, "DATE"))
    if not readings:
        raise MissingMetadataError(
            f"no time: DATE is {cards.get('DATE')!r}; expected DATE-OBS and TIME-OBS, MAPDATE and"
            f" MAPTIME, CRNOW or DATE from {YEARS[0]} to {YEARS[1]}"
        )
    edge = (number(cards, "CAR_ROT") or 0.0) + (360 - edge_deg) / 360
    for reading in readings:
        if abs(_apart_deg(reading.rotation_number, edge - EAST_DEG / 360)) <= TIME_TOLERANCE_DEG:
            return GongTime(reading.time, hourly=True)
    now = next((each for each in readings if each.name == "CRNOW"), None)
    for reading in readings:
        if now is None or reading is now:
            continue
        if abs(_apart_deg(reading.rotation_number, now.rotation_number)) <= TIME_TOLERANCE_DEG:
            return GongTime(reading.time, hourly=True)
    for reading in readings:
        off_deg = _apart_deg(reading.rotation_number, edge - WHOLE_ROTATION_DEG / 360)
        if abs(off_deg) <= TIME_TOLERANCE_DEG:
            ended = reading.rotation_number + (WHOLE_ROTATION_DEG - off_deg) / 360
            return GongTime(start_of(ended).utc, hourly=False)
    found = ", ".join(
        f"{each} (meridian at {central_longitude_deg(each.time):.0f}°)" for each in readings
    )
    raise ImplausibleGeometryError(
        f"no time in the header fits a map that begins at longitude {edge_deg:.2f}°: found {found};"
        f" expected a central meridian at {(edge_deg + EAST_DEG) % 360:.0f}° (hourly map) or"
        f" {(edge_deg + WHOLE_ROTATION_DEG) % 360:.0f}° (whole rotation), in the rotation of"
        " CAR_ROT"
    )


def _readings(cards: Cards) -> Iterator[_Reading]:
    yield from _dated(cards, "DATE-OBS", "TIME-OBS")
    yield from _dated(cards, "MAPDATE", "MAPTIME")
    now = number(cards, "CRNOW")
    if now is not None and ROTATIONS[0] <= now <= ROTATIONS[1]:
        yield _Reading("CRNOW", start_of(now).utc, now)


def _dated(cards: Cards, date_key: str, clock_key: str = "") -> Iterator[_Reading]:
    """Time of a date card with its clock, which may be in a card of its own, without seconds."""
    date, clock = text(cards, date_key), text(cards, clock_key)
    whole = date if len(date) > len("YYYY-MM-DD") else f"{date}T{clock}"
    whole += ":00" if whole.count(":") == 1 else ""
    time = _instant(whole)
    if time is not None:
        yield _Reading(date_key, time, rotation_number(time))


def _instant(words: str) -> Time | None:
    """Time in a text; None for no time, or a placeholder outside `YEARS`."""
    year = words[:4]
    if not (year.isdecimal() and YEARS[0] <= int(year) < YEARS[1]):
        return None
    return card_time({"": words}, "")


def is_plausible_time(time: Time) -> bool:
    """Whether a time lies in `YEARS`."""
    return YEARS[0] <= float(time.jyear) <= YEARS[1]


def _apart_deg(found: float, stated: float) -> float:
    """Difference of two Carrington times; of their fractions only if `stated` has no number."""
    apart_deg = 360 * (found - stated)
    return wrap_deg(apart_deg) if stated < 3 else apart_deg
