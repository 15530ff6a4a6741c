"""Viewing schedule of simulated suns: seeds, times and observers, derived from a few numbers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

import astropy.units as u
import numpy as np
from astropy.time import Time

from farside.sun.grid import Grid
from farside.sun.reference_epoch import SYNODIC_PERIOD_DAYS

FROM, UNTIL = "2010-06-01", "2027-06-01"
"""From the rise of cycle 24 to the decline of cycle 25: both of Hale's laws, one reversal each."""


def date_at(share: float) -> Time:
    """Date at a fraction `share` of the campaigns' time span, UTC, to the millisecond."""
    first, last = Time(FROM), Time(UNTIL)
    return Time((first + share * (last - first)).isot)


STREAM = 1_000
"""Seed component of this module's random numbers; the suns use smaller ones."""


@dataclass(frozen=True)
class Look:
    """View of one surface from one observer.

    Attributes
    ----------
    surface
        Index of the surface in the epoch.
    reference
        Index of the reference surface for a view of the spacecraft; None for a view of SDO.
    """

    surface: int
    reference: int | None = None


@dataclass(frozen=True)
class Epoch:
    """One rotation of one Sun.

    Attributes
    ----------
    seed, number
        Seed of the Sun, and index of the epoch among those of that Sun.
    start
        Start, UTC, ISO.
    days
        Time of each surface after the start, days: rising from 0 to a synodic rotation.
    looks
        Views, each a set of four disks; a reference comes before the views that need it.
    """

    seed: int
    number: int
    start: str
    days: tuple[float, ...]
    looks: tuple[Look, ...]

    @property
    def name(self) -> str:
        """Name of the epoch's file."""
        return f"{self.seed}-{self.number}"

    def time(self, surface: int) -> Time:
        """Time of one surface, to the millisecond."""
        return Time((Time(self.start) + self.days[surface] * u.day).isot)

    def age_days(self, surface: int, reference: int) -> float:
        """Age of surface `reference` at the time of `surface`, days."""
        return self.days[surface] - self.days[reference]


@dataclass(frozen=True)
class Campaign:
    """Settings of a store of simulated suns; all pairs and pixels follow from them.

    For each Sun `epochs` rotations are drawn, one from each of as many equal parts of the dates.
    Each rotation is seen at `times` surfaces: at its beginning, at its end 27.3 days later, and
    between with jitter. SDO sees each surface but the last. For each two surfaces, and for the
    first with itself, the spacecraft sees the later one from the longitude at which Eq. 5 makes
    the earlier one its reference. Ages thus run from 0 to 27.3 days, with
    ``times (times - 1) / 2 + 1`` pairs per epoch.

    Attributes
    ----------
    grid
        Grid of the disks.
    first_seed, seeds
        First seed and number of the suns.
    epochs, times
        Number of epochs per Sun, and of surfaces per epoch.
    first, last
        Dates between which the rotations lie.
    share
        Share of the pairs of each epoch that is kept, drawn at random.
    test
        Whether these suns are for testing; else for training.
    variety
        Spread of the instruments' responses over suns:
        :class:`~farside.simulation.sun.SimulatedSun`.
    """

    grid: Grid
    first_seed: int
    seeds: int
    epochs: int = 4
    times: int = 6
    first: str = FROM
    last: str = UNTIL
    share: float = 1.0
    test: bool = False
    variety: float = 0.0

    def __post_init__(self) -> None:
        for name, least in (("first_seed", 0), ("seeds", 1), ("epochs", 1), ("times", 2)):
            if getattr(self, name) < least:
                raise ValueError(f"{name}: got {getattr(self, name)}, expected {least} or more")
        if not 0 < self.share <= 1:
            raise ValueError(f"share: got {self.share}, expected more than 0 and at most 1")
        if self.variety < 0:
            raise ValueError(f"variety: got {self.variety}, expected 0 or more")
        if self._room_days() < 0:
            raise ValueError(
                f"dates: got {self.first} to {self.last}, expected {SYNODIC_PERIOD_DAYS} days or "
                "more"
            )

    def schedule(self) -> tuple[Epoch, ...]:
        """List all epochs in the order of the store."""
        suns = range(self.first_seed, self.first_seed + self.seeds)
        return tuple(self._epoch(seed, number) for seed in suns for number in range(self.epochs))

    def _room_days(self) -> float:
        """Length of the time span in which an epoch may begin, days."""
        span = Time(self.last, scale="utc") - Time(self.first, scale="utc")
        return float(span.to_value("day")) - SYNODIC_PERIOD_DAYS

    def _epoch(self, seed: int, number: int) -> Epoch:
        rng = np.random.default_rng([seed, STREAM, number])
        begins = (number + rng.random()) / self.epochs * self._room_days()
        step = SYNODIC_PERIOD_DAYS / (self.times - 1)
        between = (np.arange(1, self.times - 1) + rng.uniform(-0.5, 0.5, self.times - 2)) * step
        return Epoch(
            seed=seed,
            number=number,
            start=(Time(self.first, scale="utc") + begins * u.day).isot,
            days=(0.0, *map(float, between), SYNODIC_PERIOD_DAYS),
            looks=self._looks(rng),
        )

    def _looks(self, rng: np.random.Generator) -> tuple[Look, ...]:
        pairs = [(0, 0), *((late, early) for late in range(self.times) for early in range(late))]
        count = max(1, round(self.share * len(pairs)))
        kept = [pairs[index] for index in sorted(rng.permutation(len(pairs))[:count])]
        references = {early for _, early in kept}
        each = (
            [
                *(Look(surface) for surface in {surface} & references),
                *(Look(late, early) for late, early in kept if late == surface),
            ]
            for surface in range(self.times)
        )
        return tuple(chain.from_iterable(each))
