"""Coronal loops of active regions: arcs between the footpoints of linked flux."""

from __future__ import annotations

from dataclasses import dataclass

import astropy.units as u
import numpy as np
from astropy.time import Time

from farside.simulation.grid import Degrees, Lattice
from farside.simulation.magnetic.active_regions import FluxElements, compact_fraction
from farside.simulation.sun import SimulatedSun
from farside.sun.angles import wrap_deg
from farside.sun.grid import Image

FEET = 1.006
"""Radius of the shell of the footpoints, solar radii: some 4 Mm high; moss is 3 to 5 Mm high
(Berger et al. 1999, ApJ 519, L97)."""

SHELLS = (1.025, 1.06)
"""Radii of the shells of loops above their footpoints, solar radii, a choice."""

LIFTED = 0.8
"""Height of a loop in units of half its footpoint separation; 1 is a semicircle, a choice."""

FANNED, MOST_FANNED = 0.8, 0.2
"""Sideways displacement of a loop's apex, relative to its distance from the axis of its region, and
largest displacement relative to its footpoint separation, a choice."""

STEPS = 32
"""Number of points along a loop."""

LIFE_DAYS, SCATTER = 0.5, 1.3
"""Time scale and logarithmic scatter of the brightness of a loop, a choice."""

REGION_LIFE_DAYS, REGION_SCATTER = 2.0, 0.35
"""Time scale and logarithmic scatter common to all loops of a region, a choice."""

OLD_SHARE = 0.15
"""Fraction of a region's flux that is still linked once it is scattered, a choice."""

FAN_LENGTH, FAN_FADING = 0.5, 0.2
"""Length of a fan, and its 1/e length, in footpoint separations, a choice."""


@dataclass(frozen=True)
class Loops:
    """Appearance of the loops of one ion, common to all instruments.

    Attributes
    ----------
    stream
        Random stream.
    lag_hours
        Delay of the loops behind the flux of their footpoints.
    apex
        Brightness of a loop's apex relative to its footpoints.
    reach_deg
        Footpoint separation over which loops dim by 1/e: the hottest loops are short.
    fan
        Fraction of the light in fans, which extend outwards from the footpoints.
    width_deg
        Standard deviation across a loop.
    arch_height
        Height over which long loops and fans dim by 1/e, solar radii.
    """

    stream: int
    lag_hours: float
    apex: float
    reach_deg: float
    fan: float
    width_deg: float
    arch_height: float


LOOPS = {
    "Fe IX": Loops(210, 12.0, 0.5, 9.0, 0.35, 0.18, 0.05),
    "Fe XII": Loops(220, 8.0, 0.9, 6.0, 0.12, 0.25, 0.10),
}
"""Loops of each ion. The delays are a choice within what emerging regions show: 171 Å dims 3.6 to
19 h after the first flux, for 3 to 14 h, while hotter bands brighten (Zhang et al. 2012, ApJ 760,
L29). Fans are seen in the cooler band, hot cores in the other; the numbers are a choice."""


def loop_flux(sun: SimulatedSun, time: Time, loops: Loops, lattice: Lattice) -> list[Image]:
    """Linked flux along the loops, gauss, on the shell of the footpoints and each other shell."""
    then = time - loops.lag_hours * u.hour
    elements = sun.elements(then)
    light = _linked_mx(elements, loops) * _brightness(sun, time, then, loops, elements)
    # (longitude, latitude, height, light; point, loop)
    points = np.concatenate([_arcs(elements, light, loops), *_fans(elements, light, loops)], axis=1)
    longitude, latitude, height, weight = points.reshape(4, -1)
    levels = np.array([FEET, *SHELLS]) - 1
    place = np.interp(height, levels, np.arange(levels.size))
    shares = [np.maximum(1 - np.abs(place - k), 0) for k in range(levels.size)]
    fluxes = [lattice.deposit(longitude, latitude, weight * share) for share in shares]
    # Smoothing over less than a cell leaves small negative values.
    return [
        np.maximum(lattice.smooth(flux / lattice.cell_cm2, loops.width_deg), 0) for flux in fluxes
    ]


def _linked_mx(elements: FluxElements, loops: Loops) -> Degrees:
    """Flux linking each pair of footpoints; less if far apart, and as a region breaks up."""
    flux = np.sqrt(np.abs(elements.flux_mx[0]) * np.abs(elements.flux_mx[1]))
    near = np.exp(-np.hypot(*_chord(elements)) / loops.reach_deg)
    return np.asarray(flux * near * (OLD_SHARE + (1 - OLD_SHARE) * compact_fraction(elements)))


