"""docs/operations.md names every metric there is, and none that there is not."""

from __future__ import annotations

import re

from prometheus_client import CollectorRegistry

from service.gpu import Gpu
from service.job_store import JobCounts
from service.metrics import Metrics, Snapshot
from tests.support.live import ROOT

GPU = Gpu(0, "H100", 0.5, 1e9, 8e10, 300.0, 60.0, False)


def exported() -> set[str]:
    registry = CollectorRegistry()
    Metrics(registry)
    now = Snapshot(True, ("torch", "float32"), {}, (GPU,), JobCounts({"queued": 1}, 60.0, 1))
    families = [*registry.collect(), *now.collect()]
    return {f.name + ("_total" if f.type == "counter" else "") for f in families}


def test_the_manual_lists_the_metrics_that_there_are() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    table = text.partition("## Metrics")[2].partition("## Alerts")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    listed = {name for row in rows for name in re.findall(r"`(farside_\w+)`", row)}
    assert listed == exported()
