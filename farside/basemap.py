"""Read a global map that others made, or our own previous one, into a BaseMap."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from astropy.time import Time
from sunpy.coordinates import sun

from farside.carrington import CarringtonGrid, Degrees, Map, turn
from farside.carringtontime import SYNODIC_DAYS, central_longitude_deg
from farside.errors import (
    DamagedImageError,
    ImplausibleGeometryError,
    MissingMetadataError,
    UnsupportedImageError,
)
from farside.fitsfile import MAX_BYTES, Cards, FitsImage, number, open_images, text, unpack
from farside.grid import Image
from farside.instruments import instant
from farside.observation import Source, about, bytes_of
from farside.quality import Quality
from farside.solarwind import native
from farside.synchronicmap import BaseMap, SynchronicMap

MISSING_LIMIT = 0.05
"""Largest missing part of the sphere. HMI's daily frame lacks 0.6 % at the pole that is turned
away; a gap of days in a rotation hides active regions. A choice."""

ADAPT_MISSING = -9999.0
"""ADAPT's value of a missing pixel."""

SEEN_DEG = 60.0
"""From the central meridian, where daily maps show the disk of their day (HMI, GONG)."""

SCALE_TOLERANCE = 1e-3
"""Printed steps against whole turns: 0.0111111 and 0.005556 are in use."""

HOURLY_TOLERANCE_DEG = 5.0
"""Of the central meridian of hourly GONG maps; a whole rotation is dated some 120° from there."""

EDGE_TOLERANCE_DEG = 1.0
"""Between two statements of where a map begins; HMI's differ by 0.14°."""

MAX_REALISATIONS = 64
"""ADAPT publishes 12."""

_GAUSS = {"", "gauss", "g", "mx/cm^2"}


Age = Callable[[Degrees], Degrees]
"""Days before the time of the map, by longitude."""


@dataclass(frozen=True, eq=False)
class _Chart:
    """A map as its file holds it: row 0 south, longitude rising from any edge."""

    instrument: str
    field_gauss: Map
    grid: CarringtonGrid
    edge_deg: float
    time: Time
    age_days: Age
    sigma_gauss: Map | None = None


def read_base(source: Source, name: str = "", *, max_bytes: int = MAX_BYTES) -> BaseMap:
    """Read a map of GONG, ADAPT, HMI (synoptic or daily frame) or Farside.

    Plain or gzip. Missing pixels are NaN, up to `MISSING_LIMIT` of the sphere. The mean of ADAPT's
    realisations is taken.

    Parameters
    ----------
    source
        A path, the bytes of a file or an open binary file.
    name
        What to call bytes that have no name of their own.
    max_bytes
        Largest file, packed or unpacked.

    Raises
    ------
    NotFitsError, FileTooLargeError, UnsupportedImageError
        It is no map that is read.
    MissingMetadataError, ImplausibleGeometryError
        Time or coordinates are not certain.
    DamagedImageError
        Too much of it is missing, or, of our own, it was altered.
    """
    data, name = bytes_of(source, name, max_bytes)
    digest = hashlib.sha256(data).hexdigest()
    with about(name or "map without a name"):
        data = unpack(data, max_bytes)
        images = open_images(data)
        cards = images[0].cards
        if text(cards, "CONTENT") == native.CONTENT:
            return _from_own(native.read(data), name, digest)
        chart = _read_as(cards)(images)
        _check_complete(chart)
    return _base(chart, name, digest, cards)


def _from_own(made: SynchronicMap, name: str, digest: str) -> BaseMap:
    return BaseMap(
        field_gauss=made.field_gauss,
        grid=made.grid,
        time=made.time,
        instrument="FARSIDE",
        name=name,
        sha256=digest,
        age_days=made.age_days,
        sigma_gauss=made.sigma_gauss,
        quality=made.quality,
    )


