"""Hourly speeds of OMNI, the solar wind observed at Earth."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from astropy.time import Time

from farside.corona.field import Array
from farside.errors import FormatError

SPEEDS_KM_S = (150.0, 3000.0)
"""Least and greatest speed that counts as measured; OMNI writes 999.9 or 9999 for none."""

FILL_KM_S = (999.9, 9999.0, 99999.9)

_COLUMNS = {"year", "DOY", "hour", "Vsw"}


def read_omni(paths: Iterable[Path], begin: Time, hours: int) -> Array:
    """Read observed speeds by the hour from tables with columns year, DOY, hour and Vsw, km/s.

    Parameters
    ----------
    paths
        Tables as text, comma-separated.
    begin, hours
        First hour, and number of hours.

    Returns
    -------
    Array
        Speed, (hour,); NaN where there is none, also for fill values.

    Raises
    ------
    FormatError
        A table lacks a column, or a row holds no numbers.
    """
    first, speed = begin.to_datetime(), np.full(hours, np.nan)
    for path in paths:
        with path.open(newline="") as file:
            rows = csv.DictReader(file)
            missing = _COLUMNS - set(rows.fieldnames or ())
            if missing:
                raise FormatError(f"{path.name}: no column {', '.join(sorted(missing))}")
            for row in rows:
                try:
                    hour, value = _parsed(row, first)
                except ValueError as error:
                    raise FormatError(f"{path.name}, line {rows.line_num}: {error}") from error
                if 0 <= hour < hours:
                    speed[hour] = value
    return speed


def _parsed(row: dict[str, str], first: datetime) -> tuple[int, float]:
    """Hour after the first, and speed, of a row."""
    day = timedelta(days=int(row["DOY"]) - 1, hours=int(row["hour"]))
    hour = (datetime(int(row["year"]), 1, 1) + day - first) // timedelta(hours=1)
    value = float(row["Vsw"]) if row["Vsw"] else np.nan
    least, most = SPEEDS_KM_S
    return hour, value if least <= value <= most and value not in FILL_KM_S else np.nan
