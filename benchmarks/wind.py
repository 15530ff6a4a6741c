"""Score of the wind at Earth on the real Sun: maps of GONG → corona → wind, against OMNI.

``python -m benchmarks.wind MAPS OMNI... --out docs/wind-scores.md`` (``make wind-score``). MAPS is
a folder of GONG maps; each OMNI file is a table with year, DOY, hour and Vsw (km/s), by the hour.
``--wsa`` is NOAA's own map of speed at 21.5 solar radii of a day that is beside it. ``--fit``
prints coefficients of a law fitted to the first year alone.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.io import fits
from astropy.time import Time
from numpy.typing import NDArray
from scipy.optimize import differential_evolution

from farside.corona import corona
from farside.corona.at_earth import LEAD_DAYS, path_below_earth, running_mean, stream_hours
from farside.corona.heliosphere import propagate
from farside.corona.omni import read_omni
from farside.corona.wind import FITTED, WSA, SolarWind, SpeedLaw, smoothed
from farside.io.atomic import atomic_path
from farside.synchronic.base import read_base

Array = NDArray[np.float64]

BEGIN, SPLIT, END = Time("2022-02-07"), Time("2023-01-01"), Time("2023-07-31")
"""First and last day that are scored, and the end of what a law may be fitted to."""

RECURRENCE_H = 27 * 24
SMOOTHING_H = 6

HIT_H = 48
"""A forecast of a stream hits it within two days, as in Reiss et al. (2016, Space Weather 14, 495).
"""

WSA_MAPS = ("mrzqs_c2253.fits", "mrzqs_c2254.fits")
"""Maps of GONG that make that of WSA's day: the older one fills the columns up to its edge."""

NEAR_EQUATOR_DEG, WSA_SMOOTHING_DEG = 30.0, 4.0

SEARCHED = {
    "slow_km_s": (220.0, 340.0),
    "gain_km_s": (100.0, 800.0),
    "expansion_power": (0.0, 0.35),
    "width_deg": (0.8, 4.0),
    "width_power": (0.6, 3.0),
    "smoothing_deg": (0.0, 8.0),
}
"""Ranges of the coefficients that a fit searches."""

POPULATION, GENERATIONS = 12, 8
"""Of a fit, laws by coefficient and rounds. A choice: each law costs 0.2 s of processor time."""


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
    observed = observed_speed(given.omni)
    winds = [corona(read_base(path), WSA).wind for path in sorted(given.maps.glob("*.fits"))]
    if given.fit:
        print(fit(winds, observed))
        return
    page = _page(winds, observed, time.process_time() - started)
    if given.wsa:
        page += _beside_wsa(given.wsa, *(given.maps / each for each in WSA_MAPS))
    with atomic_path(given.out) as temporary:
        temporary.write_text(page)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("maps", type=Path, help="folder of GONG maps")
    parser.add_argument("omni", type=Path, nargs="+", help="hourly tables of OMNI")
    parser.add_argument("--out", type=Path, default=Path("docs/wind-scores.md"))
    parser.add_argument("--wsa", type=Path, metavar="FILE", help="map of WSA at 21.5 solar radii")
    parser.add_argument("--fit", action="store_true", help="print coefficients fitted to 2022")
    return parser


def observed_speed(paths: Sequence[Path]) -> Array:
    """Observed speed by hour from `BEGIN` less a recurrence to `END`, means of six hours, km/s."""
    hours = round(float((END - BEGIN).to_value("hour"))) + RECURRENCE_H
    return running_mean(read_omni(paths, BEGIN - RECURRENCE_H * u.hour, hours), SMOOTHING_H)


def speed_at_earth(
    winds: Sequence[SolarWind],
    laws: Sequence[SpeedLaw],
    end: Time = END,
    *,
    forecast: bool = False,
) -> Array:
    """Speed at Earth by hour from `BEGIN`, (hour, law), km/s."""
    path = path_below_earth(winds, BEGIN, end, forecast=forecast)
    lines = [
        path.sampled(
            [law.speed_map(wind.expansion, wind.distance_deg, wind.grid) for wind in winds]
        )
        for law in laws
    ]
    arrived = propagate(np.stack(lines, axis=1))
    hours = np.arange(round(float((end - BEGIN).to_value("hour")))) / 24 + LEAD_DAYS
    return np.stack([np.interp(hours, path.days, line) for line in arrived.T], axis=1)


