"""Reading synoptic maps of GONG, ADAPT and HMI, each by its own convention."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from astropy.time import Time

from farside.errors import (
    DamagedImageError,
    DegenerateFieldError,
    FileTooLargeError,
    ImplausibleGeometryError,
    MissingMetadataError,
    UnsupportedImageError,
)
from farside.io.fits import Cards, FitsImage, number, text
from farside.observation.instruments import card_time
from farside.sun.angles import wrap_deg
from farside.sun.carrington_grid import CarringtonGrid, Degrees, Map
from farside.sun.carrington_rotation import (
    EAST_DEG,
    SYNODIC_DAYS,
    central_longitude_deg,
    rotation_number,
    start_of,
)
from farside.sun.grid import Image

ADAPT_MISSING = -9999.0
"""Value of a missing pixel in ADAPT maps."""

SCALE_TOLERANCE = 1e-3
"""Largest relative error of a printed CDELT: 0.0111111 and 0.005556 are in use."""

ROW_TOLERANCE = 0.25
"""Largest distance, in rows, from the south pole to the southern edge by the header."""

EDGE_TOLERANCE_DEG = 1.0
"""Largest difference of two statements of a map's left edge; HMI's differ by 0.14°."""

MAX_REALISATIONS = 64
"""Largest number of realisations that is read; ADAPT publishes 12."""

MAX_CELLS = 8_000_000
"""Largest number of cells that is read; HMI's largest map has 3600 × 1440."""

_GAUSS = ("gauss", "g", "mx/cm^2", "mx/cm2", "mx cm^-2")


@dataclass(frozen=True, eq=False)
class SynopticMap:
    """Synoptic map as its file has it: row 0 south, longitude rising from `edge_deg`.

    Attributes
    ----------
    instrument
        As in ``"NSO-GONG"``.
    field_gauss, sigma_gauss
        Radial field and, if the file has it, its standard deviation, (row, column).
    edge_deg
        Carrington longitude of the left edge.
    time
        Time that the map describes.
    age_days
        Age of each longitude at `time`.
    """

    instrument: str
    field_gauss: Map
    grid: CarringtonGrid
    edge_deg: float
    time: Time
    age_days: AgeByLongitude
    sigma_gauss: Map | None = None


def read_synoptic_map(images: tuple[FitsImage, ...]) -> SynopticMap:
    """Read a synoptic map of GONG, ADAPT or HMI from the images of its file.

    Raises
    ------
    UnsupportedImageError, FileTooLargeError
        The header is not of such a map, or the map is too large.
    MissingMetadataError, ImplausibleGeometryError
        Time, unit or coordinates are missing or contradict each other.
    """
    return _reader(images[0].cards)(images)


def _reader(cards: Cards) -> Callable[[tuple[FitsImage, ...]], SynopticMap]:
    """Reader of the kind of map that the cards state."""
    telescope, content = text(cards, "TELESCOP"), text(cards, "CONTENT")
    if text(cards, "MODEL") in ("ADAPT", "FARSIDE"):  # ours in the layouts of ADAPT and WSA
        return _adapt
    if telescope.endswith("GONG") and text(cards, "CTYPE1") == "CRLN-CEA":
        return _gong
    if telescope == "SDO/HMI" and text(cards, "CTYPE1") == "CRLN-CEA":
        if "Mr" not in content and "Br" not in content:
            raise UnsupportedImageError(
                f"CONTENT of the HMI map is {content!r}, expected the radial field (Mr, Br)"
            )
        return _hmi_daily if content.startswith("Update") else _hmi_synoptic
    if content == "GENERATED MAGNETOGRAM":
        raise UnsupportedImageError(
            "a far-side magnetogram made by Farside, to be given as `generated`;"
            " expected as base a map of the whole Sun"
        )
    if text(cards, "CTYPE1").startswith("HPLN"):
        raise UnsupportedImageError(
            f"an image of the disk (TELESCOP {telescope!r}, CONTENT {content!r}), to be given as"
            " `observed`; expected as base a map of the whole Sun"
        )
    raise UnsupportedImageError(
        f"a map with TELESCOP {telescope!r}, MODEL {text(cards, 'MODEL')!r},"
        f" CONTENT {content!r}; expected one of GONG, ADAPT, HMI (synoptic or daily) or Farside"
    )


