"""Flares of the simulated Sun: when, where and how bright, from the seed and the time alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from astropy.time import Time

from farside.simulation.magnetic.active_regions import Elements
from farside.simulation.magnetic.cycle import Region
from farside.simulation.sun import SimulatedSun

WINDOW_DAYS = 1 / 24
"""A region flares at most once in each."""

STREAM = 240
"""Of their random numbers."""

FLARES_PER_DAY = 0.5
"""Of a young region of :data:`STRONG_MX`, a choice: so one picture in a hundred at maximum is
saturated. Larger regions flare more: Sammis, Tang & Zirin (2000), ApJ 540, 583."""

STRONG_MX, WEAK_MX = 1e22, 7e21
"""Regions with less flux than the second do not flare, a choice."""

PRIME_DAYS = 6.0
"""Age over which flaring dies away by 1/e, a choice."""

DECAY_HOURS = 0.25
"""By which the light falls by 1/e, a choice."""

LEAST_RADIANCE, STEEPNESS, GREATEST_RADIANCE = 150.0, 0.8, 6000.0
"""Of the power law of peaks, in units of the quiet Sun; that of GOES fluxes above a flux has the
steepness 1.1 or so (Veronig et al. 2002, A&A 382, 1070), that of EUV is a choice."""

SIZE_DEG = 0.35
"""Standard deviation of a flare's light, a choice."""

FAINTEST = 5.0
"""Radiance below which a fading flare is over."""

WINDOWS = 4
"""After so many even the brightest is over."""


@dataclass(frozen=True)
class Flare:
    """The kernel of a flare at one time.

    Attributes
    ----------
    longitude_deg, latitude_deg
        Carrington longitude and latitude.
    radiance
        Of its middle, in units of the quiet Sun.
    size_deg
        Standard deviation of its light.
    """

    longitude_deg: float
    latitude_deg: float
    radiance: float
    size_deg: float


def flares(sun: SimulatedSun, time: Time) -> tuple[Flare, ...]:
    """The flares that shine at `time`."""
    day = sun.day(time)
    shining = []
    for index, region in enumerate(sun.regions(time)):
        if region.flux_mx < WEAK_MX:
            continue
        radiance = sum(_left(sun.seed, region, day, ago) for ago in range(WINDOWS))
        if radiance > FAINTEST:
            longitude, latitude = _middle(sun.elements(time), index)
            shining.append(Flare(longitude, latitude, radiance, SIZE_DEG))
    return tuple(shining)


def _middle(elements: Elements, index: int) -> tuple[float, float]:
    """Carrington longitude and latitude of the middle of a region, where its polarities meet."""
    own = elements.region == index
    longitude, latitude = elements.longitude_deg[:, own], elements.latitude_deg[:, own]
    return float(np.median(longitude)) % 360, float(np.median(latitude))


def _left(seed: int, region: Region, day: float, ago: int) -> float:
    """What is left of the light of the flare of a window some windows ago, 0 if there was none."""
    window = int(day // WINDOW_DAYS) - ago
    name = (seed, STREAM, int(region.day) + 100_000, region.number, window + 10_000_000)
    rng = np.random.default_rng(name)
    age = window * WINDOW_DAYS - region.day
    rate = FLARES_PER_DAY * region.flux_mx / STRONG_MX * np.exp(-max(age, 0.0) / PRIME_DAYS)
    began = (window + rng.random()) * WINDOW_DAYS
    if rng.random() > rate * WINDOW_DAYS or began > day or age < 0:
        return 0.0
    peak = min(LEAST_RADIANCE * rng.random() ** (-1 / STEEPNESS), GREATEST_RADIANCE)
    return float(peak * np.exp(-(day - began) * 24 / DECAY_HOURS))
