"""Magnetic field of the simulated Sun: active regions, transported old flux, quiet network.

A seed defines a Sun, consistently for all views and times. Active regions consist of flux elements
(:mod:`~farside.simulation.magnetic.active_regions`) for some weeks; then surface flux transport
(:mod:`~farside.simulation.magnetic.flux_transport`) takes over their flux.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

import astropy.units as u
import numpy as np
from astropy.time import Time

from farside.errors import OutOfRangeError
from farside.simulation.emission.responses import Response, varied_response
from farside.simulation.grid import COARSE, FINE, Lattice
from farside.simulation.instruments.exposure import Telescope, varied_telescope
from farside.simulation.magnetic.active_regions import FluxElements, compact_fraction, elements_of
from farside.simulation.magnetic.cycle import CYCLE_DAYS, EPOCH, ActiveRegion, emerged_on
from farside.simulation.magnetic.flux_transport import (
    GLOBE,
    STEP_DAYS,
    Spectrum,
    field_gauss,
    spectrum,
    transported,
)
from farside.simulation.magnetic.quiet import on_network, quiet
from farside.sun.grid import Image

YOUNG_DAYS = 30
"""Age after which the flux of a region is handed to the transport, at its next step."""

FIRST_STEP = -int(CYCLE_DAYS) // STEP_DAYS
"""First transport step of every Sun: the minimum before cycle 23, with a dipole."""

KEPT_STEPS = 8
"""Interval, in steps, of the transport states that are kept in memory."""

INITIAL_POLAR_GAUSS = 6.0
"""Initial polar field, positive in the north; the profile sin⁸λ is that of Svalgaard, Duvall &
Scherrer (1978), Sol. Phys. 58, 225."""

CEILING_GAUSS = 3000.0
"""Largest radial field in spots; Solanki (2003), Astron. Astrophys. Rev. 11, 153."""

COMPACT_DEG, SPOT_DEG, SCATTERED_DEG = 0.22, 0.12, 1.2
"""Standard deviations over which the flux of an element is spread: in compact plage, in spots, and
on the network."""

SPOT_CELLS = 0.6
"""Smallest standard deviation for spots, in cells of the grid."""


STREAM = 270
"""First random stream of the structure of old flux."""

BAY_DEG, BAY_REACH_DEG, BAY_DAYS = 3.5, 2.6, 20.0
"""Scale, displacement (root mean square) and lifetime of the bays by which old flux deviates from
the smooth transport; fitted to the persistence of GONG's maps over a rotation
(docs/sun-check.md)."""

CLUMP_DEG, CLUMP_SCATTER, CLUMP_DAYS = 1.0, 0.9, 6.0
"""Scale, scatter of the logarithm and lifetime of the clumps of old flux, fitted to the same maps.
"""


@dataclass(frozen=True, eq=False)
class Surface:
    """Photosphere of a simulated Sun at one time, on one grid.

    Attributes
    ----------
    sun, time, lattice
        The Sun, the time, and the grid of the arrays.
    radial_field
        Radial field, (row, column), gauss, positive outwards.
    lanes
        Supergranular network, (row, column), 0 to 1.
    """

    sun: SimulatedSun
    time: Time
    lattice: Lattice
    radial_field: Image
    lanes: Image


class SimulatedSun:
    """Simulated Sun, reproducible from its seed.

    Parameters
    ----------
    seed
        Seed of its cycles, regions, network and textures.
    polarity
        1, or -1 to reverse the sign of the field everywhere and change nothing else.
    variety
        Random variation of the instruments' responses for this Sun, for training: 0 is none, 1 is
        the size of their uncertainty.
    """

    def __init__(self, seed: int, polarity: int = 1, variety: float = 0.0) -> None:
        self.seed = seed
        self.polarity = np.float32(polarity)
        self.variety = variety

    def response(self, name: str) -> Response:
        """Response of a band, such as ``"AIA 193"``."""
        return varied_response(name, self.seed, self.variety)

    def telescope(self, name: str) -> Telescope:
        """Telescope of a band, such as ``"AIA 193"``."""
        return varied_telescope(name, self.seed, self.variety)

    def day(self, time: Time) -> float:
        """Days from :data:`~farside.simulation.magnetic.cycle.EPOCH` to `time`."""
        return float((time - EPOCH).to_value("day"))

    def rng(self, stream: int, time: Time, lifetime_days: float) -> np.random.Generator:
        """Random generator of one stream, the same for all times within `lifetime_days`."""
        epoch = int(self.day(time) // lifetime_days)
        return np.random.default_rng([self.seed, stream, epoch + 1_000_000])

    def regions(self, time: Time) -> tuple[ActiveRegion, ...]:
        """Active regions emerged by `time` and not yet handed to the transport, oldest first."""
        day = self.day(time)
        oldest = handed_over_before(_step(day))
        days = range(int(np.floor(oldest)), int(np.floor(day)) + 1)
        emerged = (region for each in days for region in emerged_on(self.seed, each))
        return tuple(
            sorted((r for r in emerged if oldest < r.day <= day), key=lambda region: region.day)
        )

    def elements(self, time: Time) -> FluxElements:
        """Flux elements of the active regions at `time`."""
        found = elements_of(self.seed, self.regions(time), self.day(time))
        found.flux_mx[...] *= self.polarity
        return found

    def background(self, time: Time) -> Image:
        """Transported field of all older regions, (180, 360), gauss.

        Raises
        ------
        OutOfRangeError
            `time` is before the Sun begins.
        """
        check_begun(time)
        day = self.day(time)
        step = _step(day)
        state = transported(_history(self.seed).at(step), day - step * STEP_DAYS)
        return self.polarity * field_gauss(state)

    def map(self, time: Time) -> Image:
        """Map of the radial field at 1° without the quiet network, (180, 360), gauss."""
        return self.background(time) + _deposited(self.elements(time), GLOBE)

    def at(self, time: Time, lattice: Lattice = FINE) -> Surface:
        """Photosphere at `time`, on a grid; OutOfRangeError before the Sun begins."""
        check_begun(time)
        calm = quiet(self.seed, self.day(time), lattice)
        elements = self.elements(time)
        fresh = compact_fraction(elements)
        plage, spots = (
            _deposited(elements, lattice, fresh * share)
            for share in (~elements.in_spot, elements.in_spot)
        )
        compact = lattice.smooth(plage, COMPACT_DEG)
        compact += lattice.smooth(spots, max(SPOT_DEG, SPOT_CELLS * lattice.step_deg))
        # Flux that has left the regions is smooth: the grid of 1° resolves it.
        scattered = GLOBE.smooth(_deposited(elements, GLOBE, 1 - fresh), SCATTERED_DEG)
        old = lattice.resampled(self._broken_up(scattered + self.background(time), time))
        total = compact + on_network(old, calm.concentrations) + self.polarity * calm.field_gauss
        ceiling = np.float32(CEILING_GAUSS)
        field = np.asarray(ceiling * np.tanh(total / ceiling), dtype=np.float32)
        return Surface(self, time, lattice, field, calm.lanes)

    def _broken_up(self, old: Image, time: Time) -> Image:
        """Old flux broken up into bays and clumps, on COARSE."""
        stream = self._turning(time, STREAM, BAY_DAYS, BAY_DEG)
        east, north = COARSE.gradient_per_deg(stream)
        reach = np.float32(BAY_REACH_DEG / np.sqrt((east**2 + north**2).mean() + 1e-30))
        bent = COARSE.displaced(COARSE.resampled(old), reach * north, -reach * east)
        clumps = np.exp(
            np.float32(CLUMP_SCATTER) * self._turning(time, STREAM + 1, CLUMP_DAYS, CLUMP_DEG)
        )
        return np.asarray(bent * (clumps / COARSE.smooth(clumps, 3 * CLUMP_DEG)), np.float32)

    def _turning(self, time: Time, stream: int, life_days: float, scale_deg: float) -> Image:
        """Random texture of unit variance that changes into another within `life_days`."""
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
    """Transport states of one Sun, computed on demand."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._kept: dict[int, Spectrum] = {FIRST_STEP: spectrum(_initial_field())}
        self._lock = Lock()

    def at(self, step: int) -> Spectrum:
        """Transport state at the beginning of a step."""
        with self._lock:
            now = max(known for known in self._kept if known <= step)
            state = self._kept[now]
            for each in range(now + 1, step + 1):
                state = transported(state, STEP_DAYS) + self._handed_over(each)
                if (each - FIRST_STEP) % KEPT_STEPS == 0:
                    self._kept[each] = state
            return state

    def _handed_over(self, step: int) -> Spectrum:
        """Flux that is handed to the transport at the beginning of a step."""
        first, last = handed_over_before(step - 1), handed_over_before(step)
        days = range(int(np.floor(first)), int(np.floor(last)) + 1)
        regions = [region for day in days for region in emerged_on(self._seed, day)]
        regions = [region for region in regions if first < region.day <= last]
        return spectrum(_deposited(elements_of(self._seed, regions, step * STEP_DAYS), GLOBE))


