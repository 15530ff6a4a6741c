"""Score of the wind at Earth on the real Sun: maps of GONG → corona → wind, against OMNI.

``python -m benchmarks.wind MAPS OMNI... --out docs/wind-scores.md`` (``make wind-score``). MAPS is
a folder of GONG maps; each OMNI file is a table with year, DOY, hour and Vsw (km/s), by the hour.
``--fit`` prints coefficients of a law fitted to the first year alone.
"""

from __future__ import annotations

import argparse
import csv
import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.time import Time
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.signal import find_peaks
from sunpy.coordinates import sun

from farside.corona import corona
from farside.corona.heliosphere import propagate, sample, steps_between
from farside.corona.wind import FITTED, OUTER_GRID, WSA, SolarWind, SpeedLaw
from farside.io.atomic import atomic_path
from farside.sun.carrington_rotation import central_longitude_deg
from farside.synchronic.base import read_base

Array = NDArray[np.float64]

BEGIN, SPLIT, END = Time("2022-02-07"), Time("2023-01-01"), Time("2023-07-31")
"""First and last day that are scored, and the end of what a law may be fitted to."""

LEAD_DAYS = 12.0
"""Days before `BEGIN` from which the wind is computed, so that the start has passed."""

RECURRENCE_H = 27 * 24
SMOOTHING_H = 6

STREAM_KM_S, RISE_KM_S, STREAM_GAP_H, HIT_H = 450.0, 80.0, 48, 48
"""A high-speed stream: a peak of the daily mean above 450 km/s that stands out by 80, two days from
the next; a forecast hits it within two days. As Reiss et al. (2016, Space Weather 14, 495) do."""

DRAWS = 160
"""Number of laws tried in a fit. A choice: each costs 0.2 s of processor time."""


@dataclass(frozen=True)
class Score:
    """Agreement of a series of speeds with the observed one."""

    correlation: float
    rmse_km_s: float
    bias_km_s: float
    hits: int
    streams: int
    false_alarms: int
    timing_h: float


def main() -> None:
    """Compute the wind at Earth, score it, and write the page."""
    given = _parser().parse_args()
    started = time.process_time()
    observed = read_omni(given.omni)
    winds = [corona(read_base(path), WSA).wind for path in sorted(given.maps.glob("*.fits"))]
    if given.fit:
        print(fit(winds, observed))
        return
    page = _page(winds, observed, time.process_time() - started)
    with atomic_path(given.out) as temporary:
        temporary.write_text(page)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("maps", type=Path, help="folder of GONG maps")
    parser.add_argument("omni", type=Path, nargs="+", help="hourly tables of OMNI")
    parser.add_argument("--out", type=Path, default=Path("docs/wind-scores.md"))
    parser.add_argument("--fit", action="store_true", help="print coefficients fitted to 2022")
    return parser


def read_omni(paths: Iterable[Path]) -> Array:
    """Observed speed by hour from `BEGIN` less a recurrence to `END`, means of six hours, km/s.

    NaN where there is none.
    """
    first = (BEGIN - RECURRENCE_H * u.hour).to_datetime()
    speed = np.full(round(float((END - BEGIN).to_value("hour"))) + RECURRENCE_H, np.nan)
    for path in paths:
        with path.open() as file:
            for row in csv.DictReader(file):
                day = timedelta(days=int(row["DOY"]) - 1, hours=int(row["hour"]))
                hour = (datetime(int(row["year"]), 1, 1) + day - first) // timedelta(hours=1)
                if 0 <= hour < len(speed) and row["Vsw"]:
                    speed[hour] = float(row["Vsw"])
    return running_mean(speed, SMOOTHING_H)


def running_mean(values: Array, width: int) -> Array:
    """Mean over a window of hours of the values that are there."""
    known = np.isfinite(values)
    kernel = np.ones(width)
    total, count = (
        np.convolve(part, kernel, "same") for part in (np.where(known, values, 0), known)
    )
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def speed_at_earth(
    winds: Sequence[SolarWind],
    laws: Sequence[tuple[SpeedLaw, float]],
    end: Time = END,
    *,
    forecast: bool = False,
) -> Array:
    """Speed at Earth by hour from `BEGIN`, (hour, law), km/s.

    At 0.1 au below Earth the map's speed is taken, at Earth's latitude: of the first map made after
    the longitude has passed, or as a forecast of the last one made before.

    Parameters
    ----------
    laws
        Laws of the speed, each with the σ in degrees by which its map is smoothed.
    """
    begin = BEGIN - LEAD_DAYS * u.day
    days = steps_between(begin, end)
    coarse = np.arange(0, days[-1] + 1, 0.25)
    moments = begin + coarse * u.day
    meridian = np.unwrap([central_longitude_deg(each) for each in moments], period=360)
    longitude = np.interp(days, coarse, meridian)
    latitude = np.interp(days, coarse, sun.B0(moments).to_value("deg"))
    made = np.array([float((wind.time - begin).to_value("day")) for wind in winds])
    order = np.argsort(made)
    edges = made[order]
    chosen = np.searchsorted(edges, days, side="left") - (1 if forecast else 0)
    chosen = order[np.clip(chosen, 0, len(winds) - 1)]
    boundary = np.empty((len(days), len(laws)))
    for number, wind in enumerate(winds):
        when = chosen == number
        for column, (law, sigma_deg) in enumerate(laws):
            values = _speed_map(wind, law, sigma_deg)
            boundary[when, column] = sample(values, OUTER_GRID, longitude[when], latitude[when])
    arrived = propagate(boundary)
    hours = np.arange(round(float((end - BEGIN).to_value("hour")))) / 24 + LEAD_DAYS
    return np.stack([np.interp(hours, days, line) for line in arrived.T], axis=1)


