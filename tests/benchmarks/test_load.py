from collections import Counter

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from benchmarks.load import (
    STAGES,
    LoadResult,
    request_of,
    run_clients,
    shares,
    stage_seconds,
)
from farside.simulation import SimulatedSet
from service.metrics import Metrics, Snapshot
from tests.support.live import Server


def test_stages_are_read_from_the_services_own_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    metrics = Metrics(CollectorRegistry())
    metrics.stage_seconds.labels("read").observe(1.5)
    metrics.stage_seconds.labels("read").observe(0.5)
    metrics.queue_seconds.labels("prepare").observe(0.25)
    metrics.queue_seconds.labels("infer").observe(0.5)
    seconds = stage_seconds(metrics.text(Snapshot(True, ("fake", "float32"), {}, None)).decode())
    assert seconds == dict.fromkeys(STAGES, 0) | {"read": 2, "waiting": 0.75}


def test_shares_are_of_what_clients_waited_and_add_up_to_all() -> None:
    load = LoadResult(2, 5.0, np.array([4.0, 6.0]), Counter({"200": 2}))
    before = {"prepare": 10.0, "waiting": 1.0}
    found = shares(before, {"prepare": 15.0, "waiting": 3.0}, load)
    assert found == pytest.approx({"prepare": 0.5, "waiting": 0.2, "other": 0.3})


def test_only_products_and_refusals_are_expected() -> None:
    counts = Counter({"200": 3, "429": 60, "500": 1, "ReadError": 2})
    assert LoadResult(64, 1.0, np.ones(3), counts).unexpected == Counter({"500": 1, "ReadError": 2})


def test_every_answer_is_counted_and_those_with_a_product_are_timed(
    server: Server, simulated: SimulatedSet
) -> None:
    load = run_clients(server.url, request_of(simulated), clients=2, each=2)
    assert load.counts == Counter({"200": 4})
    assert len(load.latencies_s) == load.counts["200"]