def _brightness(
    sun: SimulatedSun, time: Time, then: Time, loops: Loops, elements: FluxElements
) -> Degrees:
    """Log-normal brightness factor of loops and regions, of mean 1, changing over hours to days."""
    day = sun.day(time)
    bright = np.zeros(elements.region.size)
    for index, region in enumerate(sun.regions(then)):
        own = elements.region == index
        name = (sun.seed, loops.stream, int(region.day) + 100_000, region.number)
        each = _turning(name, day / LIFE_DAYS, int(own.sum()))
        whole = _turning((*name, 1), day / REGION_LIFE_DAYS, 1)
        bright[own] = SCATTER * each + REGION_SCATTER * whole
    return np.asarray(np.exp(bright - (SCATTER**2 + REGION_SCATTER**2) / 2))


def _turning(name: tuple[int, ...], lives: float, count: int) -> Degrees:
    """Normal random numbers of one seed that change into the next within a lifetime."""
    epoch, phase = divmod(lives, 1.0)
    now, later = (
        np.random.default_rng([*name, int(epoch) + k + 1_000_000]).standard_normal(count)
        for k in range(2)
    )
    return np.asarray(np.cos(0.5 * np.pi * phase) * now + np.sin(0.5 * np.pi * phase) * later)


def _arcs(elements: FluxElements, light: Degrees, loops: Loops) -> Degrees:
    """Points of loops between the footpoints: (longitude, latitude, height, light; point, loop)."""
    along = ((np.arange(STEPS) + 0.5) / STEPS)[:, None]
    arch = np.sin(np.pi * along)
    east, north = _chord(elements)
    aside_east, aside_north = _aside(elements)
    top = LIFTED * np.radians(np.hypot(east, north)) / 2
    profile = 1 + (loops.apex - 1) * arch
    profile *= (1 - loops.fan) / profile.sum()
    place = _beside(
        elements, 0, along * east + arch * aside_east, along * north + arch * aside_north
    )
    return np.stack([*place, top * arch, profile * light])


def _fans(elements: FluxElements, light: Degrees, loops: Loops) -> list[Degrees]:
    """Points of the fans, outwards from each footpoint, in the form of :func:`_arcs`."""
    if loops.fan == 0:
        return []
    beyond = np.linspace(0.0, FAN_LENGTH, STEPS // 2)[:, None]
    fading = np.exp(-beyond / FAN_FADING)
    fading *= loops.fan / 2 / fading.sum()
    east, north = _chord(elements)
    aside_east, aside_north = _aside(elements)
    height = beyond * np.radians(np.hypot(east, north)) / 2
    fans = []
    for foot, sign in ((0, -1), (1, 1)):
        away = beyond * (sign * east + aside_east), beyond * (sign * north + aside_north)
        place = _beside(elements, foot, *away)
        fans.append(np.stack([*place, height, fading * light]))
    return fans


def _chord(elements: FluxElements) -> tuple[Degrees, Degrees]:
    """Vector from leading to following footpoint, degrees of a great circle east and north."""
    east = wrap_deg(elements.longitude_deg[1] - elements.longitude_deg[0])
    return east * _cosine(elements), elements.latitude_deg[1] - elements.latitude_deg[0]


def _cosine(elements: FluxElements) -> Degrees:
    return np.asarray(np.cos(np.radians(elements.latitude_deg.mean(axis=0))))


def _aside(elements: FluxElements) -> tuple[Degrees, Degrees]:
    """Displacement of each loop's apex from its region's axis, degrees east and north."""
    chord_east, chord_north = _chord(elements)
    cosine = _cosine(elements)
    middle = elements.longitude_deg[0] + chord_east / cosine / 2
    first = np.searchsorted(elements.region, elements.region)
    east = _off_mean(elements, wrap_deg(middle - middle[first]) * cosine)
    north = _off_mean(elements, elements.latitude_deg.mean(axis=0))
    length = np.maximum(np.hypot(chord_east, chord_north), 1e-3)
    across = (north * chord_east - east * chord_north) / length
    pushed = np.clip(FANNED * across, -MOST_FANNED * length, MOST_FANNED * length)
    return -pushed * chord_north / length, pushed * chord_east / length


def _off_mean(elements: FluxElements, values: Degrees) -> Degrees:
    """Values minus their mean over the region."""
    if values.size == 0:
        return values
    mean = np.bincount(elements.region, values) / np.maximum(np.bincount(elements.region), 1)
    return np.asarray(values - mean[elements.region])


def _beside(
    elements: FluxElements, foot: int, east: Degrees, north: Degrees
) -> tuple[Degrees, Degrees]:
    """Longitude and latitude of points at an offset in degrees from a footpoint."""
    latitude = np.clip(elements.latitude_deg[foot] + north, -89.0, 89.0)
    return elements.longitude_deg[foot] + east / _cosine(elements), latitude