def _speed_map(wind: SolarWind, law: SpeedLaw, sigma_deg: float) -> Array:
    speed = law.speed_km_s(wind.expansion, wind.distance_deg)
    if not sigma_deg:
        return speed
    cells = sigma_deg / OUTER_GRID.step_deg
    return np.asarray(gaussian_filter(speed, cells, mode=("nearest", "wrap")))


def fit(winds: Sequence[SolarWind], observed: Array) -> str:
    """Search the coefficients of the law with the least RMSE up to `SPLIT`."""
    rng = np.random.default_rng(0)
    laws = [(_drawn(rng), float(rng.choice([0, 2, 4, 6]))) for _ in range(DRAWS)]
    made = speed_at_earth(winds, laws, SPLIT)
    real = observed[RECURRENCE_H:][: len(made)]
    errors = np.sqrt(np.nanmean((made - real[:, None]) ** 2, axis=0))
    best = np.argsort(errors)[:10]
    return "\n".join(f"{errors[each]:.1f} km/s {laws[each]}" for each in best)


def _drawn(rng: np.random.Generator) -> SpeedLaw:
    return replace(
        WSA,
        name="fit",
        slow_km_s=rng.uniform(220, 320),
        gain_km_s=rng.uniform(200, 800),
        expansion_power=rng.uniform(0.0, 0.35),
        width_deg=rng.uniform(0.8, 4.0),
        width_power=rng.uniform(0.8, 3.0),
    )


def score(made: Array, real: Array) -> Score:
    """Score hourly speeds where both exist; streams are found in the daily means of each."""
    both = np.isfinite(made) & np.isfinite(real)
    apart = (made - real)[both]
    ours, theirs = _streams(made), _streams(real)
    nearest = [int(np.abs(ours - each).min()) if len(ours) else 10**6 for each in theirs]
    backwards = [int(np.abs(theirs - each).min()) if len(theirs) else 10**6 for each in ours]
    hit = [each for each in nearest if each <= HIT_H]
    return Score(
        correlation=float(np.corrcoef(made[both], real[both])[0, 1]) if np.ptp(made[both]) else 0.0,
        rmse_km_s=float(np.sqrt(np.mean(apart**2))),
        bias_km_s=float(apart.mean()),
        hits=len(hit),
        streams=len(theirs),
        false_alarms=sum(each > HIT_H for each in backwards),
        timing_h=float(np.mean(hit)) if hit else math.nan,
    )


def _streams(speed: Array) -> NDArray[np.intp]:
    """Hours of the peaks of high-speed streams."""
    daily = running_mean(speed, 24)
    known = np.isfinite(daily)
    filled = np.interp(np.arange(len(daily)), np.flatnonzero(known), daily[known])
    found, _ = find_peaks(filled, height=STREAM_KM_S, prominence=RISE_KM_S, distance=STREAM_GAP_H)
    return np.asarray(found, np.intp)


def _page(winds: Sequence[SolarWind], observed: Array, seconds: float) -> str:
    real = observed[RECURRENCE_H:]
    laws = [(WSA, 0.0), (FITTED, FITTED_SMOOTHING_DEG)]
    hindcast, forecast = (speed_at_earth(winds, laws, forecast=each) for each in (False, True))
    split = round(float((SPLIT - BEGIN).to_value("hour")))
    mean = np.full(len(real), np.nanmean(real[:split]))
    rows = {
        "`wsa`, map of the rotation": hindcast[:, 0],
        "`fitted`, map of the rotation": hindcast[:, 1],
        "`wsa`, map made before": forecast[:, 0],
        "`fitted`, map made before": forecast[:, 1],
        "27 days before": observed[:-RECURRENCE_H],
        "mean of 2022": mean,
    }
    parts = [_HEAD.format(maps=len(winds), seconds=seconds)]
    for title, hours in (
        ("2022, from 7 February", slice(0, split)),
        ("January to July 2023", slice(split, None)),
    ):
        parts.append(f"\n## {title}\n\n{_TABLE}")
        parts += [_row(name, score(series[hours], real[hours])) for name, series in rows.items()]
    return "\n".join(parts) + "\n"


FITTED_SMOOTHING_DEG = 4.0
"""σ by which the speed map of the fitted law is smoothed."""

_HEAD = """# The wind at Earth on the real Sun

Written by `make wind-score`: {maps} maps of GONG (one a rotation) → potential field and current
sheet → speed at 0.1 au → Earth by the scheme of HUXt, against the hourly speed of OMNI (means of
six hours). All coronas and winds took {seconds:.0f} s of processor time.

*Map of the rotation*: each longitude from the first map made after it passed, a reconstruction.
*Map made before*: from the last map made before, a forecast as that of 27 days before is. The
fitted law was fitted to 2022 alone (`python -m benchmarks.wind … --fit`). A stream is a peak of the
daily mean above 450 km/s that stands out by 80 km/s; a hit is within two days."""

_TABLE = """| | r | RMSE, km/s | bias, km/s | streams hit | false alarms | timing, h |
|---|---|---|---|---|---|---|"""


def _hours(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.0f}"


def _row(name: str, found: Score) -> str:
    return (
        f"| {name} | {found.correlation:.2f} | {found.rmse_km_s:.0f} | {found.bias_km_s:+.0f} |"
        f" {found.hits} of {found.streams} | {found.false_alarms} | {_hours(found.timing_h)} |"
    )


if __name__ == "__main__":
    main()
