"""Prometheus metrics of the service: counters and times, summed over workers.

Every name, label and bucket is here. Every label takes few values, whatever clients send. What can
only be known when it is asked for (readiness, the loaded models, the GPUs) is in :class:`Snapshot`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import get_args

import psutil
from astropy.time import Time
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from farside import __version__
from farside.evaluation.monitoring import ProductStatistics
from farside.magnetogram.magnetogram import Magnetogram
from farside.magnetogram.stack import SPACECRAFT
from farside.model.engine import Model
from farside.quality import Quality
from farside.synchronic.map import NO_INSTRUMENT, MapSource, SourceKind, SynchronicMap
from service.gpu import Gpu
from service.job_store import JobCounts
from service.request_log import RequestLog

CONTENT_TYPE = CONTENT_TYPE_LATEST
SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""Where it is set, the workers keep their numbers in files of one folder."""

SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120)
"""From a stage on a GPU to the default deadline, which a forward of AISFM 3.0 on a CPU nears."""

BATCHES = (1, 2, 4, 8, 16, 32)

SKEW_S = 3600.0
"""By how much a clock may be wrong: an image from further in the future makes nothing newer."""

PRODUCT_LABELS = ("model", "spacecraft")
MAP_LABELS = ("format",)
STAGE_LABELS = ("stage",)

OTHER = "other"
"""Label of what a file names and this service does not know."""

REFUSED = (400, 413, 415, 422)
"""The statuses of an upload that is refused for what it holds."""


class Metrics:
    """The numbers of one worker."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._registry = registry
        self.requests = Counter(
            "farside_requests",
            "Requests answered; outcome is ok or the type of the error.",
            ("endpoint", "model", "outcome"),
            registry=registry,
        )
        self.request_seconds = Histogram(
            "farside_request_seconds",
            "From the head of a request to the end of its answer.",
            ("endpoint",),
            buckets=SECONDS,
            registry=registry,
        )
        self.refused_uploads = Counter(
            "farside_refused_uploads",
            "Uploads refused for what they hold, by type of the error.",
            ("endpoint", "type"),
            registry=registry,
        )
        self.key_requests = Counter(
            "farside_key_requests",
            "Requests answered, by name of the API key; outcome as of farside_requests_total.",
            ("key", "outcome"),
            registry=registry,
        )
        self.stage_seconds = Histogram(
            "farside_stage_seconds",
            "Work: upload; read, register; encode, infer, decode (once for a batch); write; merge.",
            STAGE_LABELS,
            buckets=SECONDS,
            registry=registry,
        )
        self.queue_seconds = Histogram(
            "farside_queue_seconds",
            "Wait for memory to upload to, for a place, and for the threads that prepare (read and "
            "register), infer, merge or write.",
            STAGE_LABELS,
            buckets=SECONDS,
            registry=registry,
        )
        self.queue_depth = _sum(
            "farside_queue_depth", "Requests that wait.", STAGE_LABELS, registry
        )
        self.in_flight = _sum(
            "farside_requests_in_flight",
            "Requests for a product or a map that are let in and not yet answered.",
            (),
            registry,
        )
        self.places = _sum(
            "farside_places", "Requests that may be in flight; past them: 429.", (), registry
        )
        self.batch_size = Histogram(
            "farside_batch_size",
            "Stacks of one forward.",
            ("model",),
            buckets=BATCHES,
            registry=registry,
        )
        self.start_time = Gauge(
            "farside_start_time_seconds",
            "When the first of the workers started, Unix time.",
            multiprocess_mode="min",
            registry=registry,
        )
        self.start_time.set(time.time())
        self.products = ProductMetrics(registry)
        self.maps = MapMetrics(registry)

    @contextmanager
    def timed(self, stage: str, records: Sequence[RequestLog] = ()) -> Iterator[None]:
        """Time the work of a stage, well or not, for the request at hand or those given."""
        start = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - start
            self.stage_seconds.labels(stage).observe(seconds)
            for record in records or (RequestLog.current(),):
                record.add(stage, seconds)

    @contextmanager
    def queued(self, stage: str) -> Iterator[None]:
        """Count and time one who waits for a stage."""
        depth = self.queue_depth.labels(stage)
        start = time.perf_counter()
        try:
            with depth.track_inprogress():
                yield
        finally:
            seconds = time.perf_counter() - start
            self.queue_seconds.labels(stage).observe(seconds)
            RequestLog.current().add("queue", seconds)

    def answered(self, record: RequestLog) -> None:
        """Count a request once its answer has gone."""
        self.requests.labels(record.endpoint, record.model, record.outcome).inc()
        self.request_seconds.labels(record.endpoint).observe(record.seconds)
        if record.key:
            self.key_requests.labels(record.key, record.outcome).inc()
        if record.method == "POST" and record.status in REFUSED:
            self.refused_uploads.labels(record.endpoint, record.outcome).inc()

    def text(self, state: Snapshot) -> bytes:
        """Write the numbers: of all workers where they share a folder, else of this process."""
        own = CollectorRegistry()
        own.register(state)
        if SHARED not in os.environ:
            return generate_latest(self._registry) + generate_latest(own)
        _forget_dead(Path(os.environ[SHARED]))
        multiprocess.MultiProcessCollector(own)  # type: ignore[no-untyped-call]  # no types
        return generate_latest(own)

    def close(self) -> None:
        """Take this worker's gauges out of the sum."""
        if SHARED in os.environ:
            multiprocess.mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]  # no types


