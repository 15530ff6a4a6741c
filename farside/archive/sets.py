"""Group arrived files into input sets by spacecraft, band, time and the epoch of Eq. 5.

Rules for missing files, of a Recipe whose channels may lack their image: of the observations the
set with the most channels is taken. References are, in this order, all channels within the Recipe's
usual lag of the epoch; the magnetogram with what else there is within that lag; what the Recipe
cannot do without within its greatest lag; a synoptic map in place of the magnetogram; none.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
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
from farside.model.recipe import SYNOPTIC_MAP, Channel, Recipe
from farside.quality import Quality
from farside.sun.reference_epoch import hours_apart, mean_time, reference_time

SAME_TIME_HOURS = 0.25
"""Time step within which images count as simultaneous, and the one with fewer flags is taken. A
choice: the surface rotates by an eighth of a degree."""

HALF_DAY_HOURS = 12.0
"""Greatest offset of an HMI magnetogram from the slot of its map."""

MAP_REACH_HOURS = 72.0
"""Greatest offset of a synoptic map from the time of a set. A choice: GONG's is an hourly series of
six sites, and a longer gap is better known than bridged."""

MAP_INSTRUMENT, MAP_BAND = SYNOPTIC_MAP.split(" ")
"""Instrument and band of an arrived synoptic map, as in the channels of a Recipe."""

Order = Callable[[Arrival], Any]
Row = tuple[Arrival | None, ...]
"""One file for each channel of a role, None for a channel without one."""


@dataclass(frozen=True)
class FileSet:
    """Set of input files of one magnetogram.

    Attributes
    ----------
    spacecraft, slot
        Observer, and nominal time (UTC).
    observations, references
        One file for each channel of the Recipe that has one.
    quality
        Flags of all files; with OLD_REFERENCE if a reference is far from the epoch of Eq. 5,
        MAP_REFERENCE for a synoptic map as reference, MISSING_CHANNEL for a channel without a file.
    missing
        Number of channels without a file.
    """

    spacecraft: str
    slot: datetime
    observations: tuple[Arrival, ...]
    references: tuple[Arrival, ...]
    quality: Quality
    missing: int = 0

    @property
    def files(self) -> tuple[Arrival, ...]:
        """All files of the set."""
        return self.observations + self.references

    @property
    def hashes(self) -> frozenset[str]:
        """SHA-256 of all files of the set."""
        return frozenset(each.sha256 for each in self.files)


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


def of_instrument(arrivals: Sequence[Arrival], instrument: str) -> TimeIndex:
    """Files of one instrument, sorted by time."""
    return TimeIndex([each for each in arrivals if each.instrument == instrument])


def file_sets(arrivals: Sequence[Arrival], recipe: Recipe, cadence: timedelta) -> Iterator[FileSet]:
    """Find the best usable set for each spacecraft and slot, sorted by time.

    The best set has the most channels, then the fewest provisional flags, then is nearest to the
    slot and to the epoch of Eq. 5. The result does not depend on the order of arrival.

    Parameters
    ----------
    cadence
        Interval between slots. A set belongs to the slot nearest to its leading image: that of the
        first channel that the Recipe cannot do without, else any.
    """
    references = _time_indices(arrivals, recipe.channels_of("reference"))
    maps = of_instrument(arrivals, MAP_INSTRUMENT)
    found: list[FileSet] = []
    for spacecraft, own in _by_spacecraft(arrivals).items():
        # The role follows from the instrument here: in an archive of the far side, AIA is always a
        # reference.
        far = [each for each in own if each.instrument not in ("AIA", MAP_INSTRUMENT)]
        observed = _time_indices(far, recipe.channels_of("observation"))
        for slot, leads in _leads(observed, recipe, cadence).items():
            observations = _observations(leads, observed, slot, recipe)
            if observations is not None:
                found += _completed(spacecraft, slot, observations, references, maps, recipe)
    yield from sorted(found, key=lambda each: (each.slot, each.spacecraft))


def nearest_hmi(slot: datetime, disks: TimeIndex) -> Arrival | None:
    """HMI magnetogram nearest to a slot, within half a day; None if there is none."""
    near = disks.near(slot, HALF_DAY_HOURS)
    return min(near, key=lambda each: (*distance(each.time, each.quality, slot), each.sha256),
               default=None)  # fmt: skip


def nearest_map(time: datetime, maps: TimeIndex) -> Arrival | None:
    """Synoptic map nearest to a time, within :data:`MAP_REACH_HOURS`; None if there is none."""
    near = maps.near(time, MAP_REACH_HOURS)
    return min(near, key=lambda each: (hours_apart(each.time, time), each.sha256), default=None)


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


def _needed(channels: Sequence[Channel]) -> frozenset[int]:
    """Numbers of the channels that must have an image."""
    return frozenset(n for n, channel in enumerate(channels) if not channel.optional)


def _leads(
    indices: Sequence[TimeIndex], recipe: Recipe, cadence: timedelta
) -> Mapping[datetime, list[tuple[int, Arrival]]]:
    """Leading images of each slot, with the number of their channel."""
    needed = _needed(recipe.channels_of("observation"))
    found: dict[datetime, list[tuple[int, Arrival]]] = defaultdict(list)
    for number, index in enumerate(indices):
        if not needed or number == min(needed):
            for lead in index:
                found[slot_of(lead.time, cadence)].append((number, lead))
    return found


def _observations(
    leads: Sequence[tuple[int, Arrival]],
    indices: Sequence[TimeIndex],
    slot: datetime,
    recipe: Recipe,
) -> Row | None:
    def order(lead: Arrival) -> tuple[int, float]:
        return count_provisional(lead.quality), hours_apart(lead.time, slot)

    needed = _needed(recipe.channels_of("observation"))
    return _best(leads, indices, needed, order, recipe.timing.spread_hours)


def _completed(
    spacecraft: str,
    slot: datetime,
    observations: Row,
    indices: Sequence[TimeIndex],
    maps: TimeIndex,
    recipe: Recipe,
) -> Iterator[FileSet]:
    """The set with its references; nothing if one is missing that the Recipe needs."""
    observed = _given(observations)
    epoch = _epoch(observed)
    references = _references(epoch, slot, indices, maps, recipe)
    if references is None:
        return
    referred = _given(references)
    quality = _quality(observed + referred)
    missing = len(recipe.channels) - len(observed) - len(referred)
    if missing:
        quality |= Quality.MISSING_CHANNEL
    for image in referred:
        if image.instrument == MAP_INSTRUMENT:
            quality |= Quality.MAP_REFERENCE
        elif hours_apart(image.time, epoch) > recipe.timing.usual_lag_hours:
            quality |= Quality.OLD_REFERENCE
    yield FileSet(spacecraft, slot, observed, referred, quality, missing)


def _references(
    epoch: datetime,
    slot: datetime,
    indices: Sequence[TimeIndex],
    maps: TimeIndex,
    recipe: Recipe,
) -> Row | None:
    """Best references by the rules of this module; None if the Recipe needs one that is missing."""
    channels, timing = recipe.channels_of("reference"), recipe.timing
    needed = _needed(channels)
    fields = {number for number, channel in enumerate(channels) if channel.is_field}
    for hours, required in (
        (timing.usual_lag_hours, frozenset(range(len(channels)))),
        (timing.usual_lag_hours, needed | fields),
        (timing.greatest_lag_hours, needed),
    ):
        found = _within(epoch, hours, indices, required, timing.spread_hours) if required else None
        if found is not None:
            return found
    return _map_alone(slot, channels, maps)


def _within(
    epoch: datetime,
    hours: float,
    indices: Sequence[TimeIndex],
    required: Collection[int],
    spread_hours: float,
) -> Row | None:
    def order(lead: Arrival) -> tuple[int, float]:
        return count_provisional(lead.quality), hours_apart(lead.time, epoch)

    within = [TimeIndex(index.near(epoch, hours)) for index in indices]
    leads = [(min(required), lead) for lead in within[min(required)]]
    return _best(leads, within, required, order, spread_hours)


def _map_alone(slot: datetime, channels: Sequence[Channel], maps: TimeIndex) -> Row | None:
    """Synoptic map nearest to the slot as the only reference, or none, if the Recipe allows it."""
    takers = {number for number, channel in enumerate(channels) if SYNOPTIC_MAP in channel.accepts}
    nearest = nearest_map(slot, maps) if takers else None
    if not _needed(channels) <= (takers if nearest else frozenset()):
        return None
    return tuple(nearest if number in takers else None for number in range(len(channels)))


def _epoch(observations: Sequence[Arrival]) -> datetime:
    """Reference epoch (Eq. 5) for the mean time and the observer of the product."""
    time = mean_time([each.time for each in observations])
    view = min(observations, key=lambda each: hours_apart(each.time, time))
    return reference_time(time, view.longitude_deg)


def _best(
    leads: Sequence[tuple[int, Arrival]],
    indices: Sequence[TimeIndex],
    required: Collection[int],
    order: Order,
    spread_hours: float,
) -> Row | None:
    """Best set with a file for each required channel, all within the Recipe's time spread.

    Parameters
    ----------
    leads
        Images that a set may begin with, each with the number of its channel.
    required
        Numbers of the channels that must have a file.
    """
    usable = [
        row
        for number, lead in sorted(
            leads, key=lambda each: (order(each[1]), each[0], each[1].sha256)
        )
        if (row := _around(number, lead, indices, required, spread_hours)) is not None
    ]
    # `min` keeps the first of equally good sets, that of the best lead.
    return min(
        usable,
        key=lambda row: (row.count(None), count_provisional(_quality(_given(row)))),
        default=None,
    )


def _around(
    number: int,
    lead: Arrival,
    indices: Sequence[TimeIndex],
    required: Collection[int],
    spread_hours: float,
) -> Row | None:
    chosen = {number: lead}
    others = [other for other in range(len(indices)) if other != number]
    for other in sorted(others, key=lambda each: each not in required):
        fitting = [
            image
            for image in indices[other].near(lead.time, spread_hours)
            if all(hours_apart(image.time, each.time) <= spread_hours for each in chosen.values())
        ]
        if fitting:
            chosen[other] = min(
                fitting,
                key=lambda image: (*distance(image.time, image.quality, lead.time),
                                   hours_apart(image.time, lead.time), image.sha256),
            )  # fmt: skip
        elif other in required:
            return None
    return tuple(chosen.get(each) for each in range(len(indices)))


def _given(row: Row) -> tuple[Arrival, ...]:
    return tuple(image for image in row if image is not None)


def _quality(images: Sequence[Arrival]) -> Quality:
    return reduce(or_, (image.quality for image in images), Quality.GOOD)
