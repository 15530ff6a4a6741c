"""One round of ``farside live``: fetch what is due, make and file products, drop maps."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event

from farside.archive.drop import drop, remove_older
from farside.archive.entry import count_provisional
from farside.archive.inbox import scan
from farside.archive.naming import disk_series, map_series
from farside.archive.producer import Producer
from farside.archive.schedule import Plan, Round
from farside.archive.store import Archive
from farside.archive.times import SLOT_ORIGIN, isoformat
from farside.errors import (
    DiskFullError,
    FarsideError,
    FetchError,
    FetchStoppedError,
    NoDataError,
    SourceUnreachableError,
)
from farside.fetch.archives import Archives
from farside.fetch.fetch import What, fetch
from farside.live.asked import Asked
from farside.live.metrics import LiveMetrics
from farside.live.settings import DropFolder, LiveSettings
from farside.model.recipe import Recipe
from farside.quality import Quality

_log = logging.getLogger(__name__)

MOST_UNREACHABLE = 2
"""Sets in a row whose archives do not answer, after which a round asks for no more."""

_EVER = datetime(9999, 12, 31, tzinfo=UTC)


def utc_now() -> datetime:
    """Current time, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Request:
    """Files to ask the archives for: one set, magnetogram of the day or base map of a slot."""

    slot: datetime
    spacecraft: str
    what: What

    @property
    def key(self) -> str:
        """Name of the request in the memory of what was asked for."""
        return f"{isoformat(self.slot)[:16]} {self.spacecraft} {self.what}"


