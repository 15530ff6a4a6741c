"""Global maps of GONG, ADAPT and HMI as their files hold them, each by its own convention."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from astropy.time import Time
from sunpy.coordinates import sun

from farside.angles import folded_deg
from farside.carrington import CarringtonGrid, Map
from farside.carringtontime import central_longitude_deg
from farside.errors import (
    ImplausibleGeometryError,
    MissingMetadataError,
    UnsupportedImageError,
)
from farside.fitsfile import Cards, FitsImage, number, text
from farside.grid import Image
from farside.instruments import instant
from farside.mapage import SEEN_DEG, Age, age_but_on_disk, age_of_crossing, age_when_averaged

ADAPT_MISSING = -9999.0
"""ADAPT's value of a missing pixel."""

SCALE_TOLERANCE = 1e-3
"""Printed steps against whole turns: 0.0111111 and 0.005556 are in use."""

HOURLY_TOLERANCE_DEG = 5.0
"""Of the central meridian of hourly GONG maps; a whole rotation is dated some 120° from there."""

EDGE_TOLERANCE_DEG = 1.0
"""Between two statements of where a map begins; HMI's differ by 0.14°."""

MAX_REALISATIONS = 64
"""ADAPT publishes 12."""

_GAUSS = {"", "gauss", "g", "mx/cm^2"}


@dataclass(frozen=True, eq=False)
class Chart:
    """A map as its file holds it: row 0 south, longitude rising from any edge."""

    instrument: str
    field_gauss: Map
    grid: CarringtonGrid
    edge_deg: float
    time: Time
    age_days: Age
    sigma_gauss: Map | None = None


def read_chart(images: tuple[FitsImage, ...]) -> Chart:
    """Take the images of a file for the map that its header says they are.

    Raises
    ------
    UnsupportedImageError
        It is no map that is read.
    MissingMetadataError, ImplausibleGeometryError
        Time or coordinates are not certain.
    """
    return _reader(images[0].cards)(images)


def _reader(cards: Cards) -> Callable[[tuple[FitsImage, ...]], Chart]:
    """By whose map it is."""
    telescope, content = text(cards, "TELESCOP"), text(cards, "CONTENT")
    if text(cards, "MODEL") == "ADAPT":
        return _adapt
    if telescope.endswith("GONG") and text(cards, "CTYPE1") == "CRLN-CEA":
        return _gong
    if telescope == "SDO/HMI" and text(cards, "CTYPE1") == "CRLN-CEA":
        if "Mr" not in content and "Br" not in content:
            raise UnsupportedImageError(
                f"CONTENT of the HMI map is {content!r}, one of the radial field (Mr, Br) is wanted"
            )
        return _hmi_daily if content.startswith("Update") else _hmi_synoptic
    raise UnsupportedImageError(
        f"a map with TELESCOP {telescope!r}, MODEL {text(cards, 'MODEL')!r},"
        f" CONTENT {content!r}; GONG, ADAPT, HMI (synoptic or daily) or Farside is wanted"
    )


def _gong(images: tuple[FitsImage, ...]) -> Chart:
    """Hourly (mrzqs, mrbqs), or of a whole rotation (mrmqs) and dated in its middle.

    The hourly ones begin 60° east of the central meridian, where LONG0 is.
    """
    cards = images[0].cards
    field = _plane(images[0])
    grid = _sine_grid(cards, field)
    edge = _needed(cards, "LONG0")
    _check_edge("LONG0", edge, _edge_by_axis(cards, grid, sign=1))
    time = _instant_of(cards, "DATE")
    if _apart_deg(central_longitude_deg(time), edge + SEEN_DEG) <= HOURLY_TOLERANCE_DEG:
        return Chart("NSO-GONG", field, grid, edge, time, age_when_averaged(edge + SEEN_DEG))
    ended = sun.carrington_rotation_time(_needed(cards, "CAR_ROT") + 1 - edge / 360)
    return Chart("NSO-GONG", field, grid, edge, ended.utc, age_of_crossing(edge))


def _hmi_daily(images: tuple[FitsImage, ...]) -> Chart:
    """The disk of the day in a synoptic chart: it begins 60° east of the central meridian.

    CRVAL1 counts Carrington time in degrees, which falls with longitude: λ = -(CRVAL1 + (i -
    CRPIX1) CDELT1). Taken as longitude, or with |CDELT1|, the map lies tens of degrees off.
    """
    cards = images[0].cards
    field = _plane(images[0])
    grid = _sine_grid(cards, field)
    edge = _edge_by_axis(cards, grid, sign=-1)
    central = _needed(cards, "CRLN_OBS")
    _check_edge("CRLN_OBS - 60", central - SEEN_DEG, edge)
    time = _instant_of(cards, "T_OBS")
    return Chart("SDO HMI", field, grid, edge, time, age_but_on_disk(central))


