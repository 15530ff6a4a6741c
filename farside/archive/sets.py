"""Group arrived files into input sets by spacecraft, band, time and the epoch of Eq. 5."""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from farside import __version__
from farside.archive.entry import count_provisional
from farside.archive.index import Arrival
from farside.archive.times import slot_of
from farside.magnetogram.stack import SPACECRAFT
from farside.model.recipe import Channel, Recipe
from farside.quality import Quality
from farside.sun.reference_epoch import hours_apart, mean_time, reference_time

SAME_TIME_HOURS = 0.25
"""Time step within which images count as simultaneous, and the one with fewer flags is taken. A
choice: the surface rotates by an eighth of a degree."""

HALF_DAY_HOURS = 12.0
"""Greatest offset of an HMI magnetogram from the slot of its map."""

Order = Callable[[Arrival], Any]


@dataclass(frozen=True)
class FileSet:
    """Set of input files of one magnetogram.

    Attributes
    ----------
    spacecraft, slot
        Observer, and nominal time (UTC).
    observations, references
        One file for each channel of the Recipe.
    quality
        Flags of all files; with OLD_REFERENCE if a reference is far from the epoch of Eq. 5.
    """

    spacecraft: str
    slot: datetime
    observations: tuple[Arrival, ...]
    references: tuple[Arrival, ...]
    quality: Quality

    @property
    def hashes(self) -> frozenset[str]:
        """SHA-256 of all files of the set."""
        return frozenset(each.sha256 for each in (*self.observations, *self.references))


class TimeIndex:
    """Time index: files of one channel sorted by time."""

    def __init__(self, arrivals: Sequence[Arrival]) -> None:
        self._arrivals = sorted(arrivals, key=lambda arrival: (arrival.time, arrival.sha256))
        self._times = [arrival.time for arrival in self._arrivals]

    def __iter__(self) -> Iterator[Arrival]:
        return iter(self._arrivals)

    def near(self, time: datetime, hours: float) -> list[Arrival]:
        """Files within `hours` of `time`."""
        margin = timedelta(hours=hours)
        first = bisect_left(self._times, time - margin)
        return self._arrivals[first : bisect_right(self._times, time + margin)]


def file_sets(arrivals: Sequence[Arrival], recipe: Recipe, cadence: timedelta) -> Iterator[FileSet]:
    """Find the best complete set for each spacecraft and slot, sorted by time.

    The best set has the fewest provisional flags, then is nearest to the slot and to the epoch of
    Eq. 5. The result does not depend on the order of arrival.

    Parameters
    ----------
    cadence
        Interval between slots. An image of the Recipe's first channel belongs to the nearest slot.
    """
    references = _time_indices(arrivals, recipe.channels_of("reference"))
    found: list[FileSet] = []
    for spacecraft, own in _by_spacecraft(arrivals).items():
        # The role follows from the instrument here: in an archive of the far side, AIA is always a
        # reference.
        far = [each for each in own if each.instrument != "AIA"]
        observed = _time_indices(far, recipe.channels_of("observation"))
        leads: dict[datetime, list[Arrival]] = defaultdict(list)
        for lead in observed[0]:
            leads[slot_of(lead.time, cadence)].append(lead)
        for slot, candidates in leads.items():
            observations = _observations(candidates, observed, slot, recipe)
            if observations is not None:
                found += _completed(spacecraft, slot, observations, references, recipe)
    yield from sorted(found, key=lambda each: (each.slot, each.spacecraft))


def nearest_hmi(slot: datetime, arrivals: Sequence[Arrival]) -> Arrival | None:
    """HMI magnetogram nearest to a slot, within half a day; None if there is none."""
    disks = [
        each
        for each in arrivals
        if each.instrument == "HMI" and hours_apart(each.time, slot) <= HALF_DAY_HOURS
    ]
    return min(disks, key=lambda each: (*distance(each.time, each.quality, slot), each.sha256),
               default=None)  # fmt: skip


