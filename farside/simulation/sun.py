"""The magnetic Sun: bipolar regions that emerge, shear, spread and decay over a mixed network.

A Sun is a seed; its field at any time is computed from scratch, so two views of it at two times
agree. The physics is kept to what a far-side generator can learn from.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

from farside.grid import Image
from farside.heliographic import drift_deg_per_day
from farside.simulation.sphere import (
    CELL_CM2,
    COLUMNS,
    LATITUDE_DEG,
    ROWS,
    deposit,
    noise,
    smooth,
)

EPOCH = Time("2008-12-16T00:00:00")
"""A cycle minimum (the start of cycle 24), from which days and cycles are counted."""

CYCLE_DAYS = 11.0 * 365.25
DECAY_DAYS = 40.0
"""Time in which a region loses 1/e of its flux to cancellation below the grid's resolution."""

MEMORY_DAYS = 110
"""Regions older than this are forgotten."""

EMERGENCES_PER_DAY = 1.3
"""Regions of at least 1e21 Mx a day on the whole Sun at cycle maximum."""

DIFFUSION_KM2_S = 200.0
"""Supergranular diffusion, at the low end of 200-400; Mosher (1977), PhD thesis, Caltech."""

ELEMENT_MX = 4e19
"""Flux of one plage element."""

ANTI_HALE = 0.05
"""Share of regions with reversed polarity, 4-8 %; Li & Ulrich (2012), ApJ 758, 115."""

CEILING_GAUSS = 2800.0

Positions = NDArray[np.float64]


@dataclass(frozen=True)
class Region:
    """A bipolar region at its emergence, and the elements that its flux breaks into.

    Attributes
    ----------
    day
        Time of emergence, days after :data:`EPOCH`.
    longitude_deg, latitude_deg
        Carrington longitude and latitude of its centre.
    flux_mx
        Flux of each polarity.
    tilt_deg
        Angle of the axis to the east-west line, the leading side nearer the equator when positive.
    leading
        Sign of the leading polarity.
    offset_deg, walk
        Of each element, (east or north, element): its place about its own pole, and its random
        walk in standard deviations.
    side
        +1 for elements of the leading pole, -1 for the following.
    """

    day: float
    longitude_deg: float
    latitude_deg: float
    flux_mx: float
    tilt_deg: float
    leading: int
    offset_deg: Positions
    walk: Positions
    side: Positions

    @property
    def separation_deg(self) -> float:
        """Distance of the two poles when fully grown: about 6 degrees for 1e22 Mx."""
        return float(6.0 * (self.flux_mx / 1e22) ** 0.4)


def meridional_deg_per_day(latitude_deg: Positions) -> Positions:
    """Poleward flow of 11 m/s sin 2λ; Hathaway & Rightmire (2010), Science 327, 1350."""
    return np.asarray(0.0783 * np.sin(np.radians(2 * latitude_deg)))


def activity(day: float) -> float:
    """Emergence rate relative to its maximum: the cycle shape of Hathaway (1994), Eq. 4."""
    months = (day % CYCLE_DAYS) / 30.44
    x = months / 51.0
    return float(min(1.0, x**3 / (np.exp(x**2) - 0.71) / 0.82)) + 0.02


def belt_deg(day: float) -> float:
    """Mean latitude of emergence, 28° exp(-t / 90 months); Hathaway (2011), Sol. Phys. 273, 221."""
    return float(28.0 * np.exp(-(day % CYCLE_DAYS) / 30.44 / 90.0))


