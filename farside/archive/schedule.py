"""Scheduler: make the due magnetograms from complete sets, then the synchronic maps with them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from pathlib import Path
from threading import Event
from typing import TypeAlias

from astropy.time import Time

from farside.archive.entry import ArchivedProduct, count_provisional
from farside.archive.inbox import path_of, seconds_since
from farside.archive.index import Arrival
from farside.archive.naming import Name, disk_series, map_series
from farside.archive.producer import Producer
from farside.archive.sets import (
    HALF_DAY_HOURS,
    MAP_INSTRUMENT,
    FileSet,
    TimeIndex,
    distance,
    file_sets,
    job_id,
    nearest_hmi,
    nearest_map,
    of_instrument,
)
from farside.archive.store import Archive, NewProduct
from farside.archive.times import isoformat
from farside.errors import (
    DeadlineError,
    EngineFailedError,
    EngineUnavailableError,
    InputError,
    RequestError,
    ServiceError,
    SetError,
    UnknownModelError,
)
from farside.model.engine import Model
from farside.quality import Quality
from farside.synchronic.merge import BASE_AGE_DAYS

_log = logging.getLogger(__name__)

_UNUSABLE = (InputError, SetError, RequestError)
"""Permanent errors of one set of files."""

_PASSING = (OSError, MemoryError, EngineFailedError)
"""Passing errors of one set of files: it is tried again in the next round."""

_UNREACHABLE = (ServiceError, EngineUnavailableError, DeadlineError, UnknownModelError)
"""Errors of the backend, which every other set of files would meet too."""

_BASE_FLAGS = Quality.NO_BASE | Quality.BASE_STALE
"""Flags of a missing or old base map; a map without them is never replaced by one with them."""

Files: TypeAlias = tuple[tuple[Path, ...], tuple[Path, ...]]
"""Paths of the observations and of the references of one magnetogram."""

_ALWAYS = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))


@dataclass(frozen=True)
class Plan:
    """Plan of production: which slots, and which products to remake.

    Attributes
    ----------
    cadence
        Interval between slots.
    period
        First slot, and the end of the period (exclusive), UTC.
    remake
        Whether to remake products of another model version or of other weights.
    made_before
        Also remake products made before this time, UTC; only with `remake`.
    base
        Base map of the first synchronic map, by default the nearest synoptic map that has arrived;
        later maps take the map before them.
    patience_s
        Time after which a set is used although an optional channel is missing, seconds since its
        last file changed.
    late
        Slots that wait for nothing more: sets are used without what is missing, and a map is made
        with only generated disks or only an observed one.
    """

    cadence: timedelta = timedelta(hours=1)
    period: tuple[datetime, datetime] = _ALWAYS
    remake: bool = False
    made_before: datetime | None = None
    base: Path | None = None
    patience_s: float = 0.0
    late: frozenset[datetime] = frozenset()


@dataclass(frozen=True)
class Round:
    """One round of production for an archive.

    Attributes
    ----------
    model
        Model that generates the magnetograms of this round.
    stop
        Event after which no new product is begun.
    announce
        Called with observations and references of all magnetograms that will be asked for, so that
        a backend may begin them in parallel.
    """

    archive: Archive
    producer: Producer
    model: Model
    plan: Plan
    stop: Event
    announce: Callable[[Sequence[Files]], None] | None = None

    def run(self, arrivals: Sequence[Arrival]) -> int:
        """Make the due products in order of time; return their number.

        Raises
        ------
        EngineError, ServiceError
            If the backend is unavailable. Filed products stay; the next round continues.
        DeadlineError
            If two products in a row missed the deadline; or one, after the rest were made.
        """
        maps = of_instrument(arrivals, MAP_INSTRUMENT)
        disks = of_instrument(arrivals, "HMI")
        due = (
            files
            for files in file_sets(arrivals, self.model.recipe, self.plan.cadence)
            if self._is_asked_for(files.slot) and self._is_due(files)
        )
        if self.announce:
            known = tuple(due)
            self.announce([*map(_paths, known)])
            due = (files for files in known if not self.stop.is_set())
        magnetograms = (partial(self._make_magnetogram, files) for files in due)
        charts = (partial(self._make_map, *each) for each in self._due_maps(disks, maps))
        return _run_all(chain(magnetograms, charts))

    def _is_asked_for(self, slot: datetime) -> bool:
        first, end = self.plan.period
        return not self.stop.is_set() and first <= slot < end

    def _is_due(self, files: FileSet) -> bool:
        index, recipe = self.archive.index, self.model.recipe
        is_reduced = files.missing > 0 or Quality.MAP_REFERENCE in files.quality
        if is_reduced and not self._is_waited_for(files):
            return False
        if not self.plan.remake:
            issued = index.current_of_model(recipe.name, files.spacecraft, files.slot)
            return all(self._is_better(files, product) for product in issued)
        own = index.current(disk_series(recipe, files.spacecraft), files.slot)
        if own is None or self._is_better(files, own):
            return True
        return self._is_outdated(own) and _defects(files) <= self._defects_of(own)

    def _is_waited_for(self, files: FileSet) -> bool:
        """Whether the missing files would have come by now."""
        if files.slot in self.plan.late:
            return True
        youngest = max(each.changed for each in files.files)
        return seconds_since(youngest) >= self.plan.patience_s

    def _is_better(self, files: FileSet, product: ArchivedProduct) -> bool:
        """Whether a different set of files would add channels to the product or remove flags."""
        if _defects(files) >= self._defects_of(product):
            return False
        used = self.archive.index.inputs(product.name)
        return files.hashes != {each.sha256 for each in used}

    def _defects_of(self, product: ArchivedProduct) -> tuple[int, int]:
        """Number of channels without an image and of provisional flags of a product."""
        missing = 0
        if Quality.MISSING_CHANNEL in product.quality:
            inputs = len(self.archive.index.inputs(product.name))
            missing = max(1, len(self.model.recipe.channels) - inputs)
        return missing, count_provisional(product.quality)

    def _is_outdated(self, product: ArchivedProduct) -> bool:
        before = self.plan.made_before
        # A map without a generated disk has no model.
        return product.identity not in ("", self.model.identity) or (
            before is not None and product.made < before
        )

    def _make_magnetogram(self, files: FileSet) -> bool:
        name = self.archive.next_name(disk_series(self.model.recipe, files.spacecraft), files.slot)
        observations, references = _paths(files)
        return self._make(
            name,
            files.files,
            files.hashes,
            lambda: self.producer.magnetogram(observations, references),
        )

    def _due_maps(
        self, disks: TimeIndex, maps: TimeIndex
    ) -> Iterator[tuple[Name, Arrival | None, tuple[ArchivedProduct, ...], Path | None]]:
        series = map_series(self.model.recipe)
        for slot, generated in self._slots_near(disks):
            if not self._is_asked_for(slot):
                continue
            observed = nearest_hmi(slot, disks)
            is_whole = observed is not None and len(generated) > 0
            if not is_whole and not (slot in self.plan.late and (observed or generated)):
                continue
            name = self.archive.next_name(series, slot)
            base = self._base(name, maps)
            if self._is_map_due(series, slot, observed, generated, base):
                yield name, observed, generated, base

    def _slots_near(
        self, disks: TimeIndex
    ) -> Iterator[tuple[datetime, tuple[ArchivedProduct, ...]]]:
        """Slots with magnetograms of this model, within the period of HMI disks ± half a day.

        The late slots of the plan are among them.
        """
        found: dict[datetime, list[ArchivedProduct]] = {slot: [] for slot in self.plan.late}
        margin = timedelta(hours=HALF_DAY_HOURS)
        first = min([*(d.time - margin for d in disks), *self.plan.late], default=None)
        last = max([*(d.time + margin for d in disks), *self.plan.late], default=None)
        if first is None or last is None:
            return
        recipe = self.model.recipe
        index = self.archive.index
        for product in index.current_magnetograms(recipe.name, recipe.version, first, last):
            found.setdefault(product.name.slot, []).append(product)
        for slot, generated in sorted(found.items()):
            yield slot, tuple(generated)

    def _is_map_due(
        self,
        series: str,
        slot: datetime,
        observed: Arrival | None,
        generated: Sequence[ArchivedProduct],
        base: Path | None,
    ) -> bool:
        current = self.archive.index.current(series, slot)
        if current is None or (base is not None and Quality.NO_BASE in current.quality):
            return True
        used = self.archive.index.inputs(current.name)
        hashes = {each.sha256 for each in used if each.role == "generated"}
        if hashes != {product.sha256 for product in generated}:
            return True
        if self.plan.remake and self._is_outdated(current):
            return True
        if observed is None:
            return False
        nearest = [distance(u.time, u.quality, slot) for u in used if u.role == "observed"]
        return distance(observed.time, observed.quality, slot) < min(nearest, default=(1000, 0))

    def _make_map(
        self,
        name: Name,
        observed: Arrival | None,
        generated: tuple[ArchivedProduct, ...],
        base: Path | None,
    ) -> bool:
        disks = (observed,) if observed else ()
        hashes = {each.sha256 for each in (*disks, *generated)}
        paths = [self.archive.path(product) for product in generated]
        time = Time(isoformat(name.slot), format="isot", scale="utc")
        return self._make(
            name,
            disks,
            frozenset(hashes),
            lambda: self.producer.synchronic_map([*map(path_of, disks)], paths, base, time),
        )

    def _base(self, name: Name, maps: TimeIndex) -> Path | None:
        """Latest earlier map of the series, else the plan's base map, else the nearest synoptic."""
        last = self.archive.index.last_before(name.series, name.slot)
        if last is not None and name.slot - last.time <= timedelta(days=BASE_AGE_DAYS[1]):
            return self.archive.path(last)
        nearest = nearest_map(name.slot, maps)
        return self.plan.base or (path_of(nearest) if nearest else None)

    def _make(
        self,
        name: Name,
        given: Sequence[Arrival],
        hashes: frozenset[str],
        make: Callable[[], bytes],
    ) -> bool:
        """Make one product and file it; return whether it was filed."""
        index = self.archive.index
        base = str(self.plan.base or "")
        job = job_id(
            [name.series, isoformat(name.slot), self.model.identity, base, *sorted(hashes)]
        )
        if index.is_refused(job) and not self.plan.remake:
            return False
        made = self._made(name, given, make, job)
        if made is None:
            return False
        if not self._is_as_planned(made, hashes):
            _log.info("put off %s: files or model changed meanwhile", name)
            return False
        if worse := self._lost_base(made):
            index.refuse(job, worse)
            _log.warning("refused %s: %s", name, worse)
            return False
        if not self.archive.file(made):
            _log.info("put off %s: another process has made it meanwhile", name)
            return False
        _log_made(made)
        return True

    def _made(
        self, name: Name, given: Sequence[Arrival], make: Callable[[], bytes], job: str
    ) -> NewProduct | None:
        """Make one product; None if it fails in a way that need not stop the others."""
        try:
            return NewProduct.of(name, make())
        except FileNotFoundError as error:
            _log.info("put off %s: %s is gone", name, error.filename)
        except _UNUSABLE as error:
            self._refuse(name, job, error)
            if isinstance(error, InputError):
                self._mark_unusable(given, error)
        except _UNREACHABLE:
            raise
        except _PASSING as error:
            _log.warning("put off %s: %s: %s", name, type(error).__name__, error)
        except Exception as error:  # a fault in Farside or the service that this set triggers
            self._refuse(name, job, error)
            _log.exception("failed %s", name)
        return None

    def _refuse(self, name: Name, job: str, error: Exception) -> None:
        reason = f"{type(error).__name__}: {error}"
        self.archive.index.refuse(job, reason)
        _log.warning("refused %s: %s", name, reason)

    def _mark_unusable(self, given: Sequence[Arrival], error: InputError) -> None:
        """Mark files with damaged pixels as unusable: the next round takes others."""
        for arrival in given:
            if str(arrival) in error.files:
                self.archive.index.mark_unusable(arrival.sha256, f"{type(error).__name__}: {error}")
                _log.warning("unusable file=%s error=%s", path_of(arrival), error)

    def _lost_base(self, made: NewProduct) -> str:
        """Reason why a map must not supersede the current one; empty if it may."""
        name = made.product.name
        current = self.archive.index.current(name.series, name.slot)
        if current is None or made.product.kind != "map":
            return ""
        lost = made.product.quality & _BASE_FLAGS & ~current.quality
        if not lost:
            return ""
        return (
            f"got {','.join(lost.names())}, which {current.name} does not have:"
            " expected --base with a map not older than its own"
        )

    def _is_as_planned(self, made: NewProduct, hashes: frozenset[str]) -> bool:
        recipe, product = self.model.recipe, made.product
        used = {each.sha256 for each in made.inputs if each.role != "base"}
        made_by = (product.model, product.version)
        without = product.kind == "map" and not any(e.role == "generated" for e in made.inputs)
        return used == hashes and (without or made_by == (recipe.name, recipe.version))


def _paths(files: FileSet) -> Files:
    """Paths of the observations and of the references of a set."""
    return tuple(map(path_of, files.observations)), tuple(map(path_of, files.references))


def _defects(files: FileSet) -> tuple[int, int]:
    """Number of channels without an image and of provisional flags of a set."""
    return files.missing, count_provisional(files.quality)


def _run_all(makings: Iterable[Callable[[], bool]]) -> int:
    """Make products one by one; return their number. One missed deadline does not stop the rest."""
    made, late, last_was_late = 0, None, False
    for make in makings:
        try:
            made += make()
            last_was_late = False
        except DeadlineError as error:
            if last_was_late:
                raise
            late, last_was_late = error, True
    if late:
        raise late
    return made


def _log_made(made: NewProduct) -> None:
    product = made.product
    flags = ",".join(product.quality.names()) or "good"
    verb = "made" if product.name.issue == 1 else "made again"
    _log.info("%s %s quality=%s file=%s", verb, product.name, flags, product.name.path)
