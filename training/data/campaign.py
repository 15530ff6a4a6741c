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
class SurfaceView:
    """View of one surface from one observer.

    Attributes
    ----------
    surface
        Index of the surface in the epoch.
    reference
        That of the surface which is its reference, for a look of the spacecraft; None for SDO's.
    offset_deg
        Longitude of the spacecraft west of where Eq. 5 wants it.
    """

    surface: int
    reference: int | None = None
    offset_deg: float = 0.0


@dataclass(frozen=True)
class Epoch:
    """One span of time of one Sun.

    Attributes
    ----------
    seed, number
        Seed of the Sun, and index of the epoch among those of that Sun.
    start
        Start, UTC, ISO.
    days
        Of each surface after the start: 0, and more and more up to the last.
    views
        Views, each a set of four disks; a reference comes before the views that need it.
    """

    seed: int
    number: int
    start: str
    days: tuple[float, ...]
    views: tuple[SurfaceView, ...]

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

    For each Sun `epochs` spans are drawn, one from each of as many equal parts of the dates. Each
    span is seen at `times` surfaces: at its beginning, at its end `span_days` later, and between
    with jitter. SDO sees each surface but the last; for each two surfaces, and for the
    first with itself, the spacecraft sees the later one from where Eq. 5 asks for the earlier one
    as its reference. So ages go from 0 to `span_days`, ``times (times - 1) / 2 + 1`` pairs an
    epoch. With `sdo_too` SDO's own sets are targets as well, each with all its earlier ones as
    references, whatever part of the disk these show: AIA as the observation, at no cost.

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
    span_days
        Of an epoch: the greatest age of a reference.
    sdo_too
        Whether views of SDO are targets too.
    offset_deg
        Greatest distance of the spacecraft in longitude from where Eq. 5 wants it.
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
    span_days: float = SYNODIC_PERIOD_DAYS
    sdo_too: bool = False
    offset_deg: float = 0.0

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
                f"dates: got {self.first} to {self.last}, expected {self.span_days} days or more"
            )

    def schedule(self) -> tuple[Epoch, ...]:
        """List all epochs in the order of the store."""
        suns = range(self.first_seed, self.first_seed + self.seeds)
        return tuple(self._epoch(seed, number) for seed in suns for number in range(self.epochs))

    def _room_days(self) -> float:
        """Length of the time span in which an epoch may begin, days."""
        span = Time(self.last, scale="utc") - Time(self.first, scale="utc")
        return float(span.to_value("day")) - self.span_days

    def _epoch(self, seed: int, number: int) -> Epoch:
        rng = np.random.default_rng([seed, STREAM, number])
        begins = (number + rng.random()) / self.epochs * self._room_days()
        step = self.span_days / (self.times - 1)
        between = (np.arange(1, self.times - 1) + rng.uniform(-0.5, 0.5, self.times - 2)) * step
        return Epoch(
            seed=seed,
            number=number,
            start=(Time(self.first, scale="utc") + begins * u.day).isot,
            days=(0.0, *map(float, between), self.span_days),
            views=self._looks(rng),
        )

    def _offset(self, rng: np.random.Generator) -> float:
        return rng.uniform(-1, 1) * self.offset_deg if self.offset_deg else 0.0

    def _looks(self, rng: np.random.Generator) -> tuple[SurfaceView, ...]:
        pairs = [(0, 0), *((late, early) for late in range(self.times) for early in range(late))]
        count = max(1, round(self.share * len(pairs)))
        kept = [pairs[index] for index in sorted(rng.permutation(len(pairs))[:count])]
        by_sdo = set(range(self.times)) if self.sdo_too else {early for _, early in kept}
        each = (
            [
                *(SurfaceView(surface) for surface in {surface} & by_sdo),
                *(
                    SurfaceView(late, early, self._offset(rng))
                    for late, early in kept
                    if late == surface
                ),
            ]
            for surface in range(self.times)
        )
        return tuple(chain.from_iterable(each))
