"""Active regions as flux elements: growth, shear, break-up and spreading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from farside.simulation.grid import Degrees
from farside.simulation.magnetic.cycle import ActiveRegion
from farside.simulation.magnetic.flux_transport import DAY_S, flow_deg_per_day
from farside.sun.grid import Image
from farside.sun.heliographic import differential_rotation_deg_per_day
from farside.sun.observer import SOLAR_RADIUS_M

ELEMENT_MX = 4e19
"""Flux of one element, a choice: that of a small pore or a large knot of plage."""

LEAST_ELEMENTS = 20
"""Smallest number of elements of each polarity of a region."""

GROWTH_DAYS = 1.4
"""Emergence time of a region of 5e21 Mx, proportional to flux^0.3.

Within the one to five days of van Driel-Gesztelyi & Green (2015), Living Rev. Sol. Phys. 12, 1."""

WALK_KM2_S = 220.0
"""Diffusion coefficient of elements that have left the spots; Schrijver & Martin (1990, Sol. Phys.
129, 95) find 220 to 250 around active regions."""

SPOT_DAYS = 30.0
"""Lifetime of the spots of a region of 1e22 Mx, proportional to its flux.

The rule of Gnevyshev and Waldmeier, 10 millionths of a hemisphere a day (Petrovay & van
Driel-Gesztelyi 1997, Sol. Phys. 176, 249), for some 300 millionths at that flux, a choice."""

FIRST_WALK_DAYS = 2.0
"""Age at which elements outside spots begin to diffuse, a choice."""

SPOT_LIFE_DAYS = (2.0, 60.0)
"""Shortest and longest lifetime of the spots of a region."""

IN_SPOTS = (0.45, 0.2)
"""Initial fraction of the flux in spots, of the leading and the following polarity, a choice.