def fit(winds: Sequence[SolarWind], observed: Array) -> str:
    """Search the coefficients of the law with the least RMSE up to `SPLIT`."""

    def errors(drawn: Array) -> Array:
        laws = [_law(each) for each in drawn.T]
        made = speed_at_earth(winds, laws, SPLIT)
        real = observed[RECURRENCE_H:][: len(made)]
        return np.asarray(np.sqrt(np.nanmean((made - real[:, None]) ** 2, axis=0)))

    found = differential_evolution(
        errors,
        list(SEARCHED.values()),
        popsize=POPULATION,
        maxiter=GENERATIONS,
        rng=0,
        polish=False,
        vectorized=True,
        updating="deferred",
    )
    return f"{found.fun:.1f} km/s {_law(found.x)}"


def _law(coefficients: Array) -> SpeedLaw:
    slow, gain, expansion_power, width, width_power, smoothing = map(float, coefficients)
    return SpeedLaw(
        "FITTED", slow, gain, expansion_power, width, width_power, smoothing_deg=smoothing
    )


def score(made: Array, real: Array) -> Score:
    """Score hourly speeds where both exist; streams are found in the daily means of each."""
    both = np.isfinite(made) & np.isfinite(real)
    apart = (made - real)[both]
    ours, theirs = stream_hours(made), stream_hours(real)
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


def _page(winds: Sequence[SolarWind], observed: Array, seconds: float) -> str:
    real = observed[RECURRENCE_H:]
    laws = [WSA, FITTED]
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


def _beside_wsa(path: Path, before: Path, after: Path) -> str:
    """Table of our field and speed at 21.5 solar radii beside those of WSA from the same map."""
    with fits.open(path) as file:
        data, first_deg = np.array(file[0].data, float), float(file[0].header["CARRLONG"]) + 1
        columns = round(float(file[0].header["CARRLONG"]))
    order = np.argsort((first_deg + 2 * np.arange(data.shape[2])) % 360)
    field_nt, speed = data[:, :, order]
    base = read_base(after)
    merged = base.field_gauss.copy()
    merged[:, :columns] = read_base(before).field_gauss[:, :columns]
    wind = corona(replace(base, field_gauss=merged), WSA).wind
    near = np.abs(wind.grid.latitude_deg) < NEAR_EQUATOR_DEG
    weight = np.repeat(np.cos(np.radians(wind.grid.latitude_deg[near])), wind.grid.shape[1])

    def r(ours: Array, theirs: Array) -> float:
        covariance = np.cov(ours[near].ravel(), theirs[near].ravel(), aweights=weight)
        return float(covariance[0, 1] / math.sqrt(covariance[0, 0] * covariance[1, 1]))

    rows = []
    for law in (WSA, FITTED):
        ours = law.speed_map(wind.expansion, wind.distance_deg, wind.grid)
        mean, real = (np.average(each[near].ravel(), weights=weight) for each in (ours, speed))
        rows.append(
            f"| `{law.name.lower()}` | {r(wind.field_nt, field_nt):.2f} | {r(ours, speed):.2f} |"
            f" {r(*(smoothed(each, WSA_SMOOTHING_DEG, wind.grid) for each in (ours, speed))):.2f} |"
            f" {mean:.0f} | {real:.0f} |"
        )
    return _WSA + "\n".join(rows) + "\n"


_WSA = f"""
## Beside NOAA's WSA of 2022-02-24

At 21.5 solar radii within {NEAR_EQUATOR_DEG:.0f}° of the equator, from GONG's map of the same day,
put together from those of two rotations.

| | r, field | r, speed | both smoothed by {WSA_SMOOTHING_DEG:.0f}° | mean, km/s | WSA's |
|---|---|---|---|---|---|
"""


def _hours(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.0f}"


def _row(name: str, found: Score) -> str:
    return (
        f"| {name} | {found.correlation:.2f} | {found.rmse_km_s:.0f} | {found.bias_km_s:+.0f} |"
        f" {found.hits} of {found.streams} | {found.false_alarms} | {_hours(found.timing_h)} |"
    )


if __name__ == "__main__":
    main()