def _gong(images: tuple[FitsImage, ...]) -> SynopticMap:
    """Map of GONG: hourly (mrzqs, mrbqs), or of a whole rotation (mrmqs, dated in its middle)."""
    cards = images[0].cards
    field = _plane(images[0])
    grid = _sine_grid(cards, field)
    edge = _edge_by_axis(cards, grid, sign=1)
    if "LONG0" in cards:
        _check_edge("LONG0", _needed(cards, "LONG0"), edge)
    found = gong_time(cards, edge)
    central = central_longitude_deg(found.time)
    age = age_of_hourly_map(central) if found.hourly else age_since_crossing(edge)
    return SynopticMap("NSO-GONG", field, grid, edge, found.time, age)


def _hmi_daily(images: tuple[FitsImage, ...]) -> SynopticMap:
    """Daily synchronic frame of HMI, which begins 60° east of the central meridian.

    CRVAL1 counts Carrington time in degrees, which falls with longitude: λ = -(CRVAL1 + (i -
    CRPIX1) CDELT1). Taken as longitude, or with |CDELT1|, the map is tens of degrees off.
    """
    cards = images[0].cards
    field = _plane(images[0])
    grid = _sine_grid(cards, field)
    edge = _edge_by_axis(cards, grid, sign=-1)
    central = _needed(cards, "CRLN_OBS")
    _check_edge("CRLN_OBS - 60", central - DAILY_DISK_DEG, edge)
    time = time_of(cards, "T_OBS")
    check_rotation("T_OBS", time, _edge_rotation(cards) - DAILY_DISK_DEG / 360, "CRVAL1")
    return SynopticMap("SDO HMI", field, grid, edge, time, age_of_daily_map(central))


def _hmi_synoptic(images: tuple[FitsImage, ...]) -> SynopticMap:
    """Synoptic map of HMI: each longitude at its crossing of the central meridian."""
    cards = images[0].cards
    field = _plane(images[0])
    grid = _sine_grid(cards, field)
    edge = _edge_by_axis(cards, grid, sign=-1)
    time = time_of(cards, "T_STOP")
    check_rotation("T_STOP", time, _edge_rotation(cards), "CRVAL1")
    return SynopticMap(
        "SDO HMI", field, grid, edge, time, age_since_crossing(central_longitude_deg(time))
    )


def _adapt(images: tuple[FitsImage, ...]) -> SynopticMap:
    """Map of ADAPT: mean of the realisations, or the only one; sigma is their STDDEV."""
    cards, stack = images[0].cards, images[0].pixels
    stack = stack[None] if stack.ndim == 2 else stack
    if not 1 <= len(stack) <= MAX_REALISATIONS:
        raise UnsupportedImageError(f"{len(stack)} realisations, expected 1 to {MAX_REALISATIONS}")
    if _needed(cards, "LATTYPE") != 0:
        raise UnsupportedImageError(f"LATTYPE is {cards['LATTYPE']}, expected 0 (latitude)")
    _check_unit(cards, needed=False)
    grid = CarringtonGrid(stack.shape[2], stack.shape[1], "uniform")
    sigma = _adapt_sigma(images, grid)
    time = time_of(cards, "MAPTIME")
    stated = number(cards, "MAPCR")
    if stated is not None:
        check_rotation("MAPTIME", time, stated, "MAPCR")
    # ADAPT transports what was observed last; it cannot know the flux that emerged since.
    age = age_of_daily_map(central_longitude_deg(time))
    return SynopticMap(
        "ADAPT", _mean(stack), grid, _needed(cards, "CRLNGEDG") % 360, time, age, sigma
    )


def _adapt_sigma(images: tuple[FitsImage, ...], grid: CarringtonGrid) -> Map | None:
    image = next((each for each in images if text(each.cards, "EXTNAME") == "STDDEV"), None)
    if image is None:
        return None
    if image.pixels.shape != grid.shape:
        raise ImplausibleGeometryError(
            f"STDDEV is {image.pixels.shape}, expected the shape of the map, {grid.shape}"
        )
    return _present(image.pixels)


def _mean(stack: Image) -> Map:
    """Mean of the realisations, summed one by one: all in double precision may take gigabytes."""
    _check_size(stack[0])
    total = np.zeros(stack.shape[1:])
    for plane in stack:
        total += _present(plane)
    return total / len(stack)


def _plane(image: FitsImage) -> Map:
    if image.pixels.ndim != 2:
        raise UnsupportedImageError(f"an array of {image.pixels.shape}, expected one plane")
    _check_unit(image.cards, needed=True)
    _check_size(image.pixels)
    return _present(image.pixels)


def _check_unit(cards: Cards, *, needed: bool) -> None:
    """Refuse a unit other than gauss; `needed` is false for ADAPT, whose files have no BUNIT."""
    unit = cards.get("BUNIT", "")
    if unit == "" and not needed:
        return
    if unit == "":
        raise MissingMetadataError("BUNIT is missing, expected gauss or Mx/cm^2")
    if str(unit).strip().lower() not in _GAUSS:
        raise UnsupportedImageError(f"BUNIT is {unit!r}, expected gauss or Mx/cm^2")


