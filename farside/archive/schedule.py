"""What is due, and making it: magnetograms of the sets that are complete, then maps with them."""

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

from farside.archive.entry import Product, provisional
from farside.archive.inbox import path_of
from farside.archive.index import Arrival
from farside.archive.naming import Name, disk_series, map_series
from farside.archive.producer import Maker
from farside.archive.sets import (
    DAY_HOURS,
    FileSet,
    disk_of_the_day,
    distance,
    file_sets,
    job_of,
)
from farside.archive.store import Archive, Made
from farside.archive.times import written
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
"""What is wrong with one set, and stays so."""

_PASSING = (OSError, MemoryError, EngineFailedError)
"""What one set meets, and may not meet again."""

_AWAY = (ServiceError, EngineUnavailableError, DeadlineError, UnknownModelError)
"""Nobody makes products now: no other set would fare better."""

_BASE_FLAGS = Quality.NO_BASE | Quality.BASE_STALE
"""What a map has where its base map is missing or old; a map without them is not replaced."""

_ALWAYS = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))


@dataclass(frozen=True)
class Orders:
    """What is to be made.

    Attributes
    ----------
    cadence
        From one slot to the next.
    period
        First slot, and the one before which it ends.
    remake
        Also what another version of the model has made, or the same with other weights.
    made_before
        And what was made before this time; for `remake` alone.
    base
        Map under the first synchronic map; later ones start from the one before.
    """

    cadence: timedelta = timedelta(hours=1)
    period: tuple[datetime, datetime] = _ALWAYS
    remake: bool = False
    made_before: datetime | None = None
    base: Path | None = None