The leading one is more compact: van Driel-Gesztelyi & Petrovay (1990), Sol. Phys. 126, 285."""

KNOTS = (5, 13)
"""Number of plage knots of the leading and the following polarity of a region, a choice."""

SPOT_PLACES = (0.55, 0.25, 0.20)
"""Fractions of the flux in spots at the centre of a polarity and at two of its knots, a choice."""

KNOT_SPREAD = (0.30, 0.17)
"""Standard deviations of the knots about the centre of a polarity, along and across the parallel,
in separations: a choice, so that regions are longer than wide."""

ELEMENT_SPREAD, SPOT_SPREAD = 0.07, 0.04
"""Standard deviations of elements about their knot, and in spots, in separations; a choice."""

MM_PER_DEG = SOLAR_RADIUS_M * np.pi / 180 / 1e6


@dataclass(frozen=True, eq=False)
class FluxElements:
    """Flux elements of the active regions of a Sun at one time.

    Attributes
    ----------
    longitude_deg, latitude_deg, flux_mx
        Carrington longitude, latitude and signed flux, (2, n): row 0 leading, row 1 following
        polarity. The two elements of a column are the footpoints of one bundle of loops.
    region
        Index of the region of each column, (n,).
    age_days
        Age of that region, (n,), days.
    in_spot
        Whether an element is still in a spot, (2, n).
    """

    longitude_deg: Degrees
    latitude_deg: Degrees
    flux_mx: Degrees
    region: NDArray[np.int64]
    age_days: Degrees
    in_spot: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Draw:
    """Random numbers of a region: initial offsets, diffusion steps, and lifetimes in spots."""

    place: Degrees  # (direction, side, element)
    walk: Degrees
    spot_days: Degrees  # (side, element), 0 outside spots


@lru_cache(maxsize=512)
def _draw(seed: int, region: ActiveRegion) -> _Draw:
    rng = np.random.default_rng([seed, 4, int(region.day) + 100_000, region.number])
    count = max(LEAST_ELEMENTS, round(region.flux_mx / ELEMENT_MX))
    in_spots = rng.random((2, count)) < np.array(IN_SPOTS)[:, None]
    life = np.clip(SPOT_DAYS * region.flux_mx / 1e22, *SPOT_LIFE_DAYS)
    in_plage, spots = _knots(rng, count)
    in_plage += rng.normal(0, ELEMENT_SPREAD, (2, 2, count))
    place = np.where(in_spots, spots + rng.normal(0, SPOT_SPREAD, (2, 2, count)), in_plage)
    return _Draw(
        place=place * region.separation_deg,
        walk=rng.normal(0, 1, (2, 2, count)),
        spot_days=np.where(in_spots, life * rng.random((2, count)), 0.0),
    )


def _knots(rng: np.random.Generator, count: int) -> tuple[Degrees, Degrees]:
    """Centres of the knot and the spot of each element, (direction, side, element), separations."""
    spread = np.array(KNOT_SPREAD)[:, None]
    in_plage, in_spots = [], []
    for knots in KNOTS:
        middles = rng.normal(0, spread, (2, knots))
        in_plage.append(middles[:, rng.integers(knots, size=count)])
        spots = np.column_stack([np.zeros(2), middles[:, : len(SPOT_PLACES) - 1]])
        in_spots.append(spots[:, rng.choice(len(SPOT_PLACES), count, p=SPOT_PLACES)])
    return np.stack(in_plage, axis=1), np.stack(in_spots, axis=1)


def elements_of(seed: int, regions: Sequence[ActiveRegion], day: float) -> FluxElements:
    """Flux elements of some regions of a Sun on a day."""
    parts = [_elements(seed, region, day) for region in regions]
    counts = [part.shape[-1] for part in parts]
    # (longitude, latitude, flux, in a spot; side; element)
    joined = np.concatenate(parts, axis=-1) if parts else np.empty((4, 2, 0))
    index = np.repeat(np.arange(len(parts)), counts)
    age = np.repeat([day - region.day for region in regions], counts)
    return FluxElements(joined[0], joined[1], joined[2], index, age, joined[3] > 0)


def _elements(seed: int, region: ActiveRegion, day: float) -> Degrees:
    draw, age = _draw(seed, region), day - region.day
    growth = GROWTH_DAYS * (region.flux_mx / 5e21) ** 0.3
    grown = 1 - np.exp(-((age / growth) ** 2))
    side = np.array([[1.0], [-1.0]])
    half = 0.5 * region.separation_deg * (0.3 + 0.7 * grown) * side
    tilt = np.radians(region.tilt_deg)
    walked = draw.place + draw.walk * _walk_deg(age - FIRST_WALK_DAYS - draw.spot_days)
    equatorward = half * np.sin(tilt) * np.sign(region.latitude_deg)
    start = region.latitude_deg + walked[1] - equatorward
    latitude = np.clip(start + age * flow_deg_per_day(start), -89.0, 89.0)
    east_west = (half * np.cos(tilt) + walked[0]) / np.cos(np.radians(latitude))
    longitude = region.longitude_deg + east_west + age * differential_rotation_deg_per_day(latitude)
    flux = region.leading * side * grown * region.flux_mx / side_count(draw)
    in_spot = (draw.spot_days > 0) & (age - FIRST_WALK_DAYS < draw.spot_days)
    return np.stack([longitude, latitude, np.broadcast_to(flux, latitude.shape), in_spot])


def side_count(draw: _Draw) -> int:
    """Number of elements of each polarity."""
    return int(draw.spot_days.shape[1])


def _walk_deg(days: Degrees) -> Degrees:
    """Standard deviation of a random walk along one direction, degrees."""
    spread_mm = np.sqrt(2 * WALK_KM2_S * np.maximum(days, 0) * DAY_S) / 1e3
    return np.asarray(spread_mm / MM_PER_DEG)


def compact_fraction(elements: FluxElements) -> Image:
    """Fraction of the flux of each column that is still in compact plage and spots, (n,).

    The rest is scattered over the network. The time of 12 days is a choice: regions of 5e21 Mx
    lose their outline within a rotation.
    """
    return np.exp(-((elements.age_days / 12.0) ** 2)).astype(np.float32)
