"""Emergence of active regions over the solar cycles of a simulated Sun."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

EPOCH = Time("2008-12-16T00:00:00")
"""Start of cycle 24 (a minimum), from which days and cycles are counted."""

CYCLE_DAYS = 11.0 * 365.25
MONTH_DAYS = 30.44

EMERGENCES_PER_DAY = 1.1
"""Emergence rate at the maximum of a mean cycle, of regions of at least 1e21 Mx, whole Sun.

A choice. With the fluxes below this is some 6e21 Mx of each sign a day, near the 6.2e21 Mx of
Harvey-Angle (1993, PhD thesis, Utrecht) and Schrijver & Harvey (1994, Sol. Phys. 150, 1)."""

STRENGTH_SCATTER = 0.2
"""Standard deviation of the logarithm of a cycle's strength, a choice."""

BACKGROUND = 0.02
"""Emergence rate at minimum, relative to the maximum, a choice."""

MEDIAN_FLUX_MX, FLUX_SCATTER = 4e21, 0.9
"""Median and logarithmic scatter of the log-normal distribution of fluxes, one polarity.

Muñoz-Jaramillo et al. (2015, ApJ 800, 48) find regions log-normal above 1e21 Mx; the numbers are a
choice within their range."""

FLUX_MX = (1e21, 5e22)
"""Smallest and largest flux of a region, one polarity."""

BELT_SCATTER_DEG = 5.0
"""Half width of the activity belt; Hathaway (2015), Living Rev. Sol. Phys. 12, 4, Fig. 9."""

TILT_BY_LATITUDE = 0.4
"""Tilt over latitude (Joy's law). Dasi-Espuig et al. (2010, A&A 518, A7) find 0.4 to 0.5; inflows
towards the belts make it effectively smaller (Cameron et al. 2010, ApJ 719, 264)."""

TILT_SCATTER_DEG = 14.0
"""Scatter of the tilt at 1e22 Mx, proportional to flux^(-1/4): larger for small regions, as
Stenflo & Kosovichev (2012, ApJ 745, 129) find."""

ANTI_HALE = 0.06
"""Share of regions with reversed polarity, 4 to 8 %; Li & Ulrich (2012), ApJ 758, 115."""

NESTED = 0.35
"""Share of regions that emerge in nests of activity; Castenmiller, Zwaan & van der Zalm (1986),
Sol. Phys. 105, 237."""

NEST_SIZE_DEG, NEST_DAYS, NESTS = 4.0, 164, 4
"""Nests: standard deviation in longitude and latitude, lifetime (six rotations, ibid.), number."""

Degrees = NDArray[np.float64]


@dataclass(frozen=True)
class ActiveRegion:
    """Bipolar active region at its emergence.

    Attributes
    ----------
    day
        Time of emergence, days after :data:`EPOCH`.
    longitude_deg, latitude_deg
        Carrington longitude and latitude of the centre.
    flux_mx
        Flux of each polarity when fully grown.
    tilt_deg
        Angle of the axis to the east-west line; positive if the leading side is nearer the equator.
    leading
        Sign of the leading polarity.
    anti_hale
        Whether that sign is against Hale's law.
    number
        Index among the regions of the same day.
    """

    day: float
    longitude_deg: float
    latitude_deg: float
    flux_mx: float
    tilt_deg: float
    leading: int
    anti_hale: bool
    number: int

    @property
    def separation_deg(self) -> float:
        """Separation of the two polarities when fully grown: about 6 degrees for 1e22 Mx.

        Wang & Sheeley (1989, Sol. Phys. 124, 81) find 5 to 10 degrees for large regions.
        """
        return float(6.0 * (self.flux_mx / 1e22) ** 0.4)


@dataclass(frozen=True)
class Nest:
    """Nest of activity: a place of repeated emergence."""

    longitude_deg: float
    latitude_offset_deg: float
    north: bool


