"""The magnetic Sun: young regions as elements of flux, old flux on a globe, and the quiet network.

A Sun is a seed: any two views of it, at any two times, agree. Regions live as elements
(:mod:`~farside.simulation.magnetic.active_regions`) for some weeks; then their flux is handed to
the surface flux transport (:mod:`~farside.simulation.magnetic.flux_transport`), which carries it
for the rest of the cycles.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

import astropy.units as u
import numpy as np
from astropy.time import Time

from farside.simulation.emission.responses import Response, drawn_response
from farside.simulation.grid import COARSE, FINE, Lattice
from farside.simulation.instruments.exposure import Telescope, drawn_telescope
from farside.simulation.magnetic.active_regions import Elements, elements_of, freshness
from farside.simulation.magnetic.cycle import CYCLE_DAYS, EPOCH, Region, emerged_on
from farside.simulation.magnetic.flux_transport import (
    GLOBE,
    STEP_DAYS,
    Spectrum,
    carried,
    field_gauss,
    spectrum,
)
from farside.simulation.magnetic.quiet import on_network, quiet
from farside.sun.grid import Image

YOUNG_DAYS = 30
"""Age from which a region's flux is handed to the transport, at the next of its steps."""

FIRST_STEP = -int(CYCLE_DAYS) // STEP_DAYS
"""Where every Sun begins: the minimum before cycle 23, with a dipole."""

KEPT_STEPS = 8
"""Of the states of a Sun each of so many is kept."""

INITIAL_POLAR_GAUSS = 6.0
"""At the poles, north positive in that minimum; the profile sin⁸λ is that of Svalgaard, Duvall &
Scherrer (1978), Sol. Phys. 58, 225."""

CEILING_GAUSS = 3000.0
"""Of the radial field in spots; Solanki (2003), Astron. Astrophys. Rev. 11, 153."""

COMPACT_DEG, SPOT_DEG, SCATTERED_DEG = 0.22, 0.12, 1.2
"""Over which the flux of an element is spread in compact plage, in spots, and once it lies on the
network."""

SPOT_CELLS = 0.6
"""Cells of a lattice over which that of spots is spread at least."""


STREAM = 270
"""First of the random numbers of what breaks up old flux."""

BAY_DEG, BAY_REACH_DEG, BAY_DAYS = 3.5, 2.6, 20.0
"""Old flux lies beside where a smooth transport has it: over what scale, how far (root mean square)
and for how long; fitted to what persists in GONG's maps over a rotation (docs/sun-check.md)."""

CLUMP_DEG, CLUMP_SCATTER, CLUMP_DAYS = 1.0, 0.9, 6.0
"""Scale, scatter of the logarithm and life of the clumps of old flux, fitted to the same maps."""


@dataclass(frozen=True, eq=False)
class Surface:
    """The state of a Sun at one time, on one lattice.

    Attributes
    ----------
    radial_field
        Gauss, positive outwards.
    lanes
        Where the supergranular network lies, 0 to 1.
    """

    sun: SimulatedSun
    time: Time
    lattice: Lattice
    radial_field: Image
    lanes: Image