class ProductMetrics:
    """Metrics of the synchronic maps: their sources, ages and agreement."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.made = Counter("farside_products", "Products made.", PRODUCT_LABELS, registry=registry)
        self.flags = Counter(
            "farside_product_flags",
            "Products with a quality flag.",
            ("model", "flag"),
            registry=registry,
        )
        self.made_time = LatestTime(
            "farside_product_made_time_seconds", "When the last was made", PRODUCT_LABELS, registry
        )
        self.product_time = LatestTime(
            "farside_product_time_seconds",
            "Of the newest Sun that was shown",
            PRODUCT_LABELS,
            registry,
        )
        self.input_time = LatestTime(
            "farside_input_time_seconds",
            "Of the newest image that came into a product",
            ("role", "instrument"),
            registry,
        )
        self.unsigned_flux = _last("farside_product_unsigned_flux_maxwell", "TUMF", registry)
        self.net_flux = _last("farside_product_net_flux_maxwell", "NMF", registry)
        self.correlation = _last(
            "farside_product_reference_correlation",
            "Correlation with the reference magnetogram on blocks of one degree",
            registry,
        )
        self.lag = _last(
            "farside_product_reference_lag_hours",
            "By how much the reference is older than the epoch of Eq. 5",
            registry,
        )
        self.flag = _last(
            "farside_product_flag", "1 where the quality flag is set", registry, ("flag",)
        )

    def add(self, made: Magnetogram, found: ProductStatistics) -> None:
        """Count a product and note what it shows."""
        of = (made.generator.model, made.spacecraft)
        self.made.labels(*of).inc()
        self.made_time.rise(of, time.time())
        self.product_time.rise(of, made.time.unix)
        for given in made.inputs:
            labels = (given.role, given.origin.instrument)
            self.input_time.rise(labels, given.origin.time.unix)
        self.unsigned_flux.labels(*of).set(found.unsigned_flux_mx)
        self.net_flux.labels(*of).set(found.net_flux_mx)
        if found.reference_correlation is not None:
            self.correlation.labels(*of).set(found.reference_correlation)
        if found.reference_lag_hours is not None:
            self.lag.labels(*of).set(found.reference_lag_hours)
        for bit in Quality:
            if bit in made.quality:
                self.flags.labels(of[0], bit.name).inc()
            self.flag.labels(*of, bit.name).set(bit in made.quality)


class MapMetrics:
    """The maps of the whole Sun that were made, and what the last of them is made of.

    Each number has a label: one without would be 0 before the first map.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.made = Counter("farside_maps", "Maps made.", MAP_LABELS, registry=registry)
        self.made_time = LatestTime(
            "farside_map_made_time_seconds", "When the last was made", MAP_LABELS, registry
        )
        self.map_time = LatestTime(
            "farside_map_time_seconds", "Of the newest map", MAP_LABELS, registry
        )
        self.flags = Counter(
            "farside_map_flags", "Maps with a quality flag.", ("flag",), registry=registry
        )
        self.flag = _of_map("farside_map_flag", "1 where the flag is set", ("flag",), registry)
        self.share = _of_map(
            "farside_map_share_ratio", "Part of the Sun by what it comes from", ("kind",), registry
        )
        self.base_age = _of_map(
            "farside_map_base_age_seconds",
            "By how much its base map is older",
            ("instrument",),
            registry,
        )
        self.overlap = _of_map(
            "farside_map_overlap_correlation",
            "Correlation of a generated disk with the observed one where both see the Sun (OVL_CC)",
            PRODUCT_LABELS,
            registry,
        )
        self.imbalance = _of_map(
            "farside_map_flux_imbalance_ratio",
            "Net over unsigned flux before balancing",
            MAP_LABELS,
            registry,
        )

    def add(self, made: SynchronicMap, kind: str, models: Container[str]) -> None:
        """Count a map and note what it is made of; `models` are the names that are loaded.

        Whatever else a product names itself goes under ``other``: anybody may write one.
        """
        self.made.labels(kind).inc()
        self.made_time.rise((kind,), time.time())
        self.map_time.rise((kind,), made.time.unix)
        self.imbalance.labels(kind).set(made.imbalance())
        for part in get_args(SourceKind):
            self.share.labels(part).set(made.share(part))
        for source in made.sources:
            self._note(source, made.time, models)
        for bit in Quality:
            if bit in made.quality:
                self.flags.labels(bit.name).inc()
            self.flag.labels(bit.name).set(bit in made.quality)

    def _note(self, source: MapSource, of: Time, models: Container[str]) -> None:
        if source.generator and source.overlap:
            labels = (
                _known(source.generator.model, models),
                _known(source.instrument, SPACECRAFT.values()),
            )
            self.overlap.labels(*labels).set(source.overlap.correlation)
        if source.kind == "base" and source.instrument != NO_INSTRUMENT:
            self.base_age.labels(source.instrument).set(of.unix - source.time.unix)


