"""Fetch the files of one time: far-side images, references of Eq. 5, HMI of now, a base map."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from operator import or_
from pathlib import Path
from threading import Event
from typing import Literal, TypeAlias, get_args

from astropy.time import Time

from farside.archive.sets import HALF_DAY_HOURS, MAP_REACH_HOURS
from farside.archive.times import isoformat, to_datetime
from farside.errors import (
    FetchError,
    NoDataError,
    SourceMovedError,
    SourceUnreachableError,
)
from farside.fetch.archives import Archives, load_archives
from farside.fetch.connection import Connection, to_disk
from farside.fetch.record import Fetched, FetchedFile, FileRole
from farside.fetch.select import Found, Selection, Slot, Wish, slots
from farside.io.atomic import atomic_path
from farside.model.recipe import SYNOPTIC_MAP, Channel, Recipe
from farside.quality import Quality
from farside.sun.reference_epoch import reference_time

_log = logging.getLogger(__name__)

What: TypeAlias = Literal["set", "beacon", "observed", "base"]

SPACECRAFT = ("A", "B", "Earth")
"""Spacecraft of an observation: STEREO-A and -B, and SDO."""

A_SET: tuple[What, ...] = ("set",)
BEACON: tuple[What, ...] = ("beacon",)

HOURLY = 0.5
"""Half of the interval between files of HMI's and GONG's hourly directories, hours."""


def fetch(
    time: Time | datetime,
    spacecraft: str,
    out: str | Path,
    recipe: Recipe,
    *,
    what: Collection[What] = A_SET,
    archives: Archives | None = None,
    cache: str | Path | None = None,
    is_patient: bool = False,
    stop: Event | None = None,
) -> Fetched:
    """Fetch the files of one time into a folder, with a record of what was chosen and why.

    Of each channel the nearest file is taken, in a time span that the Recipe allows; definitive
    data before near-real-time ones before beacon. Each file is checked and read before it counts.

    Parameters
    ----------
    time
        Time of the observation, UTC.
    spacecraft
        ``"A"`` or ``"B"`` of STEREO, or ``"Earth"``: SDO.
    out
        Folder, created if missing. Nothing is written to it before all files are there.
    recipe
        Recipe of the model that is to run: its channels and its limits in time.
    what
        ``"set"``: observations and references of the model; ``"beacon"``: the same with beacon
        observations only; ``"observed"``: the HMI magnetogram of the time itself; ``"base"``: a
        GONG map.
    archives
        Settings of the archives; by default :func:`load_archives`.
    cache
        Folder of downloads, by address; by default that of the user, see docs/fetch.md.
    is_patient
        Whether to raise SourceUnreachableError rather than to replace or leave out a file whose
        archive does not answer now.
    stop
        Event after which FetchStoppedError is raised, at the next piece of an answer.

    Raises
    ------
    FetchError
        Nothing is asked for, or no such kind of file.
    NoDataError
        There is no such spacecraft; the time is in the future, or outside the mission; or no
        archive has a complete set.
    SourceUnreachableError, SourceMovedError
        An archive that is needed does not answer, or has other directories than are known.
    DiskFullError
        No room for a file.
    """
    moment = time.astimezone(UTC) if isinstance(time, datetime) else to_datetime(time)
    archives = archives or load_archives()
    _check_asked(spacecraft, what)
    _check_past(moment)
    with Connection(archives, Path(cache) if cache else None, stop) as connection:
        search = _Search(
            archives, Selection(archives, connection, is_patient), recipe, moment, spacecraft
        )
        found = search.run(frozenset(what))
        fetched = Fetched(
            spacecraft=spacecraft,
            time=moment,
            model=f"{recipe.name} {recipe.version}",
            reference_epoch=search.epoch,
            longitude_deg=search.longitude_deg,
            files=tuple(_delivered(*each, Path(out), search) for each in found),
            rejected=tuple(f"{url}: {why}" for url, why in search.selection.rejected.items()),
        )
    with to_disk(Path(out)):
        fetched.write(Path(out))
    for file in fetched.files:
        _log.info("fetched %s", file)
    return fetched


class _Search:
    """Search of the groups of one fetch, in the order in which each depends on the former."""

    def __init__(
        self,
        archives: Archives,
        selection: Selection,
        recipe: Recipe,
        time: datetime,
        spacecraft: str,
    ) -> None:
        self.selection = selection
        self.epoch: datetime | None = None
        self.longitude_deg: float | None = None
        self.time = time
        self._archives = archives
        self._recipe = recipe
        self._spacecraft = spacecraft

    def run(self, what: frozenset[What]) -> list[tuple[FileRole, Found]]:
        found: list[tuple[FileRole, Found]] = []
        if what & {"set", "beacon"}:
            observations = self._observations(only_beacon="set" not in what)
            found += [("observation", each) for each in observations]
            found += [("reference", each) for each in self._references(observations)]
        if "observed" in what:
            found += [("observed", each) for each in self._hourly("HMI LOS", HALF_DAY_HOURS)]
        if "base" in what:
            found += [("base", each) for each in self._hourly("GONG MAP", MAP_REACH_HOURS)]
        return found

    def _observations(self, *, only_beacon: bool) -> tuple[Found, ...]:
        channels = self._recipe.channels_of("observation")
        wishes = [self._wish(each, self._spacecraft, only_beacon) for each in channels]
        self._check_covered(wishes, self.time)
        spread = self._recipe.timing.spread_hours
        return self.selection.group(wishes, slots(self.time, spread / 2, (spread,), "grade first"))

    def _references(self, observations: Sequence[Found]) -> tuple[Found, ...]:
        channels = self._recipe.channels_of("reference")
        if not channels:
            return ()
        self.epoch, self.longitude_deg = _epoch(observations)
        _log.info("reference epoch %s", isoformat(self.epoch)[:19])
        wishes = [self._wish(each, "Earth", only_beacon=False) for each in channels]
        self._check_covered(wishes, self.epoch)
        failure: FetchError | None = None
        for asked, within in self._attempts(channels, wishes, self.epoch):
            try:
                return self.selection.group(asked, within)
            except (NoDataError, SourceUnreachableError, SourceMovedError) as error:
                if self.selection.is_patient and isinstance(error, SourceUnreachableError):
                    raise
                failure = error
                _log.warning("%s", error)
        if failure and any(not wish.optional for wish in wishes):
            raise failure
        return ()

    def _attempts(
        self, channels: Sequence[Channel], wishes: Sequence[Wish], epoch: datetime
    ) -> Iterator[tuple[list[Wish], list[Slot]]]:
        """What to look for, and when, by the rules of :mod:`farside.archive.sets`."""
        timing, half_hours = self._recipe.timing, self._recipe.timing.spread_hours / 2
        usual, greatest = timing.usual_lag_hours, timing.greatest_lag_hours
        optional = [wish.optional for wish in wishes]
        near = slots(epoch, half_hours, (usual,), "grade first")
        if any(optional):
            yield [wish._replace(optional=False) for wish in wishes], near
            yield (
                [
                    wish._replace(optional=wish.optional and not channel.is_field)
                    for wish, channel in zip(wishes, channels, strict=True)
                ],
                near,
            )
        if not all(optional):
            yield list(wishes), slots(epoch, half_hours, (usual, greatest), "grade first")
        takes_map = [SYNOPTIC_MAP in channel.accepts for channel in channels]
        if any(takes_map) and all(map(or_, optional, takes_map)):
            yield self._hourly_search("GONG MAP", MAP_REACH_HOURS)

    def _hourly(self, pair: str, reach_hours: float) -> tuple[Found, ...]:
        wishes, within = self._hourly_search(pair, reach_hours)
        self._check_covered(wishes, self.time)
        return self.selection.group(wishes, within)

    def _hourly_search(self, pair: str, reach_hours: float) -> tuple[list[Wish], list[Slot]]:
        wish = Wish(pair, self._series((pair,), "Earth", only_beacon=False))
        return [wish], slots(self.time, HOURLY, (reach_hours,), "time first")

    def _wish(self, channel: Channel, spacecraft: str, only_beacon: bool) -> Wish:
        series = self._series(channel.accepts, spacecraft, only_beacon)
        if not series:
            raise NoDataError(
                f"{channel} of spacecraft {spacecraft}: no archive in the table, expected one of "
                f"{', '.join(sorted({s.instrument for s in self._archives.sources.values()}))}"
            )
        return Wish(str(channel), series, channel.optional)

    def _series(
        self, pairs: Sequence[str], spacecraft: str, only_beacon: bool
    ) -> tuple[tuple[str, str], ...]:
        return tuple(
            (name, band)
            for name, source in self._archives.sources.items()
            for band in source.bands
            if source.spacecraft == spacecraft
            and (source.grade == "beacon" or not only_beacon)
            and {f"{source.instrument} {band}", f"{source.instrument.split('-')[0]} {band}"}
            & set(pairs)
        )

    def _check_covered(self, wishes: Sequence[Wish], time: datetime) -> None:
        """Check that each needed wish, or any, has a series of this time, if it answers or not."""
        table = self._archives.sources
        without = [
            wish for wish in wishes if not any(table[name].covers(time) for name, _ in wish.series)
        ]
        for wish in without:
            if not wish.optional or len(without) == len(wishes):
                spans = ", ".join(f"{name} {table[name].period}" for name, _ in wish.series)
                raise NoDataError(
                    f"{wish.name}: got {isoformat(time)[:19]}, expected a time of {spans}"
                )


def _epoch(observations: Sequence[Found]) -> tuple[datetime, float]:
    """Reference epoch (Eq. 5) for the mean time and the observer of the images."""
    start = observations[0].time
    offsets = [each.time - start for each in observations]
    mean = start + sum(offsets, timedelta()) / len(offsets)
    view = min(observations, key=lambda each: abs(each.time - mean)).origin
    if view is None:
        raise NoDataError("got a map as observation, expected an image")
    longitude_deg = view.observer.longitude_deg
    return to_datetime(reference_time(Time(mean), longitude_deg)), longitude_deg


def _check_asked(spacecraft: str, what: Collection[str]) -> None:
    if spacecraft not in SPACECRAFT:
        raise NoDataError(f"spacecraft: got {spacecraft!r}, expected of {', '.join(SPACECRAFT)}")
    kinds = get_args(What)
    if isinstance(what, str) or not what or not set(what) <= set(kinds):
        raise FetchError(f"what: got {what!r}, expected a collection of {', '.join(kinds)}")


def _check_past(time: datetime) -> None:
    if time > datetime.now(UTC):
        raise NoDataError(f"{isoformat(time)[:19]} is in the future, expected a time that has been")


def _delivered(role: FileRole, found: Found, out: Path, search: _Search) -> FetchedFile:
    """Copy a file from the cache to the folder, atomically, and describe it.

    A file that is there already is left as it is: those who watch the folder see no change.
    """
    path, content = out / found.path.name, found.path.read_bytes()
    with to_disk(path):
        out.mkdir(parents=True, exist_ok=True)
        if not (path.is_file() and path.read_bytes() == content):
            with atomic_path(path) as temporary:
                temporary.write_bytes(content)
    candidate, origin = found.candidate, found.origin
    asked = search.epoch if role == "reference" and search.epoch and origin else search.time
    source = search.selection.archives.sources[candidate.series]
    return FetchedFile(
        role=role,
        channel=f"{source.instrument} {candidate.band}",
        path=path,
        address=candidate.address,
        source=candidate.series,
        grade=source.grade,
        time=found.time,
        offset_hours=(found.time - asked) / timedelta(hours=1),
        quality=tuple((origin.quality if origin else Quality.GOOD).names()),
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        reasons=found.reasons,
    )