def _check_size(plane: Image) -> None:
    if plane.size > MAX_CELLS:
        raise FileTooLargeError(f"a map of {plane.size} cells, expected at most {MAX_CELLS}")


def _present(pixels: Image) -> Map:
    """Pixels in double precision, NaN where missing or stronger than any field of the Sun."""
    return mask_impossible(np.where(pixels == ADAPT_MISSING, np.nan, pixels.astype(np.float64)))


def _sine_grid(cards: Cards, field: Map) -> CarringtonGrid:
    """Grid of a map of the whole sphere in sine latitude, row 0 south.

    GONG and HMI count CDELT2 in sine latitude, the FITS convention in degrees of 180/π sine
    latitude (Thompson 2006, A&A 449, 791, Sect. 5.5); they differ by a factor of 57, so that
    there is no doubt which is meant.
    """
    rows, columns = field.shape
    if text(cards, "CTYPE2") != "CRLT-CEA":
        raise UnsupportedImageError(f"CTYPE2 is {cards.get('CTYPE2')!r}, expected 'CRLT-CEA'")
    around, step = abs(_needed(cards, "CDELT1")), _needed(cards, "CDELT2")
    if not _is_near(around, 360 / columns):
        raise ImplausibleGeometryError(
            f"CDELT1 is {around:g}, expected {360 / columns:g} for {columns} columns around the Sun"
        )
    unit = next((size for size in (1.0, math.degrees(1)) if _is_near(step, 2 * size / rows)), None)
    if unit is None:
        raise ImplausibleGeometryError(
            f"CDELT2 is {step:g}, expected {2 / rows:g} (sine latitude) or"
            f" {math.degrees(2 / rows):g} (degrees) for {rows} rows from pole to pole"
        )
    south = (_needed(cards, "CRVAL2") + (0.5 - _needed(cards, "CRPIX2")) * step) / unit
    if abs(south + 1) > ROW_TOLERANCE * 2 / rows:
        raise ImplausibleGeometryError(
            f"the map begins at sine latitude {south:.4f} by CRVAL2 {_needed(cards, 'CRVAL2'):g}"
            f" and CRPIX2 {_needed(cards, 'CRPIX2'):g}, expected -1"
        )
    return CarringtonGrid(columns, rows, "sine")


def _is_near(found: float, expected: float) -> bool:
    return abs(found - expected) <= SCALE_TOLERANCE * expected


def _edge_by_axis(cards: Cards, grid: CarringtonGrid, sign: int) -> float:
    """Longitude of the left edge; `sign` is -1 where the axis counts Carrington time."""
    step = _needed(cards, "CDELT1")
    if sign * step < 0:
        raise ImplausibleGeometryError(f"CDELT1 is {step:g}, expected {sign * grid.step_deg:g}")
    # Rounded, so that an edge at 359.9999999 is one at 0.
    return round(sign * _axis_at_edge(cards), 6) % 360.0


def _edge_rotation(cards: Cards) -> float:
    """Carrington time of the left edge of HMI's maps, whose axis counts it as 360 (N - 1).

    Only its fraction is known if another tool has wrapped the axis to 0 to 360.
    """
    edge = _axis_at_edge(cards)
    return edge / 360 + 1 if abs(edge) > 720 else edge % 360 / 360


def _axis_at_edge(cards: Cards) -> float:
    value, pixel, step = (_needed(cards, key) for key in ("CRVAL1", "CRPIX1", "CDELT1"))
    edge = value + (0.5 - pixel) * step
    if not abs(edge) <= 360 * ROTATIONS[1]:
        raise ImplausibleGeometryError(
            f"the axis begins at {edge:g} by CRVAL1, CRPIX1 and CDELT1, expected at most"
            f" {360 * ROTATIONS[1]}"
        )
    return edge


def _check_edge(name: str, stated_deg: float, found_deg: float) -> None:
    if abs(wrap_deg(stated_deg - found_deg)) > EDGE_TOLERANCE_DEG:
        raise ImplausibleGeometryError(
            f"the axis begins at longitude {found_deg:.2f}°, expected {stated_deg % 360:.2f}° by"
            f" {name}"
        )


def _needed(cards: Cards, key: str) -> float:
    value = number(cards, key)
    if value is None:
        raise MissingMetadataError(f"{key} is {cards.get(key)!r}, expected a number")
    return value


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


AgeByLongitude = Callable[[Degrees], Degrees]
"""Function from longitude, degrees, to days before the time of the map."""

