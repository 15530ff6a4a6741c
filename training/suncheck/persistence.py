"""Persistence of the field over one rotation in GONG's and in simulated synoptic maps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import astropy.units as u
import cv2
import numpy as np
from astropy.io import fits
from astropy.time import Time

from farside.simulation.grid import COARSE
from farside.simulation.magnetic.flux_transport import GLOBE
from farside.simulation.sun import SimulatedSun
from farside.sun.grid import Image
from farside.sun.heliographic import differential_rotation_deg_per_day
from farside.sun.observer import earth
from farside.sun.reference_epoch import SYNODIC_PERIOD_DAYS

BLOCKS_PX = (1, 5, 9)

LATITUDE_SINE = 0.87
"""Greatest sine of latitude that is compared, 60°."""

STRONG_GAUSS = 15.0
"""Least mean of 5 px whose sign is compared."""

STEP_DAYS = 2.0
"""Interval between the magnetograms that make up a simulated map."""

OBSERVED_GAUSS, SEEN_PX = 1.5, 0.7
"""Noise and blur of a simulated map, such that weak field is as smooth as in GONG's: a choice."""

STARTED = "2023-06-01"
"""Date of the test of the quiet Sun."""

ROWS, COLUMNS = 180, 360


def real_maps(folder: Path) -> list[list[Image]]:
    """Read GONG's maps (sine of latitude, longitude) in runs of successive rotations."""
    runs: list[list[Image]] = [[]]
    last = None
    for path in sorted(folder.glob("mrzqs_c*.fits")):
        with fits.open(path) as hdus:
            header, field = hdus[0].header, np.asarray(hdus[0].data, np.float32)
        rotation = int(path.stem[-4:])
        if abs(float(header.get("LONG0", 0))) > 5:  # c2268: not a map of one whole rotation
            last = None
            continue
        if last is None or rotation != last + 1:
            runs.append([])
        runs[-1].append(field)
        last = rotation
    return [run for run in runs if len(run) > 1]


def simulated_maps(seed: int, start: Time, rotations: int) -> list[Image]:
    """Make synoptic maps of a simulated Sun in the way of GONG.

    Every longitude is a mean over the magnetograms that saw it, weighted by the fourth power of
    the cosine of its distance from the central meridian.
    """
    sun, rng = SimulatedSun(seed), np.random.default_rng([seed, 77])
    total = np.zeros((rotations, ROWS, COLUMNS), np.float32)
    weights = np.zeros((rotations, 1, COLUMNS), np.float32)
    longitude = np.arange(COLUMNS) + 0.5
    first = float(earth(start).carrington_longitude_deg(start))
    for step in np.arange(-5, rotations * SYNODIC_PERIOD_DAYS + 5, STEP_DAYS):
        time = start + step * u.day
        field = _on_sines(sun.at(time, COARSE).radial_field)
        # Longitude that has passed the meridian since the start, from 360° down.
        central = first - 360 * step / SYNODIC_PERIOD_DAYS
        for number in range(rotations):
            # Rotation n shows longitudes from first - 360 n downwards.
            unwrapped = (longitude - first) % 360 + first - 360 * (number + 1)
            weight = np.maximum(np.cos(np.radians(np.clip(unwrapped - central, -60, 60))), 0) ** 4
            weight[np.abs(unwrapped - central) > 60] = 0
            total[number] += weight.astype(np.float32) * field
            weights[number] += weight.astype(np.float32)
    total = np.stack([cv2.GaussianBlur(each, (0, 0), SEEN_PX) for each in total])
    noise = OBSERVED_GAUSS * rng.standard_normal(total.shape, dtype=np.float32)
    return list(total / np.maximum(weights, 1e-6) + noise)