def _base(chart: _Chart, name: str, digest: str, cards: Cards) -> BaseMap:
    """Turn a chart so that its columns begin at longitude 0."""
    own = text(cards, "ORIGIN").startswith("Farside")
    sigma = chart.sigma_gauss
    return BaseMap(
        field_gauss=_turned(chart.field_gauss, chart.edge_deg),
        grid=chart.grid,
        time=chart.time,
        # An emulation of ours is not the measurement whose layout it has.
        instrument="FARSIDE" if own else chart.instrument,
        name=name,
        sha256=digest,
        age_days=_spread(chart.age_days(chart.grid.longitude_deg), chart.grid),
        sigma_gauss=None if sigma is None else np.abs(_turned(sigma, chart.edge_deg)),
        quality=Quality(int(number(cards, "QUALITY") or 0)) if own else Quality.GOOD,
    )


def _turned(values: Map, degrees: float) -> Map:
    """Turn a map; where a missing pixel comes to lie, and only there, no value is left."""
    missing = np.isnan(values)
    cells = degrees * values.shape[1] / 360
    lost = np.roll(missing, int(np.floor(cells)), axis=1) | np.roll(
        missing, int(np.ceil(cells)), axis=1
    )
    return np.where(lost, np.nan, turn(np.where(missing, 0.0, values), degrees))


def _spread(by_longitude: Degrees, grid: CarringtonGrid) -> Map:
    return np.tile(by_longitude, (grid.rows, 1))


def _read_as(cards: Cards) -> Callable[[tuple[FitsImage, ...]], _Chart]:
    """Whose map it is."""
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


def _gong(images: tuple[FitsImage, ...]) -> _Chart:
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
        return _Chart("NSO-GONG", field, grid, edge, time, _age_when_averaged(edge + SEEN_DEG))
    ended = sun.carrington_rotation_time(_needed(cards, "CAR_ROT") + 1 - edge / 360)
    return _Chart("NSO-GONG", field, grid, edge, ended.utc, _age_of_crossing(edge))


def _hmi_daily(images: tuple[FitsImage, ...]) -> _Chart:
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
    return _Chart("SDO HMI", field, grid, edge, time, _age_but_on_disk(central))


def _hmi_synoptic(images: tuple[FitsImage, ...]) -> _Chart:
    """Each longitude as it crossed the central meridian, until the end of the rotation."""
    cards = images[0].cards
    field = _plane(images[0])
    grid = _sine_grid(cards, field)
    edge = _edge_by_axis(cards, grid, sign=-1)
    time = _instant_of(cards, "T_STOP")
    return _Chart("SDO HMI", field, grid, edge, time, _age_of_crossing(central_longitude_deg(time)))


def _adapt(images: tuple[FitsImage, ...]) -> _Chart:
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
    return _Chart("ADAPT", field, grid, edge, time, np.zeros_like, sigma)


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
    return abs((one - other + 180) % 360 - 180)


def _check_complete(chart: _Chart) -> None:
    missing = float((np.isnan(chart.field_gauss) * chart.grid.area).sum())
    if missing > MISSING_LIMIT:
        raise DamagedImageError(
            f"{missing:.1%} of the sphere is missing, at most {MISSING_LIMIT:.0%} is accepted"
        )


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


def _days(turned_deg: Degrees) -> Degrees:
    return turned_deg * SYNODIC_DAYS / 360


def _age_of_crossing(central_deg: float) -> Age:
    """Each longitude is as old as its last crossing of the central meridian."""
    return lambda longitude_deg: _days((longitude_deg - central_deg) % 360)


def _age_but_on_disk(central_deg: float) -> Age:
    """As that, but of today within 60° of the central meridian."""

    def age(longitude_deg: Degrees) -> Degrees:
        west = (longitude_deg - central_deg + SEEN_DEG) % 360 - SEEN_DEG
        return np.where(west <= SEEN_DEG, 0.0, _days(west))

    return age


def _age_when_averaged(central_deg: float) -> Age:
    """Weighted by cos⁴ of the distance from the meridian: on average, as old as the crossing.

    Of today where it has not been crossed yet.
    """

    def age(longitude_deg: Degrees) -> Degrees:
        west = (longitude_deg - central_deg + SEEN_DEG) % 360 - SEEN_DEG
        return _days(np.maximum(west, 0.0))

    return age
