"""Flares of the simulated Sun: time, place and brightness, functions of seed and time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from astropy.time import Time

from farside.simulation.magnetic.active_regions import FluxElements
from farside.simulation.magnetic.cycle import ActiveRegion
from farside.simulation.sun import SimulatedSun

WINDOW_DAYS = 1 / 24
"""Time windows in each of which a region flares at most once."""

STREAM = 240
"""Random stream of flares."""

FLARES_PER_DAY = 0.5
"""Flare rate of a young region of :data:`STRONG_MX`, a choice: one image in a hundred at maximum is
then saturated. Larger regions flare more: Sammis, Tang & Zirin (2000), ApJ 540, 583."""

STRONG_MX, WEAK_MX = 1e22, 7e21
"""Flux at which the flare rate is given, and flux below which regions do not flare, a choice."""

PRIME_DAYS = 6.0
"""Age over which the flare rate falls by 1/e, a choice."""

DECAY_HOURS = 0.25
"""Time in which the light falls by 1/e, a choice."""

LEAST_RADIANCE, STEEPNESS, GREATEST_RADIANCE = 150.0, 0.8, 6000.0
"""Power law of peaks: smallest, cumulative exponent, largest, in units of the quiet Sun. GOES peaks
have an exponent of about 1.1 (Veronig et al. 2002, A&A 382, 1070); for EUV it is a choice."""

SIZE_DEG = 0.35
"""Standard deviation of a flare's light, a choice."""

FAINTEST = 5.0
"""Radiance below which a decaying flare is over."""

WINDOWS = 4
"""Number of windows after which even the brightest flare is over."""


@dataclass(frozen=True)
class Flare:
    """Kernel of a flare at one time.

    Attributes
    ----------
    longitude_deg, latitude_deg
        Carrington longitude and latitude.
    radiance
        Peak radiance, in units of the quiet Sun.
    size_deg
        Standard deviation of the light.
    """

    longitude_deg: float
    latitude_deg: float
    radiance: float
    size_deg: float


def flares(sun: SimulatedSun, time: Time) -> tuple[Flare, ...]:
    """Flares in progress at `time`."""
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


def _middle(elements: FluxElements, index: int) -> tuple[float, float]:
    """Carrington longitude and latitude of the centre of a region."""
    own = elements.region == index
    longitude, latitude = elements.longitude_deg[:, own], elements.latitude_deg[:, own]
    return float(np.median(longitude)) % 360, float(np.median(latitude))


def _left(seed: int, region: ActiveRegion, day: float, ago: int) -> float:
    """Remaining radiance of the flare in the window `ago` windows before, 0 if there was none."""
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