class SimulatedSun:
    """One Sun, reproducible from its seed.

    Parameters
    ----------
    seed
        Names the Sun: its cycles, its regions, its network and its texture.
    polarity
        -1 turns every field line round, and nothing else.
    variety
        How far the answers of the instruments' bands are drawn anew for this Sun, for training: 0
        is not at all, 1 is as far as they are uncertain.
    """

    def __init__(self, seed: int, polarity: int = 1, variety: float = 0.0) -> None:
        self.seed = seed
        self.polarity = np.float32(polarity)
        self.variety = variety

    def response(self, name: str) -> Response:
        """How a band answers, such as ``"AIA 193"``."""
        return drawn_response(name, self.seed, self.variety)

    def telescope(self, name: str) -> Telescope:
        """What a band's light passes through, such as ``"AIA 193"``."""
        return drawn_telescope(name, self.seed, self.variety)

    def day(self, time: Time) -> float:
        """Days from :data:`~farside.simulation.magnetic.cycle.EPOCH` to `time`."""
        return float((time - EPOCH).to_value("day"))

    def rng(self, stream: int, time: Time, lifetime_days: float) -> np.random.Generator:
        """Random numbers of one kind that stay the same for `lifetime_days`."""
        epoch = int(self.day(time) // lifetime_days)
        return np.random.default_rng([self.seed, stream, epoch + 1_000_000])

    def regions(self, time: Time) -> tuple[Region, ...]:
        """The regions that have emerged by `time` and live as elements, oldest first."""
        day = self.day(time)
        oldest = handed_over_before(_step(day))
        days = range(int(np.floor(oldest)), int(np.floor(day)) + 1)
        emerged = (region for each in days for region in emerged_on(self.seed, each))
        return tuple(
            sorted((r for r in emerged if oldest < r.day <= day), key=lambda region: region.day)
        )

    def elements(self, time: Time) -> Elements:
        """The flux of these regions at `time`."""
        found = elements_of(self.seed, self.regions(time), self.day(time))
        found.flux_mx[...] *= self.polarity
        return found

    def background(self, time: Time) -> Image:
        """Field of all older regions, (180, 360), gauss.

        Raises
        ------
        ValueError
            `time` is before the Sun begins.
        """
        day = self.day(time)
        step = _step(day)
        if step < FIRST_STEP:
            first = (EPOCH + FIRST_STEP * STEP_DAYS * u.day).isot[:10]
            raise ValueError(f"a simulated Sun begins on {first}: got {time.isot}")
        state = carried(_history(self.seed).at(step), day - step * STEP_DAYS)
        return self.polarity * field_gauss(state)

    def map(self, time: Time) -> Image:
        """Field of the whole Sun at one degree, without the quiet network, (180, 360), gauss."""
        return self.background(time) + _deposited(self.elements(time), GLOBE)

    def at(self, time: Time, lattice: Lattice = FINE) -> Surface:
        """The surface at `time`."""
        calm = quiet(self.seed, self.day(time), lattice)
        elements = self.elements(time)
        fresh = freshness(elements)
        plage, spots = (
            _deposited(elements, lattice, fresh * share)
            for share in (~elements.in_spot, elements.in_spot)
        )
        compact = lattice.smooth(plage, COMPACT_DEG)
        compact += lattice.smooth(spots, max(SPOT_DEG, SPOT_CELLS * lattice.step_deg))
        # What has left the regions is as smooth as the globe: a coarse lattice carries it.
        scattered = GLOBE.smooth(_deposited(elements, GLOBE, 1 - fresh), SCATTERED_DEG)
        old = lattice.resampled(self._broken_up(scattered + self.background(time), time))
        total = compact + on_network(old, calm.concentrations) + self.polarity * calm.field_gauss
        ceiling = np.float32(CEILING_GAUSS)
        field = np.asarray(ceiling * np.tanh(total / ceiling), dtype=np.float32)
        return Surface(self, time, lattice, field, calm.lanes)

    def _broken_up(self, old: Image, time: Time) -> Image:
        """Old flux in the bays and clumps that the walk of its elements makes, on COARSE."""
        stream = self._turning(time, STREAM, BAY_DAYS, BAY_DEG)
        east, north = COARSE.gradient_per_deg(stream)
        reach = np.float32(BAY_REACH_DEG / np.sqrt((east**2 + north**2).mean() + 1e-30))
        bent = COARSE.displaced(COARSE.resampled(old), reach * north, -reach * east)
        clumps = np.exp(
            np.float32(CLUMP_SCATTER) * self._turning(time, STREAM + 1, CLUMP_DAYS, CLUMP_DEG)
        )
        return np.asarray(bent * (clumps / COARSE.smooth(clumps, 3 * CLUMP_DEG)), np.float32)

    def _turning(self, time: Time, stream: int, life_days: float, scale_deg: float) -> Image:
        """A texture of unit variance that turns into another one within a life."""
        epoch, phase = divmod(self.day(time) / life_days, 1.0)
        past, coming = (
            COARSE.noise(
                np.random.default_rng([self.seed, stream, int(epoch) + k + 1_000_000]), scale_deg
            )
            for k in range(2)
        )
        turn = np.pi / 2 * phase
        return np.asarray(np.cos(turn) * past + np.sin(turn) * coming, np.float32)


class _History:
    """The states of one Sun's transport, made when they are asked for."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._kept: dict[int, Spectrum] = {FIRST_STEP: spectrum(_initial_field())}
        self._lock = Lock()

    def at(self, step: int) -> Spectrum:
        """The state at the beginning of a step."""
        with self._lock:
            now = max(known for known in self._kept if known <= step)
            state = self._kept[now]
            for each in range(now + 1, step + 1):
                state = carried(state, STEP_DAYS) + self._handed_over(each)
                if (each - FIRST_STEP) % KEPT_STEPS == 0:
                    self._kept[each] = state
            return state

    def _handed_over(self, step: int) -> Spectrum:
        """The flux that the transport takes over at the beginning of a step."""
        first, last = handed_over_before(step - 1), handed_over_before(step)
        days = range(int(np.floor(first)), int(np.floor(last)) + 1)
        regions = [region for day in days for region in emerged_on(self._seed, day)]
        regions = [region for region in regions if first < region.day <= last]
        return spectrum(_deposited(elements_of(self._seed, regions, step * STEP_DAYS), GLOBE))


@lru_cache(maxsize=8)
def _history(seed: int) -> _History:
    return _History(seed)


def _step(day: float) -> int:
    return int(day // STEP_DAYS)


def handed_over_before(step: int) -> float:
    """The day until which regions have been handed over at the beginning of a step."""
    return step * STEP_DAYS - float(YOUNG_DAYS)


def _initial_field() -> Image:
    sine = np.sin(np.radians(GLOBE.latitude_deg))[:, None]
    profile = INITIAL_POLAR_GAUSS * np.sign(sine) * sine**8
    return np.repeat(profile, GLOBE.columns, axis=1).astype(np.float32)


def _deposited(elements: Elements, lattice: Lattice, share: Image | None = None) -> Image:
    """Mean field of elements in the cells of a lattice, gauss."""
    flux = elements.flux_mx if share is None else elements.flux_mx * share
    places = elements.longitude_deg.ravel(), elements.latitude_deg.ravel()
    return lattice.deposit(*places, flux.ravel()) / lattice.cell_cm2
