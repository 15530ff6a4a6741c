"""Read a global map that others made, or our own previous one, into a BaseMap."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from farside.carrington import CarringtonGrid, Degrees, Map, turn
from farside.charts import Chart, read_chart
from farside.errors import DamagedImageError
from farside.fitsfile import MAX_BYTES, Cards, number, open_images, text, unpack
from farside.observation import Source, about, bytes_of
from farside.quality import Quality
from farside.solarwind import native
from farside.synchronicmap import OWN_INSTRUMENT, BaseMap

MISSING_LIMIT = 0.05
"""Largest missing part of the sphere. HMI's daily frame lacks 0.6 % at the pole that is turned
away; a gap of days in a rotation hides active regions. A choice."""


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
            own = native.read(data)
            return replace(own.as_base(name, digest), quality=own.quality)
        chart = read_chart(images)
        _check_complete(chart)
    return _base(chart, name, digest, cards)


def _base(chart: Chart, name: str, digest: str, cards: Cards) -> BaseMap:
    """Turn a chart so that its columns begin at longitude 0."""
    own = text(cards, "ORIGIN").startswith("Farside")
    sigma = chart.sigma_gauss
    return BaseMap(
        field_gauss=_turned(chart.field_gauss, chart.edge_deg),
        grid=chart.grid,
        time=chart.time,
        # An emulation of ours is not the measurement whose layout it has.
        instrument=OWN_INSTRUMENT if own else chart.instrument,
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


def _check_complete(chart: Chart) -> None:
    missing = float((np.isnan(chart.field_gauss) * chart.grid.area).sum())
    if missing > MISSING_LIMIT:
        raise DamagedImageError(
            f"{missing:.1%} of the sphere is missing, at most {MISSING_LIMIT:.0%} is accepted"
        )
