"""What the service counts and times, for Prometheus; adds up over workers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

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

CONTENT_TYPE = CONTENT_TYPE_LATEST
SECONDS = (0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120)
SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""Where it is set, the workers keep their numbers in files of one folder."""


class Metrics:
    """The numbers of one worker. Every label takes few values, whatever clients send."""

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
        self.stage_seconds = Histogram(
            "farside_stage_seconds",
            "Work on one request: upload, prepare (read and register) and infer, or merge; write.",
            ("stage",),
            buckets=SECONDS,
            registry=registry,
        )
        self.queue_seconds = Histogram(
            "farside_queue_seconds",
            "Wait for a stage.",
            ("stage",),
            buckets=SECONDS,
            registry=registry,
        )
        self.in_flight = Gauge(
            "farside_requests_in_flight",
            "Requests for a magnetogram or a map that are not yet answered.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.queue_depth = Gauge(
            "farside_queue_depth",
            "Requests that wait for a stage.",
            ("stage",),
            multiprocess_mode="livesum",
            registry=registry,
        )

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Time the work of a stage, whether it ends well or not."""
        with self.stage_seconds.labels(stage).time():
            yield

    @contextmanager
    def queued(self, stage: str) -> Iterator[None]:
        """Count and time one who waits for a stage."""
        depth = self.queue_depth.labels(stage)
        with depth.track_inprogress(), self.queue_seconds.labels(stage).time():
            yield

    def text(self) -> bytes:
        """Write the numbers: of all workers where they share a folder, else of this process."""
        if SHARED not in os.environ:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # no types
        return generate_latest(registry)

    def close(self) -> None:
        """Take this worker's gauges out of the sum."""
        if SHARED in os.environ:
            multiprocess.mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]  # no types