def distance(time: datetime, quality: Quality, expected: datetime) -> tuple[int, int]:
    """Sort key of an image: time offset in quarters of an hour, then provisional flags."""
    return int(hours_apart(time, expected) // SAME_TIME_HOURS), count_provisional(quality)


def job_id(parts: Sequence[str]) -> str:
    """Identifier of a production job: hash of its parts and of Farside's version."""
    return hashlib.sha256("\n".join([__version__, *parts]).encode()).hexdigest()


def _by_spacecraft(arrivals: Sequence[Arrival]) -> Mapping[str, list[Arrival]]:
    found: dict[str, list[Arrival]] = defaultdict(list)
    for arrival in arrivals:
        found[SPACECRAFT.get(arrival.instrument, arrival.instrument)].append(arrival)
    return found


def _time_indices(arrivals: Sequence[Arrival], channels: Sequence[Channel]) -> list[TimeIndex]:
    return [
        TimeIndex([a for a in arrivals if channel.takes(channel.role, a.instrument, a.band)])
        for channel in channels
    ]


def _observations(
    leads: Sequence[Arrival], indices: Sequence[TimeIndex], slot: datetime, recipe: Recipe
) -> tuple[Arrival, ...] | None:
    def order(lead: Arrival) -> tuple[int, float]:
        return count_provisional(lead.quality), hours_apart(lead.time, slot)

    return _best(leads, indices, order, recipe)


def _completed(
    spacecraft: str,
    slot: datetime,
    observations: tuple[Arrival, ...],
    indices: Sequence[TimeIndex],
    recipe: Recipe,
) -> Iterator[FileSet]:
    """The set with its references; nothing if one is missing."""
    epoch = _epoch(observations)
    timing = recipe.timing

    def is_late(image: Arrival) -> bool:
        return hours_apart(image.time, epoch) > timing.usual_lag_hours

    def order(lead: Arrival) -> tuple[bool, int, float]:
        return is_late(lead), count_provisional(lead.quality), hours_apart(lead.time, epoch)

    within = [TimeIndex(index.near(epoch, timing.greatest_lag_hours)) for index in indices]
    references = _best(list(within[0]), within, order, recipe) if within else ()
    if references is None:
        return
    quality = _quality(observations + references)
    if any(map(is_late, references)):
        quality |= Quality.OLD_REFERENCE
    yield FileSet(spacecraft, slot, observations, references, quality)


def _epoch(observations: Sequence[Arrival]) -> datetime:
    """Reference epoch (Eq. 5) for the mean time and the observer of the product."""
    time = mean_time([each.time for each in observations])
    view = min(observations, key=lambda each: hours_apart(each.time, time))
    return reference_time(time, view.longitude_deg)


def _best(
    leads: Sequence[Arrival], indices: Sequence[TimeIndex], order: Order, recipe: Recipe
) -> tuple[Arrival, ...] | None:
    """Best complete set with one file per channel, all within the Recipe's time spread."""
    complete = [
        chosen
        for lead in sorted(leads, key=lambda lead: (order(lead), lead.sha256))
        if (chosen := _around(lead, indices[1:], recipe.timing.spread_hours)) is not None
    ]
    # `min` keeps the first of equally good sets, that of the best lead.
    return min(complete, key=lambda chosen: count_provisional(_quality(chosen)), default=None)


def _around(
    lead: Arrival, indices: Sequence[TimeIndex], spread_hours: float
) -> tuple[Arrival, ...] | None:
    chosen = [lead]
    for index in indices:
        fitting = [
            image
            for image in index.near(lead.time, spread_hours)
            if all(hours_apart(image.time, other.time) <= spread_hours for other in chosen)
        ]
        if not fitting:
            return None
        chosen.append(
            min(fitting, key=lambda image: (*distance(image.time, image.quality, lead.time),
                                            hours_apart(image.time, lead.time), image.sha256))
        )  # fmt: skip
    return tuple(chosen)


def _quality(images: Sequence[Arrival]) -> Quality:
    return reduce(or_, (image.quality for image in images), Quality.GOOD)