def _hmi_synoptic(images: tuple[FitsImage, ...]) -> Chart:
    """Each longitude as it crossed the central meridian, until the end of the rotation."""
    cards = images[0].cards
    field = _plane(images[0])
    grid = _sine_grid(cards, field)
    edge = _edge_by_axis(cards, grid, sign=-1)
    time = _instant_of(cards, "T_STOP")
    return Chart("SDO HMI", field, grid, edge, time, age_of_crossing(central_longitude_deg(time)))


def _adapt(images: tuple[FitsImage, ...]) -> Chart:
    """Mean over the realisations; sigma is their STDDEV."""
    cards, stack = images[0].cards, images[0].pixels
    if stack.ndim != 3 or not 1 <= len(stack) <= MAX_REALISATIONS:
        raise UnsupportedImageError(
            f"an array of {stack.shape}, a stack of 1 to {MAX_REALISATIONS} realisations is wanted"
        )
    if _needed(cards, "LATTYPE") != 0:
        raise UnsupportedImageError(f"LATTYPE is {cards['LATTYPE']}, 0 (latitude) is wanted")
    field = _present(stack).mean(axis=0)
    grid = CarringtonGrid(field.shape[1], field.shape[0], "uniform")
    sigma = next((_plane(i) for i in images if text(i.cards, "EXTNAME") == "STDDEV"), None)
    if sigma is not None and sigma.shape != grid.shape:
        raise ImplausibleGeometryError(f"STDDEV is {sigma.shape}, the map is {grid.shape}")
    time = _instant_of(cards, "MAPTIME")
    edge = _needed(cards, "CRLNGEDG")
    # Its model carries on what it saw last, and cannot know what has emerged since.
    age = age_but_on_disk(central_longitude_deg(time))
    return Chart("ADAPT", field, grid, edge, time, age, sigma)


def _plane(image: FitsImage) -> Map:
    if image.pixels.ndim != 2:
        raise UnsupportedImageError(f"an array of {image.pixels.shape}, one plane is wanted")
    unit = text(image.cards, "BUNIT")
    if unit.lower() not in _GAUSS:
        raise UnsupportedImageError(f"BUNIT is {unit!r}, gauss or Mx/cm^2 is wanted")
    return _present(image.pixels)


def _present(pixels: Image) -> Map:
    """Double precision, with NaN for what is missing."""
    present = np.isfinite(pixels) & (pixels != ADAPT_MISSING)
    return np.where(present, pixels.astype(np.float64), np.nan)


def _sine_grid(cards: Cards, field: Map) -> CarringtonGrid:
    """Grid of a map of the whole sphere in sine latitude, from the south upwards."""
    rows, columns = field.shape
    wanted = {
        "CDELT1": 360 / columns,
        "CDELT2": 2 / rows,
        "CRPIX2": (rows + 1) / 2,
        "CRVAL2": 0.0,
    }
    for key, value in wanted.items():
        found = _needed(cards, key)
        found = abs(found) if key == "CDELT1" else found
        if abs(found - value) > SCALE_TOLERANCE * abs(value):
            raise ImplausibleGeometryError(
                f"{key} is {found:g}, a whole Sun of {columns} by {rows} wants {value:g}"
            )
    if text(cards, "CTYPE2") != "CRLT-CEA":
        raise UnsupportedImageError(f"CTYPE2 is {cards.get('CTYPE2')!r}, 'CRLT-CEA' is wanted")
    return CarringtonGrid(columns, rows, "sine")


def _edge_by_axis(cards: Cards, grid: CarringtonGrid, sign: int) -> float:
    """Longitude of the left edge; sign -1 where the axis counts Carrington time."""
    value, pixel, step = (_needed(cards, key) for key in ("CRVAL1", "CRPIX1", "CDELT1"))
    if sign * step < 0:
        raise ImplausibleGeometryError(f"CDELT1 is {step:g}, {sign * grid.step_deg:g} is wanted")
    return (sign * (value + (1 - pixel) * step) - grid.step_deg / 2) % 360.0


def _check_edge(name: str, wanted_deg: float, found_deg: float) -> None:
    if _apart_deg(wanted_deg, found_deg) > EDGE_TOLERANCE_DEG:
        raise ImplausibleGeometryError(
            f"the axis begins at longitude {found_deg:.2f}°, {name} wants {wanted_deg % 360:.2f}°"
        )


def _apart_deg(one: float, other: float) -> float:
    return abs(folded_deg(one - other))


def _needed(cards: Cards, key: str) -> float:
    value = number(cards, key)
    if value is None:
        raise MissingMetadataError(f"{key} is {cards.get(key)!r}, a number is wanted")
    return value


def _instant_of(cards: Cards, key: str) -> Time:
    time = instant(cards, key)
    if time is None:
        raise MissingMetadataError(f"{key} is {cards.get(key)!r}, a time is wanted")
    return time
