"""Fetch the files of one time: far-side images, references of Eq. 5, HMI of now, a base map."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, TypeAlias

from astropy.time import Time

from farside.archive.sets import HALF_DAY_HOURS
from farside.archive.times import isoformat, to_datetime
from farside.errors import NoDataError
from farside.fetch.archives import Archives, load_archives
from farside.fetch.connection import Connection, to_disk
from farside.fetch.record import Fetched, FetchedFile, FileRole
from farside.fetch.select import Found, Selection, Wish, slots
from farside.io.atomic import atomic_path
from farside.model.recipe import Channel, Recipe
from farside.quality import Quality
from farside.sun.reference_epoch import reference_time

_log = logging.getLogger(__name__)

What: TypeAlias = Literal["set", "beacon", "observed", "base"]

A_SET: tuple[What, ...] = ("set",)
BEACON: tuple[What, ...] = ("beacon",)

HOURLY = 0.5
"""Half of the interval between files of HMI's and GONG's hourly directories, hours."""

BASE_REACH_HOURS = 72.0
"""Greatest offset of a GONG map from the time asked for. A choice: GONG is an hourly series of six
sites, and a longer gap is better known than bridged."""


def fetch(
    time: Time | datetime,
    spacecraft: str,
    out: str | Path,
    recipe: Recipe,
    *,
    what: Collection[What] = A_SET,
    archives: Archives | None = None,
    cache: str | Path | None = None,
) -> Fetched:
    """Fetch the files of one time into a folder, with a record of what was chosen and why.

    Of each channel the nearest file is taken, in a time span that the Recipe allows; definitive
    data before near-real-time ones before beacon. Each file is checked and read before it counts.

    Parameters
    ----------
    time
        Time of the observation, UTC.
    spacecraft
        ``"A"`` or ``"B"`` of STEREO.
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
        Folder of downloads, by address; by default :func:`default_cache`.

    Raises
    ------
    NoDataError
        The time is in the future, or outside the mission; or no archive has a complete set.
    SourceUnreachableError, SourceMovedError
        An archive that is needed does not answer, or has other directories than are known.
    DiskFullError
        No room for a file.
    """
    moment = time.astimezone(UTC) if isinstance(time, datetime) else to_datetime(time)
    archives = archives or load_archives()
    _check_past(moment)
    with Connection(archives, Path(cache or default_cache())) as connection:
        search = _Search(archives, Selection(archives, connection), recipe, moment, spacecraft)
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


def default_cache() -> Path:
    """Folder of downloads: FARSIDE_CACHE, or ``farside`` in the user's cache folder."""
    named = os.environ.get("FARSIDE_CACHE")
    home = os.environ.get("XDG_CACHE_HOME")
    return Path(named) if named else (Path(home) if home else Path.home() / ".cache") / "farside"


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
            found += [("base", each) for each in self._hourly("GONG MAP", BASE_REACH_HOURS)]
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
        timing = self._recipe.timing
        reaches = (timing.usual_lag_hours, timing.greatest_lag_hours)
        return self.selection.group(
            wishes, slots(self.epoch, timing.spread_hours / 2, reaches, "grade first")
        )

    def _hourly(self, pair: str, reach_hours: float) -> tuple[Found, ...]:
        wish = Wish(pair, self._series((pair,), "Earth", only_beacon=False))
        self._check_covered([wish], self.time)
        return self.selection.group([wish], slots(self.time, HOURLY, (reach_hours,), "time first"))

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
        """Check that each wish has a series of this time, whether or not it answers."""
        table = self._archives.sources
        for wish in wishes:
            if not wish.optional and not any(table[name].covers(time) for name, _ in wish.series):
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


def _check_past(time: datetime) -> None:
    if time > datetime.now(UTC):
        raise NoDataError(f"{isoformat(time)[:19]} is in the future, expected a time that has been")


def _delivered(role: FileRole, found: Found, out: Path, search: _Search) -> FetchedFile:
    """Copy a file from the cache to the folder, atomically, and describe it."""
    path = out / found.path.name
    with to_disk(path):
        out.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary:
            shutil.copyfile(found.path, temporary)
    asked = search.epoch if role == "reference" and search.epoch else search.time
    candidate, origin = found.candidate, found.origin
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
        size_bytes=path.stat().st_size,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        reasons=found.reasons,
    )
