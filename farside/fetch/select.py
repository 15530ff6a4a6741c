"""Choice of files: the nearest complete group of a time, of the best grade of data."""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from farside.archive.times import isoformat, to_datetime
from farside.errors import (
    DownloadError,
    FetchError,
    InputError,
    NoDataError,
    SourceMovedError,
    SourceUnreachableError,
)
from farside.fetch.archives import GRADES, Archives, Grade
from farside.fetch.connection import Connection
from farside.fetch.integrity import check_fits, check_map, read_image
from farside.io.fits import number, primary_cards
from farside.observation.image import Origin
from farside.sun.reference_epoch import hours_apart
from farside.sun.times import format_duration

_log = logging.getLogger(__name__)

MOST_DOWNLOADS = 4
"""Most files that are downloaded for one channel and slot before the next slot is tried. A choice:
a few broken files in a row mean a bad hour, not bad luck."""

Order: TypeAlias = Literal["grade first", "time first"]


class Wish(NamedTuple):
    """File to find: its name in messages, its series with their bands, whether it is optional."""

    name: str
    series: tuple[tuple[str, str], ...]
    optional: bool = False


class Slot(NamedTuple):
    """Time interval in which a group is looked for, and the worst grade that is taken."""

    middle: datetime
    half_hours: float
    worst: Grade


class Candidate(NamedTuple):
    """File of an archive: series, band, address and the time of its name."""

    series: str
    band: str
    address: str
    time: datetime


@dataclass(frozen=True)
class Found:
    """Downloaded and checked file, in the cache.

    Attributes
    ----------
    origin
        Its header; None for a map.
    time
        Its time, UTC.
    reasons
        Why it was taken.
    """

    candidate: Candidate
    path: Path
    origin: Origin | None
    time: datetime
    reasons: tuple[str, ...]


def slots(
    middle: datetime,
    half_hours: float,
    reaches_hours: Sequence[float],
    order: Order,
) -> list[Slot]:
    """Slots around a time, nearest first, for each reach in turn.

    "grade first" looks for definitive data over the whole reach before it takes near-real-time
    ones; "time first" takes in each slot the best that there is.
    """
    found: list[Slot] = []
    inner = -1.0
    for reach in reaches_hours:
        steps = int(max(0.0, reach - half_hours) / half_hours)
        offsets = sorted((half_hours * n for n in range(-steps, steps + 1)), key=abs)
        offsets = [offset for offset in offsets if abs(offset) > inner]
        for worst in GRADES if order == "grade first" else GRADES[-1:]:
            found += [Slot(middle + timedelta(hours=h), half_hours, worst) for h in offsets]
        inner = max(map(abs, offsets), default=inner)
    return found