DAILY_DISK_DEG = 60.0
"""Distance from the central meridian within which daily maps (HMI, GONG) show the current disk."""


def age_since_crossing(central_deg: float) -> AgeByLongitude:
    """Age by the last crossing of the central meridian, for maps of a whole rotation."""
    return lambda longitude_deg: _days((longitude_deg - central_deg) % 360)


def age_of_daily_map(central_deg: float) -> AgeByLongitude:
    """Age by the last crossing, but 0 within 60° of the central meridian (daily frames of HMI)."""

    def age(longitude_deg: Degrees) -> Degrees:
        west = (longitude_deg - central_deg + DAILY_DISK_DEG) % 360 - DAILY_DISK_DEG
        return np.where(west <= DAILY_DISK_DEG, 0.0, _days(west))

    return age


def age_of_hourly_map(central_deg: float) -> AgeByLongitude:
    """Age in hourly maps of GONG: days since the crossing, 0 where that is still to come.

    Their mean is weighted by cos⁴ of the distance from the meridian, so that on average a longitude
    is as old as its crossing.
    """

    def age(longitude_deg: Degrees) -> Degrees:
        west = (longitude_deg - central_deg + DAILY_DISK_DEG) % 360 - DAILY_DISK_DEG
        return _days(np.maximum(west, 0.0))

    return age


def _days(turned_deg: Degrees) -> Degrees:
    return turned_deg * SYNODIC_DAYS / 360


STRONGEST_GAUSS = 10_000.0
"""Greatest field of a cell. The strongest field observed is 6.3 kG (Okamoto & Sakurai 2018)."""

MEAN_GAUSS = 0.05, 300.0
"""Bounds of the mean unsigned field. Synoptic maps have 1.6 G (GONG, solar minimum) to some 15 G
(HMI, maximum)."""

IMBALANCE_LIMIT = 0.5
"""Largest ratio of net to unsigned flux. GONG's uncorrected maps (mrbqs) have 0.1; counts and
errors have 1."""

COUNT_LIMIT = 100.0
"""Value up to which a map of whole numbers only is taken for counts or a mask: a field, averaged
over many pixels, has fractions."""

MISSING_LIMIT = 0.05
"""Largest missing fraction of the sphere. HMI's daily frame lacks 0.6 % at the pole that is tilted
away; a gap of days in a rotation hides active regions. A choice."""


def mask_impossible(field: Map) -> Map:
    """Copy of a map with NaN in cells stronger than any field of the Sun."""
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(field) <= STRONGEST_GAUSS, field, np.nan)


def check_field(field_gauss: Map, grid: CarringtonGrid) -> None:
    """Refuse a map that cannot be the radial field of the whole Sun in gauss.

    Raises
    ------
    DamagedImageError
        More than `MISSING_LIMIT` of the sphere has no possible value.
    DegenerateFieldError
        The map is zero, or has one value everywhere.
    UnsupportedImageError
        The values are another quantity: counts, a mask, errors, or a field in another unit.
    """
    known = np.isfinite(field_gauss)
    area = np.where(known, grid.area, 0.0)
    missing = 1 - float(area.sum())
    if missing > MISSING_LIMIT:
        raise DamagedImageError(
            f"{missing:.1%} of the sphere is missing or beyond {STRONGEST_GAUSS:.0f} G,"
            f" expected at most {MISSING_LIMIT:.0%}"
        )
    values = field_gauss[known]
    if values.min() == values.max():
        raise DegenerateFieldError(f"every cell is {values[0]:g}, expected a field of both signs")
    filled = np.where(known, field_gauss, 0.0)
    net, unsigned = (float((plane * area).sum()) for plane in (filled, np.abs(filled)))
    if abs(net) > IMBALANCE_LIMIT * unsigned:
        raise UnsupportedImageError(
            f"net flux is {net / unsigned:+.0%} of the unsigned flux: counts, errors or another"
            f" quantity; expected a radial field, within {IMBALANCE_LIMIT:.0%}"
        )
    if np.abs(values).max() <= COUNT_LIMIT and (values == np.rint(values)).all():
        raise UnsupportedImageError(
            f"all values are whole numbers from {values.min():g} to {values.max():g}: counts or a"
            " mask; expected a radial field in gauss"
        )
    if not MEAN_GAUSS[0] <= unsigned <= MEAN_GAUSS[1]:
        raise UnsupportedImageError(
            f"the mean unsigned field is {unsigned:.3g} G: another unit or quantity;"
            f" expected {MEAN_GAUSS[0]:g} to {MEAN_GAUSS[1]:g} G"
        )