def activity(day: float) -> float:
    """Emergence rate of the cycle that began at day 0, relative to its maximum.

    Hathaway, Wilson & Reichmann (1994, Sol. Phys. 151, 177), Eq. 1, with a rise time of 51 months.
    """
    x = max(day, 0.0) / MONTH_DAYS / 51.0
    return float(min(1.0, x**3 / (np.exp(x**2) - 0.71) / 0.82))


def belt_deg(day: float) -> float:
    """Mean latitude of emergence `day` days into a cycle, degrees.

    28° exp(-t / 90 months); Hathaway (2011), Sol. Phys. 273, 221.
    """
    return float(28.0 * np.exp(-day / MONTH_DAYS / 90.0))


def leading_sign(cycle: int, north: bool) -> int:
    """Sign of the leading polarity by Hale's law; cycle 0 is cycle 24, negative in the north."""
    return (-1 if cycle % 2 == 0 else 1) * (1 if north else -1)


@lru_cache(maxsize=256)
def strength(seed: int, cycle: int) -> float:
    """Strength of one cycle of a Sun, relative to a mean cycle."""
    return float(np.exp(_rng(seed, 3, cycle).normal(0, STRENGTH_SCATTER)))


@lru_cache(maxsize=4096)
def emerged_on(seed: int, day: int) -> tuple[ActiveRegion, ...]:
    """Active regions that emerge on one day, of this cycle and of the end of the last one."""
    rng = _rng(seed, 1, day)
    cycle = int(day // CYCLE_DAYS)
    regions: list[ActiveRegion] = []
    for of_cycle in (cycle - 1, cycle):
        since = day - of_cycle * CYCLE_DAYS
        rate = strength(seed, of_cycle) * activity(since) + BACKGROUND / 2
        for _ in range(rng.poisson(EMERGENCES_PER_DAY * rate)):
            regions.append(_emerge(rng, seed, day, of_cycle, len(regions)))
    return tuple(regions)


def _emerge(rng: np.random.Generator, seed: int, day: int, cycle: int, number: int) -> ActiveRegion:
    north = bool(rng.random() < 0.5)
    belt = belt_deg(day - cycle * CYCLE_DAYS)
    latitude = rng.normal(belt, BELT_SCATTER_DEG)
    longitude = rng.uniform(0, 360)
    if rng.random() < NESTED:
        nest = _nests(seed, day // NEST_DAYS)[int(rng.integers(NESTS))]
        north = nest.north
        longitude = rng.normal(nest.longitude_deg, NEST_SIZE_DEG) % 360
        latitude = rng.normal(belt + nest.latitude_offset_deg, NEST_SIZE_DEG / 2)
    latitude = float(np.clip(latitude, 2.0, 45.0))
    flux = float(np.clip(rng.lognormal(np.log(MEDIAN_FLUX_MX), FLUX_SCATTER), *FLUX_MX))
    scatter = TILT_SCATTER_DEG * (1e22 / flux) ** 0.25
    anti_hale = bool(rng.random() < ANTI_HALE)
    return ActiveRegion(
        day=day + float(rng.random()),
        longitude_deg=float(longitude),
        latitude_deg=latitude if north else -latitude,
        flux_mx=flux,
        tilt_deg=float(rng.normal(TILT_BY_LATITUDE * latitude, scatter)),
        leading=(-1 if anti_hale else 1) * leading_sign(cycle, north),
        anti_hale=anti_hale,
        number=number,
    )


@lru_cache(maxsize=256)
def _nests(seed: int, generation: int) -> tuple[Nest, ...]:
    rng = _rng(seed, 2, generation)
    return tuple(
        Nest(float(rng.uniform(0, 360)), float(rng.normal(0, BELT_SCATTER_DEG)), bool(k % 2))
        for k in range(NESTS)
    )


def _rng(seed: int, stream: int, index: int) -> np.random.Generator:
    return np.random.default_rng([seed, stream, index + 100_000])