@dataclass
class Selection:
    """Search of one fetch, with what it has learnt of the archives.

    Attributes
    ----------
    rejected
        Addresses of files that cannot be used, with the reason.
    failures
        Series whose archive does not answer or has moved; they are not asked again.
    is_patient
        Whether nothing is to be replaced because an archive does not answer now.
    """

    archives: Archives
    connection: Connection
    is_patient: bool = False
    rejected: dict[str, str] = field(default_factory=dict)
    failures: dict[str, FetchError] = field(default_factory=dict)
    _bands: dict[str, str] = field(default_factory=dict)
    _known_times: dict[tuple[str, str, str], list[tuple[datetime, str]]] = field(
        default_factory=dict
    )

    def group(self, wishes: Sequence[Wish], within: Sequence[Slot]) -> tuple[Found, ...]:
        """Files of the first slot that has one for every wish.

        Without such a slot, those of the first slot that has one for every wish that is not
        optional, and at least one.

        Raises
        ------
        NoDataError
            No slot is complete.
        SourceUnreachableError, SourceMovedError
            Nor can it be known, since an archive does not answer or has moved.
        """
        lacking: dict[str, int] = {}
        every = [wish._replace(optional=False) for wish in wishes]
        for asked in [every] if every == list(wishes) else [every, list(wishes)]:
            for slot in within:
                found = self._complete(asked, slot, lacking)
                if found:
                    return found
            error = self._error(asked, lacking, within)
            if self.is_patient and isinstance(error, SourceUnreachableError):
                raise error
        raise self._error(wishes, lacking, within)

    def _complete(
        self, wishes: Sequence[Wish], slot: Slot, lacking: dict[str, int]
    ) -> tuple[Found, ...] | None:
        needed = [wish for wish in wishes if not wish.optional]
        for wish in needed:  # before anything is downloaded
            if not any(self._candidates(*each, slot) for each in self._sources(wish, slot)):
                lacking[wish.name] = lacking.get(wish.name, 0) + 1
                return None
        found, without = [], []
        for wish in wishes:
            file = self._first(wish, slot._replace(worst=GRADES[-1]) if wish.optional else slot)
            if file is not None:
                found.append(file)
            elif not wish.optional:
                lacking[wish.name] = lacking.get(wish.name, 0) + 1
                return None
            else:
                without.append(wish.name)
        if found and without:
            _log.warning("no %s near %s; the model works without", ", ".join(without), _text(slot))
        return tuple(found)

    def _first(self, wish: Wish, slot: Slot) -> Found | None:
        """Nearest file of the best series that has one."""
        passed: list[str] = []
        for name, band in self._sources(wish, slot):
            found = self._nearest(name, band, slot)
            if found is not None:
                grade = self.archives.sources[name].grade
                reason = f"nearest {grade} file within {_span(slot)} of {_text(slot)}"
                return Found(*found, (reason, *passed))
            failure = self.failures.get(name)
            passed.append(f"{name}: {failure or 'no usable file there'}")
        return None

    def _sources(self, wish: Wish, slot: Slot) -> list[tuple[str, str]]:
        """Series of the wish that may be taken in a slot, best grade first."""
        table = self.archives.sources
        worst = GRADES.index(slot.worst)
        usable = [
            (name, band)
            for name, band in wish.series
            if GRADES.index(table[name].grade) <= worst and table[name].covers(slot.middle)
        ]
        return sorted(usable, key=lambda each: GRADES.index(table[each[0]].grade))

    def _nearest(
        self, name: str, band: str, slot: Slot
    ) -> tuple[Candidate, Path, Origin | None, datetime] | None:
        tried = 0
        for candidate in self._candidates(name, band, slot):
            if tried == MOST_DOWNLOADS or name in self.failures:
                return None
            try:
                if self._shows(candidate):
                    tried += 1
                    path, origin, time = self._take(candidate)
                    if hours_apart(time, slot.middle) <= slot.half_hours:
                        return candidate, path, origin, time
            except (SourceUnreachableError, SourceMovedError) as error:
                self._fail(name, error)
            except (DownloadError, InputError) as error:
                self.rejected[candidate.address] = f"{type(error).__name__}: {error}"
                _log.warning("rejected %s: %s", candidate.address, error)
        return None

    def _candidates(self, name: str, band: str, slot: Slot) -> list[Candidate]:
        """Files of a series in a slot by the times of their names, nearest first."""
        source, base = self.archives.sources[name], self.archives.base(self.archives.sources[name])
        if name in self.failures:
            return []
        margin = timedelta(hours=slot.half_hours)
        first, last = slot.middle - margin, slot.middle + margin
        found: dict[str, Candidate] = {}
        try:
            for directory in source.directories(first, last):
                times = self._times(name, band, base + directory)
                for time, file in times[bisect_left(times, (first, "")) :]:
                    if time > last:
                        break
                    address = base + directory + file
                    found[address] = Candidate(name, band, address, time)
            if not found:
                self.connection.check_base(base)  # without files of a time, is it there?
        except (SourceUnreachableError, SourceMovedError) as error:
            self._fail(name, error)
            return []
        usable = [each for each in found.values() if each.address not in self.rejected]
        return sorted(usable, key=lambda each: (abs(each.time - slot.middle), each.address))

    def _times(self, name: str, band: str, directory: str) -> list[tuple[datetime, str]]:
        """Times and names of a series in one directory, in order."""
        key = name, band, directory
        if key not in self._known_times:
            source = self.archives.sources[name]
            files = self.connection.listing(directory) or ()
            timed = [(source.time_of(file, band), file) for file in files]
            self._known_times[key] = sorted((time, file) for time, file in timed if time)
        return self._known_times[key]

    def _shows(self, candidate: Candidate) -> bool:
        """Whether a file shows the band; read from its header where its name does not tell."""
        if self.archives.sources[candidate.series].tells_band:
            return True
        if candidate.address not in self._bands:
            cards = primary_cards(self.connection.header(candidate.address))
            self._bands[candidate.address] = f"{number(cards, 'WAVELNTH') or 0:g}"
        return self._bands[candidate.address] == candidate.band

    def _take(self, candidate: Candidate) -> tuple[Path, Origin | None, datetime]:
        source = self.archives.sources[candidate.series]
        is_final = source.grade == "definitive"
        path = self.connection.download(candidate.address, check_fits, is_final=is_final)
        if source.instrument == "GONG":
            return path, None, check_map(path)
        origin = read_image(path, source.instrument, candidate.band, candidate.time)
        return path, origin, to_datetime(origin.time)

    def _fail(self, name: str, error: FetchError) -> None:
        self.failures[name] = error
        _log.warning("%s is passed over: %s", name, error)

    def _error(
        self, wishes: Sequence[Wish], lacking: Mapping[str, int], within: Sequence[Slot]
    ) -> FetchError:
        names = {name for wish in wishes for name, _ in wish.series}
        failures = [error for name, error in self.failures.items() if name in names]
        what = ", ".join(sorted(lacking, key=lambda name: -lacking[name])) or "nothing"
        rejected = [f"{address}: {reason}" for address, reason in self.rejected.items()]
        reach = max(hours_apart(each.middle, within[0].middle) for each in within)
        span = format_duration(reach + within[0].half_hours)
        told = "; ".join(
            [
                f"no usable file of {what}, expected one within {span} of {_text(within[0])}",
                *dict.fromkeys(map(str, failures)),
                *rejected[:3],
            ]
        )
        kinds = [type(error) for error in failures]
        for kind in (SourceMovedError, SourceUnreachableError):
            if kind in kinds:
                return kind(told)
        return NoDataError(told)


def _text(slot: Slot) -> str:
    return isoformat(slot.middle)[:16]


def _span(slot: Slot) -> str:
    return format_duration(slot.half_hours)
