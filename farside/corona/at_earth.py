"""Solar wind at Earth from a series of maps: speed, polarity, spread, and high-speed streams."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import astropy.units as u
import numpy as np
from astropy.time import Time
from numpy.typing import NDArray
from scipy.signal import find_peaks
from sunpy.coordinates import sun

from farside.corona.field import Array
from farside.corona.heliosphere import arrivals, sample, steps_between
from farside.corona.wind import OUTER_GRID, SolarWind
from farside.sun.carrington_grid import Map
from farside.sun.carrington_rotation import central_longitude_deg

LEAD_DAYS = 12.0
"""Days before the first hour from which the wind is computed, so that the start has passed."""

MEMBERS = 12
"""Members of an ensemble beside the wind below Earth itself."""

DISPLACED_DEG = 15.0
"""Greatest latitude by which a member's path at 0.1 au departs from Earth's; Owens & Riley (2017,
Space Weather 15, 1461) displace it by a wave with longitude of random phase."""

STREAM_KM_S, RISE_KM_S, STREAM_GAP_H = 450.0, 80.0, 48
"""A high-speed stream: a peak of the daily mean above 450 km/s that stands out by 80, two days from
the next. As Reiss et al. (2016, Space Weather 14, 495) do."""


@dataclass(frozen=True, eq=False)
class WindAtEarth:
    """Modelled wind at Earth by the hour.

    Attributes
    ----------
    begin
        Time of the first hour, UTC.
    speed_km_s
        Speed, (hour,).
    polarity
        1 where the field points away from the Sun, -1 towards it, (hour,).
    spread_km_s
        Standard deviation of the speeds of an ensemble of paths at 0.1 au, (hour,).
    longitude_deg
        Carrington longitude at 0.1 au that the wind left, (hour,).
    """

    begin: Time
    speed_km_s: Array
    polarity: Array
    spread_km_s: Array
    longitude_deg: Array


@dataclass(frozen=True)
class Stream:
    """High-speed stream: time of its peak, its speed, polarity, and longitude at 0.1 au."""

    time: Time
    speed_km_s: float
    polarity: int
    longitude_deg: float


@dataclass(frozen=True, eq=False)
class Path:
    """Path of the point below Earth over the maps at 0.1 au, in steps of the heliosphere.

    Attributes
    ----------
    days
        Days after `begin` of each step.
    longitude_deg, latitude_deg
        Carrington coordinates, the longitude unwrapped.
    chosen
        Index of the map that each step is taken from.
    """

    begin: Time
    days: Array
    longitude_deg: Array
    latitude_deg: Array
    chosen: NDArray[np.intp]

    def sampled(self, maps: Sequence[Map], displaced_deg: Array | float = 0.0) -> Array:
        """Values of the maps along the path, displaced in latitude, (step,)."""
        values = np.empty(len(self.days))
        latitude = np.clip(self.latitude_deg + displaced_deg, -89, 89)
        for number, plane in enumerate(maps):
            when = self.chosen == number
            values[when] = sample(plane, OUTER_GRID, self.longitude_deg[when], latitude[when])
        return values


def path_below_earth(
    winds: Sequence[SolarWind], begin: Time, end: Time, *, forecast: bool = False
) -> Path:
    """Path below Earth from `LEAD_DAYS` before `begin` to `end`.

    Each step is taken from the first map made after its longitude has passed, or as a forecast from
    the last one made before.
    """
    begin = begin - LEAD_DAYS * u.day
    days = steps_between(begin, end)
    coarse = np.arange(0, days[-1] + 1, 0.25)
    moments = begin + coarse * u.day
    meridian = np.unwrap([central_longitude_deg(each) for each in moments], period=360)
    made = np.array([float((wind.time - begin).to_value("day")) for wind in winds])
    order = np.argsort(made)
    chosen = np.searchsorted(made[order], days, side="left") - (1 if forecast else 0)
    return Path(
        begin,
        days,
        np.interp(days, coarse, meridian),
        np.interp(days, coarse, sun.B0(moments).to_value("deg")),
        order[np.clip(chosen, 0, len(winds) - 1)],
    )


def wind_at_earth(
    winds: Sequence[SolarWind],
    begin: Time,
    end: Time,
    *,
    forecast: bool = False,
    members: int = MEMBERS,
    realised: Sequence[Sequence[SolarWind]] = (),
) -> WindAtEarth:
    """Wind at Earth by the hour from a series of maps at 0.1 au.

    Parameters
    ----------
    winds
        Winds at 0.1 au, in any order.
    begin, end
        First and last hour.
    forecast
        Take each longitude from the last map made before, not from the first made after.
    members
        Members of the ensemble of the spread, whose paths are displaced in latitude.
    realised
        Winds of realisations of the maps, each in the order of `winds`, which the members take in
        turn, so that the spread has the doubt of the maps too; none: all take `winds`.

    Raises
    ------
    ValueError
        There is no map, or `end` is not after `begin`.
    """
    hours = int(float((end - begin).to_value("hour"))) + 1
    if not winds or hours < 2:
        raise ValueError(f"{len(winds)} maps from {begin.isot} to {end.isot}, expected some hours")
    path = path_below_earth(winds, begin, end + 1 * u.hour, forecast=forecast)
    lines = [path.sampled([wind.speed_km_s for wind in winds])]
    series = itertools.cycle(realised or [winds])
    rng = np.random.default_rng(0)  # the same series for the same maps
    for drawn in itertools.islice(series, members):
        phase, depth = rng.uniform(0, 2 * np.pi), rng.uniform(0, DISPLACED_DEG)
        speeds = [wind.speed_km_s for wind in drawn]
        lines.append(path.sampled(speeds, depth * np.sin(np.radians(path.longitude_deg) + phase)))
    arrived = arrivals(np.stack(lines, axis=1))
    sign = np.sign(path.sampled([wind.field_nt for wind in winds]))
    left = arrived.left_step[:, 0]
    source = np.interp(left, np.arange(len(path.days)), path.longitude_deg)
    polarity = sign[np.clip(np.rint(left).astype(np.intp), 0, len(sign) - 1)]
    when = np.arange(hours) / 24 + LEAD_DAYS
    speed = arrived.speed_km_s

    def by_hour(values: Array) -> Array:
        return np.interp(when, path.days, values)

    return WindAtEarth(
        begin=begin,
        speed_km_s=by_hour(speed[:, 0]),
        polarity=np.where(by_hour(polarity) < 0, -1.0, 1.0),
        spread_km_s=by_hour(speed.std(axis=1)),
        longitude_deg=by_hour(source) % 360,
    )


def streams(wind: WindAtEarth) -> tuple[Stream, ...]:
    """High-speed streams of a wind, each with the place at 0.1 au that its peak left."""
    return tuple(
        Stream(
            time=wind.begin + int(hour) * u.hour,
            speed_km_s=float(wind.speed_km_s[hour]),
            polarity=int(wind.polarity[hour]),
            longitude_deg=float(wind.longitude_deg[hour]),
        )
        for hour in stream_hours(wind.speed_km_s)
    )


def stream_hours(speed_km_s: Array) -> NDArray[np.intp]:
    """Hours of the peaks of high-speed streams in an hourly series, which may have gaps (NaN)."""
    daily = running_mean(speed_km_s, 24)
    known = np.isfinite(daily)
    if not known.any():
        return np.array([], np.intp)
    filled = np.interp(np.arange(len(daily)), np.flatnonzero(known), daily[known])
    found, _ = find_peaks(filled, height=STREAM_KM_S, prominence=RISE_KM_S, distance=STREAM_GAP_H)
    return np.asarray(found, np.intp)


def running_mean(values: Array, width: int) -> Array:
    """Mean over a window of hours of the values that are there."""
    known = np.isfinite(values)
    kernel = np.ones(width)
    total, count = (
        np.convolve(part, kernel, "same") for part in (np.where(known, values, 0), known)
    )
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