@dataclass
class Live:
    """Unattended operation of one archive.

    Attributes
    ----------
    archive
        Archive, opened for writing.
    producer
        Backend that makes the products.
    archives
        Settings of the public archives.
    stop
        Event after which nothing new is begun.
    now
        Clock. Whatever it says, nothing is lost: a slot that is not due yet waits, and sets that
        were asked for at a later time than now are asked for again.
    """

    settings: LiveSettings
    archive: Archive
    producer: Producer
    archives: Archives
    stop: Event
    metrics: LiveMetrics
    now: Callable[[], datetime] = utc_now
    _recipe: Recipe | None = field(default=None, init=False)

    def run_round(self) -> int:
        """Fetch, make and drop what is due; return the number of products.

        All state is in the files: after a kill the next round goes on where this one ended.

        Raises
        ------
        ArchiveAwayError, DiskFullError, OSError
            A disk is full or away.
        EngineError, ServiceError
            The backend is unavailable; files are fetched nevertheless.
        """
        now = self.now()
        slots = tuple(due_slots(self.settings, now))
        recipe = self._recipe or self.producer.model().recipe
        self._recipe = recipe
        unasked = self._fetch(slots, recipe, now)
        model = self.producer.model()
        self._recipe = model.recipe
        root, index = self.archive.root, self.archive.index
        arrivals = scan([self.settings.inputs], index, 0.0, root, self.stop)
        late = frozenset(slot for slot in slots if self._is_late(slot, now)) - unasked
        made = Round(self.archive, self.producer, model, self._plan(late), self.stop).run(arrivals)
        for folder in self.settings.drop:
            self._drop(folder, map_series(model.recipe), now)
        self.metrics.write(index, made, self._silences(model.recipe, now))
        return made

    def _plan(self, late: frozenset[datetime]) -> Plan:
        return Plan(
            cadence=self.settings.cadence,
            period=(self.settings.begin, _EVER),
            base=self.settings.base,
            patience_s=float("inf"),
            late=late,
        )

    def _is_late(self, slot: datetime, now: datetime) -> bool:
        return now - slot >= timedelta(hours=self.settings.patience_hours)

    def _fetch(
        self, slots: tuple[datetime, ...], recipe: Recipe, now: datetime
    ) -> frozenset[datetime]:
        """Ask the archives for what is missing or could be better, and due.

        Returns
        -------
        frozenset of datetime
            Slots for which this round did not ask all that is due.
        """
        self.settings.inputs.mkdir(parents=True, exist_ok=True)
        asked = Asked(self.settings.inputs)
        # Forecasts wait for the newest slot. Of the others in turn: while an archive is away, the
        # first of them would else be asked for again and again, and the last of them never.
        others = [each for slot in slots[:-1] for each in self._requests(slot, recipe)]
        wanted = [each for slot in slots[-1:] for each in self._requests(slot, recipe)]
        wanted += sorted(others, key=lambda each: asked.last(each.key))
        unreachable = count = 0
        for request in wanted:
            if self.stop.is_set() or unreachable == MOST_UNREACHABLE:
                break
            if count == self.settings.sets_per_round or not asked.is_due(request.key, now):
                continue
            count += 1
            answered = self._ask(request, recipe, is_patient=not self._is_late(request.slot, now))
            unreachable = 0 if answered else unreachable + 1
            asked.note(request.key, request.slot, now, answered=answered)
        asked.keep({request.key for request in wanted})
        self.metrics.count_requests(waiting=len(wanted), unreachable=unreachable)
        return frozenset(each.slot for each in wanted if asked.is_due(each.key, now))

    def _requests(self, slot: datetime, recipe: Recipe) -> Iterator[Request]:
        index = self.archive.index
        for spacecraft in self.settings.spacecraft:
            product = index.current(disk_series(recipe, f"STEREO_{spacecraft}"), slot)
            if product is None or _is_improvable(product.quality):
                yield Request(slot, spacecraft, "set")
        made = index.current(map_series(recipe), slot)
        disks = (
            [each for each in index.inputs(made.name) if each.role == "observed"] if made else []
        )
        if not disks or _is_improvable(disks[0].quality):
            yield Request(slot, "Earth", "observed")
        is_first = index.last_before(map_series(recipe), slot) is None
        is_without = made is None or Quality.NO_BASE in made.quality
        if is_first and is_without and self.settings.base is None:
            yield Request(slot, "Earth", "base")

    def _ask(self, request: Request, recipe: Recipe, *, is_patient: bool) -> bool:
        """Fetch one set; return whether the archives answered."""
        try:
            fetch(
                request.slot,
                request.spacecraft,
                self.settings.inputs,
                recipe,
                what=(request.what,),
                archives=self.archives,
                cache=self.settings.cache,
                is_patient=is_patient,
                stop=self.stop,
            )
        except DiskFullError:
            raise
        except FetchStoppedError:
            return False
        except SourceUnreachableError as error:
            _log.warning("unreachable %s: %s", request.key, error)
            return False
        except NoDataError as error:
            _log.info("not there %s: %s", request.key, error)
        except FetchError as error:
            _log.warning("not fetched %s: %s: %s", request.key, type(error).__name__, error)
        return True

    def _drop(self, folder: DropFolder, series: str, now: datetime) -> None:
        first = now - timedelta(days=folder.keep_days)
        for product in self.archive.index.current_since(series, first):
            try:
                path = self.archive.path(product)
                for made in drop([path], folder.folder, folder.formats, folder.flux_scale):
                    _log.info("dropped %s file=%s", product.name, made)
            except FarsideError as error:
                _log.warning("not dropped %s: %s: %s", product.name, type(error).__name__, error)
        remove_older(folder.folder, timedelta(days=folder.keep_days))

    def _silences(self, recipe: Recipe, now: datetime) -> dict[str, float]:
        """Age of the newest magnetogram of each spacecraft, seconds; since `begin` without any."""
        found: dict[str, float] = {}
        for spacecraft in self.settings.spacecraft:
            series = disk_series(recipe, f"STEREO_{spacecraft}")
            last = self.archive.index.last_before(series, _EVER)
            seen = last.name.slot if last else self.settings.begin
            found[spacecraft] = max(0.0, (now - seen).total_seconds())
        return found


def due_slots(settings: LiveSettings, now: datetime) -> Iterator[datetime]:
    """Yield the slots from `begin` until now, less the delay, in order of time."""
    cadence = settings.cadence
    last = now - timedelta(minutes=settings.delay_minutes)
    slot = SLOT_ORIGIN - (SLOT_ORIGIN - settings.begin) // cadence * cadence
    while slot <= last:
        yield slot
        slot += cadence


def _is_improvable(quality: Quality) -> bool:
    """Whether a further file could add a channel to a product or remove a flag."""
    return Quality.MISSING_CHANNEL in quality or count_provisional(quality) > 0