@dataclass(frozen=True)
class Work:
    """One round of work on an archive.

    Attributes
    ----------
    model
        What generates in this round.
    stop
        Once set, nothing new is begun.
    """

    archive: Archive
    maker: Maker
    model: Model
    orders: Orders
    stop: Event

    def run(self, arrivals: Sequence[Arrival]) -> int:
        """Make what is due, in order of time; how many products that was.

        Raises
        ------
        EngineError, ServiceError
            Nobody makes products now. What was filed stays; the next round goes on from there.
        DeadlineError
            Two in a row were not answered in time; or one, and what comes after it has been made.
        """
        disks = [each for each in arrivals if each.instrument == "HMI"]
        magnetograms = (
            partial(self._make_magnetogram, files)
            for files in file_sets(arrivals, self.model.recipe, self.orders.cadence)
            if self._is_asked_for(files.slot) and self._is_due(files)
        )
        maps = (partial(self._make_map, *each) for each in self._due_maps(disks))
        return _run_all(chain(magnetograms, maps))

    def _is_asked_for(self, slot: datetime) -> bool:
        first, end = self.orders.period
        return not self.stop.is_set() and first <= slot < end

    def _is_due(self, files: FileSet) -> bool:
        index, recipe = self.archive.index, self.model.recipe
        if not self.orders.remake:
            issued = index.current_of_model(recipe.name, files.spacecraft, files.slot)
            return all(self._is_better(files, product) for product in issued)
        own = index.current(disk_series(recipe, files.spacecraft), files.slot)
        if own is None or self._is_better(files, own):
            return True
        return self._is_outdated(own) and provisional(files.quality) <= provisional(own.quality)

    def _is_better(self, files: FileSet, product: Product) -> bool:
        """Whether other files than it was made from would take flags away."""
        if provisional(files.quality) >= provisional(product.quality):
            return False
        used = self.archive.index.ingredients(product.name)
        return files.hashes != {each.sha256 for each in used}

    def _is_outdated(self, product: Product) -> bool:
        before = self.orders.made_before
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
            name, given, files.hashes, lambda: self.maker.magnetogram(observations, references)
        )

    def _due_maps(
        self, disks: Sequence[Arrival]
    ) -> Iterator[tuple[Name, Arrival, tuple[Product, ...]]]:
        for slot, generated in self._slots_near(disks):
            observed = disk_of_the_day(slot, disks)
            if not self._is_asked_for(slot) or observed is None:
                continue
            series = map_series(self.model.recipe)
            if self._is_map_due(series, slot, observed, generated):
                yield self.archive.next_name(series, slot), observed, generated

    def _slots_near(
        self, disks: Sequence[Arrival]
    ) -> Iterable[tuple[datetime, tuple[Product, ...]]]:
        """Slots with magnetograms of this model within a day of any disk of HMI."""
        if not disks:
            return
        margin = timedelta(hours=DAY_HOURS)
        first, last = min(d.time for d in disks) - margin, max(d.time for d in disks) + margin
        recipe = self.model.recipe
        products = self.archive.index.current_magnetograms(recipe.name, recipe.version, first, last)
        for slot, group in groupby(products, key=lambda product: product.name.slot):
            yield slot, tuple(group)

    def _is_map_due(
        self, series: str, slot: datetime, observed: Arrival, generated: Sequence[Product]
    ) -> bool:
        current = self.archive.index.current(series, slot)
        if current is None:
            return True
        used = self.archive.index.ingredients(current.name)
        hashes = {each.sha256 for each in used if each.role == "generated"}
        if hashes != {product.sha256 for product in generated}:
            return True
        if self.orders.remake and self._is_outdated(current):
            return True
        nearest = [distance(u.time, u.quality, slot) for u in used if u.role == "observed"]
        return distance(observed.time, observed.quality, slot) < min(nearest, default=(1000, 0))

    def _make_map(self, name: Name, observed: Arrival, generated: tuple[Product, ...]) -> bool:
        base = self._base(name)
        hashes = {observed.sha256, *(product.sha256 for product in generated)}
        paths = [self.archive.path(product) for product in generated]
        time = Time(written(name.slot), format="isot", scale="utc")
        return self._make(
            name,
            (observed,),
            frozenset(hashes),
            lambda: self.maker.chart([path_of(observed)], paths, base, time),
        )

    def _base(self, name: Name) -> Path | None:
        """The last map before; the one that was given, where there is none that is young enough."""
        last = self.archive.index.last_before(name.series, name.slot)
        if last is not None and name.slot - last.time <= timedelta(days=BASE_AGE_DAYS[1]):
            return self.archive.path(last)
        return self.orders.base

    def _make(
        self,
        name: Name,
        given: Sequence[Arrival],
        hashes: frozenset[str],
        make: Callable[[], bytes],
    ) -> bool:
        """Make one product and file it; whether that came about."""
        index = self.archive.index
        base = str(self.orders.base or "")
        job = job_of([name.series, written(name.slot), self.model.identity, base, *sorted(hashes)])
        if index.is_refused(job) and not self.orders.remake:
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
    ) -> Made | None:
        """Make one product; None if that cannot be, or not now, which does not stop the others."""
        try:
            return Made.of(name, make())
        except FileNotFoundError as error:
            _log.info("put off %s: %s is gone", name, error.filename)
        except _UNUSABLE as error:
            self._refuse(name, job, error)
            if isinstance(error, InputError):
                self._mark_unusable(given, error)
        except _AWAY:
            raise
        except _PASSING as error:
            _log.warning("put off %s: %s: %s", name, type(error).__name__, error)
        except Exception as error:  # a fault of ours, or of the service, that one set brings out
            self._refuse(name, job, error)
            _log.exception("failed %s", name)
        return None

    def _refuse(self, name: Name, job: str, error: Exception) -> None:
        reason = f"{type(error).__name__}: {error}"
        self.archive.index.refuse(job, reason)
        _log.warning("refused %s: %s", name, reason)

    def _mark_unusable(self, given: Sequence[Arrival], error: InputError) -> None:
        """Note files whose pixels are damaged: the next round takes others in their place."""
        for arrival in given:
            if str(arrival) in error.files:
                self.archive.index.mark_unusable(arrival.sha256, f"{type(error).__name__}: {error}")
                _log.warning("unusable file=%s error=%s", path_of(arrival), error)

    def _lost_base(self, made: Made) -> str:
        """Why a map must not supersede the one that is there; empty if it may."""
        name = made.product.name
        current = self.archive.index.current(name.series, name.slot)
        if current is None or made.product.kind != "map":
            return ""
        lost = made.product.quality & _BASE_FLAGS & ~current.quality
        if not lost:
            return ""
        return (
            f"{','.join(lost.names())}, which {current.name} has not: give --base a map that is not"
            " older than its own"
        )

    def _is_as_planned(self, made: Made, hashes: frozenset[str]) -> bool:
        recipe, product = self.model.recipe, made.product
        used = {each.sha256 for each in made.ingredients if each.role != "base"}
        return used == hashes and (product.model, product.version) == (recipe.name, recipe.version)


def _run_all(makings: Iterable[Callable[[], bool]]) -> int:
    """Make one after the other; how many that was. A slow one does not hold up those after it."""
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


def _log_made(made: Made) -> None:
    product = made.product
    flags = ",".join(product.quality.names()) or "good"
    verb = "made" if product.name.issue == 1 else "made again"
    _log.info("%s %s quality=%s file=%s", verb, product.name, flags, product.name.path)