@lru_cache(maxsize=8)
def _history(seed: int) -> _History:
    return _History(seed)


def check_begun(time: Time, what: str = "") -> None:
    """Refuse a time before the beginning of every simulated Sun.

    Parameters
    ----------
    time
        The time.
    what
        What it is the time of, for the message.

    Raises
    ------
    OutOfRangeError
        What was got, and what was expected.
    """
    if (time - EPOCH).to_value("day") < FIRST_STEP * STEP_DAYS:
        first = EPOCH + FIRST_STEP * STEP_DAYS * u.day
        of = f" ({what})" if what else ""
        raise OutOfRangeError(
            f"a simulated Sun begins on {first.isot[:10]}: got {time.isot}{of}, expected later"
        )


def _step(day: float) -> int:
    return int(day // STEP_DAYS)


def handed_over_before(step: int) -> float:
    """Day of the latest regions that have been handed to the transport at the start of `step`."""
    return step * STEP_DAYS - float(YOUNG_DAYS)


def _initial_field() -> Image:
    sine = np.sin(np.radians(GLOBE.latitude_deg))[:, None]
    profile = INITIAL_POLAR_GAUSS * np.sign(sine) * sine**8
    return np.repeat(profile, GLOBE.columns, axis=1).astype(np.float32)


def _deposited(elements: FluxElements, lattice: Lattice, share: Image | None = None) -> Image:
    """Mean field of elements in the cells of a grid, (row, column), gauss."""
    flux = elements.flux_mx if share is None else elements.flux_mx * share
    places = elements.longitude_deg.ravel(), elements.latitude_deg.ravel()
    return lattice.deposit(*places, flux.ravel()) / lattice.cell_cm2
