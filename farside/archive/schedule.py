"""Scheduler: make the due magnetograms from complete sets, then the synchronic maps with them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain, groupby
from pathlib import Path
from threading import Event

from astropy.time import Time

from farside.archive.entry import ArchivedProduct, count_provisional
from farside.archive.inbox import path_of
from farside.archive.index import Arrival
from farside.archive.naming import Name, disk_series, map_series
from farside.archive.producer import Producer
from farside.archive.sets import (
    HALF_DAY_HOURS,
    FileSet,
    distance,
    file_sets,
    job_id,
    nearest_hmi,
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
        Base map of the first synchronic map; later maps take the map before them.
    """

    cadence: timedelta = timedelta(hours=1)
    period: tuple[datetime, datetime] = _ALWAYS
    remake: bool = False
    made_before: datetime | None = None
    base: Path | None = None


@dataclass(frozen=True)
class Round:
    """One round of production for an archive.

    Attributes
    ----------
    model
        Model that generates the magnetograms of this round.
    stop
        Event after which no new product is begun.
    """

    archive: Archive
    producer: Producer
    model: Model
    plan: Plan
    stop: Event

    def run(self, arrivals: Sequence[Arrival]) -> int:
        """Make the due products in order of time; return their number.

        Raises
        ------
        EngineError, ServiceError
            If the backend is unavailable. Filed products stay; the next round continues.
        DeadlineError
            If two products in a row missed the deadline; or one, after the rest were made.
        """
        disks = [each for each in arrivals if each.instrument == "HMI"]
        magnetograms = (
            partial(self._make_magnetogram, files)
            for files in file_sets(arrivals, self.model.recipe, self.plan.cadence)
            if self._is_asked_for(files.slot) and self._is_due(files)
        )
        maps = (partial(self._make_map, *each) for each in self._due_maps(disks))
        return _run_all(chain(magnetograms, maps))

    def _is_asked_for(self, slot: datetime) -> bool:
        first, end = self.plan.period
        return not self.stop.is_set() and first <= slot < end

    def _is_due(self, files: FileSet) -> bool:
        index, recipe = self.archive.index, self.model.recipe
        if not self.plan.remake:
            issued = index.current_of_model(recipe.name, files.spacecraft, files.slot)
            return all(self._is_better(files, product) for product in issued)
        own = index.current(disk_series(recipe, files.spacecraft), files.slot)
        if own is None or self._is_better(files, own):
            return True
        return self._is_outdated(own) and count_provisional(files.quality) <= count_provisional(
            own.quality
        )

    def _is_better(self, files: FileSet, product: ArchivedProduct) -> bool:
        """Whether a different set of files would remove flags from the product."""
        if count_provisional(files.quality) >= count_provisional(product.quality):
            return False
        used = self.archive.index.inputs(product.name)
        return files.hashes != {each.sha256 for each in used}

    def _is_outdated(self, product: ArchivedProduct) -> bool:
        before = self.plan.made_before
        return product.identity != self.model.identity or (
            before is not None and product.made < before
        )

    def _make_magnetogram(self, files: FileSet) -> bool:
        name = self.archive.next_name(disk_series(self.model.recipe, files.spacecraft), files.slot)
        observations, references = (
            [path_of(each) for each in role] for role in (files.observations, files.references)
        )
        given = (*files.observations, *files.references)
        return self._make(
            name, given, files.hashes, lambda: self.producer.magnetogram(observations, references)
        )

    def _due_maps(
        self, disks: Sequence[Arrival]
    ) -> Iterator[tuple[Name, Arrival, tuple[ArchivedProduct, ...]]]:
        for slot, generated in self._slots_near(disks):
            observed = nearest_hmi(slot, disks)
            if not self._is_asked_for(slot) or observed is None:
                continue
            series = map_series(self.model.recipe)
            if self._is_map_due(series, slot, observed, generated):
                yield self.archive.next_name(series, slot), observed, generated

    def _slots_near(
        self, disks: Sequence[Arrival]
    ) -> Iterable[tuple[datetime, tuple[ArchivedProduct, ...]]]:
        """Slots with magnetograms of this model, within the period of HMI disks ± half a day."""
        if not disks:
            return
        margin = timedelta(hours=HALF_DAY_HOURS)
        first, last = min(d.time for d in disks) - margin, max(d.time for d in disks) + margin
        recipe = self.model.recipe
        products = self.archive.index.current_magnetograms(recipe.name, recipe.version, first, last)
        for slot, group in groupby(products, key=lambda product: product.name.slot):
            yield slot, tuple(group)

    def _is_map_due(
        self, series: str, slot: datetime, observed: Arrival, generated: Sequence[ArchivedProduct]
    ) -> bool:
        current = self.archive.index.current(series, slot)
        if current is None:
            return True
        used = self.archive.index.inputs(current.name)
        hashes = {each.sha256 for each in used if each.role == "generated"}
        if hashes != {product.sha256 for product in generated}:
            return True
        if self.plan.remake and self._is_outdated(current):
            return True
        nearest = [distance(u.time, u.quality, slot) for u in used if u.role == "observed"]
        return distance(observed.time, observed.quality, slot) < min(nearest, default=(1000, 0))

    def _make_map(
        self, name: Name, observed: Arrival, generated: tuple[ArchivedProduct, ...]
    ) -> bool:
        base = self._base(name)
        hashes = {observed.sha256, *(product.sha256 for product in generated)}
        paths = [self.archive.path(product) for product in generated]
        time = Time(isoformat(name.slot), format="isot", scale="utc")
        return self._make(
            name,
            (observed,),
            frozenset(hashes),
            lambda: self.producer.synchronic_map([path_of(observed)], paths, base, time),
        )

    def _base(self, name: Name) -> Path | None:
        """Latest earlier map of the series; the plan's base map if none is recent enough."""
        last = self.archive.index.last_before(name.series, name.slot)
        if last is not None and name.slot - last.time <= timedelta(days=BASE_AGE_DAYS[1]):
            return self.archive.path(last)
        return self.plan.base

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
        return used == hashes and (product.model, product.version) == (recipe.name, recipe.version)


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