def _on_sines(field: Image) -> Image:
    """Resample a map from equal steps of latitude to equal steps of its sine."""
    rows = field.shape[0]
    edges = np.degrees(np.arcsin(np.linspace(-1, 1, ROWS + 1)))
    sums = np.concatenate([np.zeros((1, field.shape[1])), np.cumsum(_weighted(field), axis=0)])
    at = (edges + 90) * rows / 180
    within = np.stack([np.interp(at, np.arange(rows + 1), column) for column in sums.T], axis=1)
    area = np.diff(np.sin(np.radians(edges)))[:, None]
    means = np.diff(within, axis=0) / area
    return np.asarray(
        cv2.resize(means.astype(np.float32), (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
    )


def _weighted(field: Image) -> np.ndarray:
    edges = np.sin(np.radians(np.linspace(-90, 90, field.shape[0] + 1)))
    return field.astype(np.float64) * np.diff(edges)[:, None]


def persisted(runs: Sequence[Sequence[Image]]) -> dict[str, float]:
    """Mean of every measure over all pairs of successive maps."""
    found = [dict(_pair(a, b)) for run in runs for a, b in pairwise(run)]
    return {key: float(np.nanmean([each[key] for each in found])) for key in found[0]}


def _pair(first: Image, second: Image) -> Iterator[tuple[str, float]]:
    sines = (np.arange(ROWS) + 0.5) / ROWS * 2 - 1
    rows = np.abs(sines) < LATITUDE_SINE
    for block in BLOCKS_PX:
        a, b = (_means(field, block)[rows] for field in (first, second))
        yield f"signed, {block} px", _correlation(a, b)
        a, b = (_means(np.abs(field), block)[rows] for field in (first, second))
        yield f"unsigned, {block} px", _correlation(a, b)
        yield f"rms, {block} px (G)", float(np.sqrt((_means(first, block)[rows] ** 2).mean()))
    a, b = (_means(field, 5)[rows] for field in (first, second))
    strong = np.abs(a) > STRONG_GAUSS
    yield "sign kept above 15 G", float((a[strong] * b[strong] > 0).mean())
    yield "share above 15 G", float(strong.mean())


QUIET_MEAN_GAUSS, QUIET_PX = 9.0, 11
"""Greatest mean absolute field of the quiet Sun, and side of the block averaged, map pixels."""

ORACLE_DAYS, ORACLE_DEG = (3, 7, 14, 27), 2.0


def quiet_oracles(seeds: Iterable[int]) -> str:
    """Table of the correlation of persistence and of an oracle in the simulated quiet Sun."""
    start = Time(STARTED)
    found = np.array([_oracles(SimulatedSun(seed), start) for seed in seeds]).mean(axis=0)
    rows = ["| age of the reference | persistence | oracle |", "|---|---|---|"]
    rows += [
        f"| {age} d | {persistence:.2f} | {oracle:.2f} |"
        for age, (persistence, oracle) in zip(ORACLE_DAYS, found, strict=True)
    ]
    return "\n".join(rows)


def _oracles(sun: SimulatedSun, start: Time) -> list[tuple[float, float]]:
    """Correlations of persistence and of the oracle by age."""
    now = GLOBE.resampled(sun.at(start, COARSE).radial_field)
    belt = np.abs(GLOBE.latitude_deg)[:, None] < 60
    calm = belt & (_means(np.abs(now), QUIET_PX) < QUIET_MEAN_GAUSS)
    drift = np.repeat(
        differential_rotation_deg_per_day(GLOBE.latitude_deg.astype(np.float64))[:, None],
        GLOBE.columns,
        axis=1,
    )
    cosine = np.cos(np.radians(GLOBE.latitude_deg))[:, None]
    found = []
    for age in ORACLE_DAYS:
        before = GLOBE.resampled(sun.at(start - age * u.day, COARSE).radial_field)
        east_deg = np.asarray(-age * drift * cosine, np.float32)
        carried = GLOBE.displaced(before, east_deg, np.zeros_like(before))
        sign = np.sign(GLOBE.smooth(carried, ORACLE_DEG))
        guesses = (carried, np.abs(now) * sign)
        known, best = (_correlation(now[calm], guess[calm]) for guess in guesses)
        found.append((known, best))
    return found


def _means(field: Image, side: int) -> Image:
    wrapped = np.pad(field, ((0, 0), (side, side)), mode="wrap")
    return np.asarray(cv2.blur(wrapped, (side, side))[:, side:-side], np.float32)


def _correlation(a: Image, b: Image) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])