def leading_sign(day: float, north: bool) -> int:
    """Hale: in cycle 24 the leading polarity of the north is negative, then it alternates."""
    cycle = int(day // CYCLE_DAYS)
    return (-1 if cycle % 2 == 0 else 1) * (1 if north else -1)


def _emerge(rng: np.random.Generator, day: float, nests_deg: Positions) -> Region:
    north = bool(rng.random() < 0.5)
    latitude = float(np.clip(rng.normal(belt_deg(day), 5.0), 3.0, 45.0))
    longitude = float(rng.uniform(0, 360))
    if rng.random() < 0.35:  # Activity nests: Castenmiller et al. (1986), Sol. Phys. 105, 237.
        longitude = float(rng.choice(nests_deg) + rng.normal(0, 5.0)) % 360
    flux = float(np.clip(rng.lognormal(np.log(4e21), 0.9), 1e21, 5e22))
    # Joy's law: Wang & Sheeley (1991), ApJ 375, 761; the scatter falls with flux.
    tilt = 0.5 * latitude + rng.normal(0, 14.0 * (1e22 / flux) ** 0.25)
    hale = -1 if rng.random() < ANTI_HALE else 1
    count = max(20, round(flux / ELEMENT_MX))
    spread = 0.22 * 6.0 * (flux / 1e22) ** 0.4
    side = np.repeat([1.0, -1.0], count)
    compact = np.where(rng.random(2 * count) < np.where(side > 0, 0.4, 0.15), 0.25, 1.0)
    return Region(
        day=day,
        longitude_deg=longitude,
        latitude_deg=latitude if north else -latitude,
        flux_mx=flux,
        tilt_deg=float(tilt),
        leading=hale * leading_sign(day, north),
        offset_deg=rng.normal(0, spread, (2, 2 * count)) * compact,
        walk=rng.normal(0, 1, (2, 2 * count)),
        side=side,
    )


@lru_cache(maxsize=1024)
def _emerged_on(seed: int, day: int) -> tuple[Region, ...]:
    rng = np.random.default_rng([seed, 1, day + 100_000])
    nests = np.random.default_rng([seed, 2, day // 81 + 10_000]).uniform(0, 360, 4)
    count = rng.poisson(EMERGENCES_PER_DAY * activity(day))
    return tuple(_emerge(rng, day + float(rng.random()), nests) for _ in range(count))


def _elements(region: Region, day: float) -> tuple[Positions, Positions, Image]:
    """Carrington longitude, latitude and signed flux (Mx) of a region's elements at `day`."""
    age = day - region.day
    grown = 1 - np.exp(-((age / 1.2) ** 2))
    poleward = np.sign(region.latitude_deg)
    half = 0.5 * region.separation_deg * (0.3 + 0.7 * grown) * region.side
    tilt = np.radians(region.tilt_deg)
    # 1 degree is 12.14 Mm; the walk begins once the region has emerged.
    step = np.sqrt(2 * DIFFUSION_KM2_S * max(age - 2.0, 0.0) * 86400) / 12142.0
    north = region.offset_deg[1] - half * np.sin(tilt) * poleward + step * region.walk[1]
    start = region.latitude_deg + north
    latitude = np.clip(start + age * meridional_deg_per_day(start), -89, 89)
    east_west = half * np.cos(tilt) + region.offset_deg[0] + step * region.walk[0]
    longitude = (
        region.longitude_deg
        + east_west / np.cos(np.radians(latitude))
        + age * drift_deg_per_day(latitude)
    )
    remains = grown * np.exp(-age / DECAY_DAYS)
    flux = region.leading * region.side * remains * region.flux_mx / (region.side.size / 2)
    return longitude, latitude, flux.astype(np.float32)


@dataclass(frozen=True, eq=False)
class Surface:
    """The state of a Sun at one time, on the grid of :mod:`farside.simulation.sphere`.

    Attributes
    ----------
    radial_field
        Gauss, positive outwards.
    lanes
        Where the supergranular network lies, 0 to 1; it lives about two days.
    """

    sun: SimulatedSun
    time: Time
    radial_field: Image
    lanes: Image


class SimulatedSun:
    """One Sun, reproducible from its seed.

    Parameters
    ----------
    seed
        Names the Sun: its regions, its network and its texture.
    polarity
        -1 turns every field line round, and nothing else.
    """

    def __init__(self, seed: int, polarity: int = 1) -> None:
        self.seed = seed
        self.polarity = np.float32(polarity)

    def day(self, time: Time) -> float:
        """Days from :data:`EPOCH` to `time`."""
        return float((time - EPOCH).to_value("day"))

    def rng(self, stream: int, time: Time, lifetime_days: float) -> np.random.Generator:
        """Random numbers of one kind that stay the same for `lifetime_days`."""
        epoch = int(self.day(time) // lifetime_days)
        return np.random.default_rng([self.seed, stream, epoch + 1_000_000])

    def regions(self, time: Time) -> tuple[Region, ...]:
        """The regions that have emerged by `time` and are not forgotten, oldest first."""
        day = self.day(time)
        last = int(np.floor(day))
        return tuple(
            region
            for emerged in range(last - MEMORY_DAYS, last + 1)
            for region in _emerged_on(self.seed, emerged)
            if region.day <= day <= region.day + MEMORY_DAYS
        )

    def at(self, time: Time) -> Surface:
        """The surface at `time`."""
        cells = noise(self.rng(3, time, 2.0), 0.9)
        lanes = np.exp(-((cells / 0.5) ** 2))
        total = self._region_field(time) + self._quiet_field(time, lanes)
        total += polar_field_gauss(self.day(time)) * lanes / lanes.mean()
        ceiling = np.float32(CEILING_GAUSS)
        field = self.polarity * ceiling * np.tanh(total / ceiling)
        return Surface(self, time, field, lanes)

    def _region_field(self, time: Time) -> Image:
        regions, day = self.regions(time), self.day(time)
        if not regions:
            return np.zeros((ROWS, COLUMNS), np.float32)
        parts = [_elements(region, day) for region in regions]
        longitude, latitude, flux = (np.concatenate(part) for part in zip(*parts, strict=True))
        return smooth(deposit(longitude, latitude, flux) / CELL_CM2, 0.4)

    def _quiet_field(self, time: Time, lanes: Image) -> Image:
        """Mixed polarity, concentrated on the network; its histogram has long wings."""
        salt = noise(self.rng(4, time, 2.0), 0.25)
        return np.float32(7.0) * lanes * salt * np.abs(salt)


def polar_field_gauss(day: float) -> Image:
    """Mean polar field, (row, 1): ±6 G at the poles, north positive at the 2019 minimum.

    The profile sin⁸λ is that of Svalgaard, Duvall & Scherrer (1978), Sol. Phys. 58, 225.
    """
    sine = np.sin(np.radians(LATITUDE_DEG))
    strength = -6.0 * np.cos(np.pi * day / CYCLE_DAYS)
    profile = strength * np.sign(sine) * sine**8
    return np.asarray(profile[:, None], dtype=np.float32)