class LatestTime:
    """A time of which the newest wins, whatever the order: files come late."""

    def __init__(
        self, name: str, text: str, labels: Sequence[str], registry: CollectorRegistry
    ) -> None:
        full = f"{text}, Unix time; the newest of all workers."
        self._gauge = Gauge(name, full, labels, multiprocess_mode="max", registry=registry)
        self._newest: dict[tuple[str, ...], float] = {}
        self._lock = Lock()

    def rise(self, labels: Sequence[str], unix_s: float) -> None:
        """Take a time, unless it is older than the last or too far in the future."""
        if unix_s > time.time() + SKEW_S:
            return
        with self._lock:
            if unix_s > self._newest.get(tuple(labels), float("-inf")):
                self._newest[tuple(labels)] = unix_s
                self._gauge.labels(*labels).set(unix_s)


@dataclass(frozen=True, eq=False)
class Snapshot(Collector):
    """State of the service at the moment of a scrape.

    Attributes
    ----------
    ready
        Whether every model answers.
    engine
        Name of what runs the models, and its arithmetic.
    models
        Those that are loaded.
    gpus
        Those of this machine; None where there is no driver.
    jobs
        Counts of the jobs; None where there are none to be had.
    """

    ready: bool
    engine: tuple[str, str]
    models: Mapping[str, Model]
    gpus: Sequence[Gpu] | None
    jobs: JobCounts | None = None

    def collect(self) -> Iterable[Metric]:
        """Give the families of metrics."""
        yield GaugeMetricFamily("farside_ready", "1 while every model answers.", float(self.ready))
        build = GaugeMetricFamily("farside_build_info", "The software.", labels=("version",))
        build.add_metric((__version__,), 1)
        yield build
        yield self._models()
        yield GaugeMetricFamily(
            "farside_gpu_available", "1 where NVML finds a GPU.", float(bool(self.gpus))
        )
        yield from _gpu_families(self.gpus or ())
        if self.jobs is not None:
            yield from _job_families(self.jobs)

    def _models(self) -> Metric:
        names = ("model", "version", "identity", "engine", "precision", "trained_on")
        family = GaugeMetricFamily("farside_model_info", "The loaded models.", labels=names)
        for model in {one.handle: one for one in self.models.values()}.values():
            recipe, (engine, precision) = model.recipe, self.engine
            family.add_metric(
                (
                    recipe.name,
                    recipe.version,
                    model.identity,
                    engine,
                    model.precision or precision,
                    recipe.training.data,
                ),
                1,
            )
        return family


def _gpu_families(gpus: Sequence[Gpu]) -> Iterator[Metric]:
    numbers = (
        ("farside_gpu_utilisation_ratio", "Part of the time in which a kernel ran.", "utilisation"),
        ("farside_gpu_memory_used_bytes", "Memory in use, by whatever.", "memory_used_bytes"),
        ("farside_gpu_memory_total_bytes", "Memory there is.", "memory_total_bytes"),
        ("farside_gpu_power_watts", "Power drawn.", "power_watts"),
        ("farside_gpu_temperature_celsius", "Temperature of the chip.", "temperature_celsius"),
        ("farside_gpu_throttled", "1 while heat or power slows the clocks.", "throttled"),
    )
    for name, text, attribute in numbers:
        family = GaugeMetricFamily(name, text, labels=("gpu", "name"))
        for gpu in gpus:
            value = getattr(gpu, attribute)
            if value is not None:  # this GPU does not say
                family.add_metric((str(gpu.index), gpu.name), float(value))
        if family.samples:
            yield family


def _known(value: str, known: Container[str]) -> str:
    return value if value in known else OTHER


def _forget_dead(folder: Path) -> None:
    """Take the gauges of workers that were killed out of the sums."""
    for path in folder.glob("gauge_live*.db"):
        pid = int(path.stem.rpartition("_")[2])
        if not _lives(pid):
            multiprocess.mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]


def _job_families(counts: JobCounts) -> Iterable[Metric]:
    jobs = GaugeMetricFamily("farside_jobs", "Jobs by state.", labels=("state",))
    for state, number in counts.states.items():
        jobs.add_metric((state,), number)
    yield jobs
    yield GaugeMetricFamily(
        "farside_jobs_oldest_queued_seconds",
        "Age of the oldest job that waits; 0 where none does.",
        counts.oldest_queued_s,
    )
    yield GaugeMetricFamily(
        "farside_jobs_bytes", "Files and results of all jobs.", float(counts.bytes)
    )


def _lives(pid: int) -> bool:
    """Whether a process runs; the killed one is a zombie until its parent looks."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _sum(name: str, text: str, labels: Sequence[str], registry: CollectorRegistry) -> Gauge:
    return Gauge(name, text, labels, multiprocess_mode="livesum", registry=registry)


def _last(name: str, text: str, registry: CollectorRegistry, labels: Sequence[str] = ()) -> Gauge:
    full = f"{text}, of the product made last."
    names = (*PRODUCT_LABELS, *labels)
    return Gauge(name, full, names, multiprocess_mode="mostrecent", registry=registry)


def _of_map(name: str, text: str, labels: Sequence[str], registry: CollectorRegistry) -> Gauge:
    full = f"{text}, of the map made last."
    return Gauge(name, full, labels, multiprocess_mode="mostrecent", registry=registry)
