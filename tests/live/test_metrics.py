"""Metrics of ``farside live`` over real HTTP, and the rules that use them."""

from __future__ import annotations

import re

import httpx
from prometheus_client.parser import text_string_to_metric_families

from farside.live.metrics import LiveMetrics, serving
from tests.support.live import ROOT, free_port


def test_metrics_are_those_of_the_rules_and_prometheus_reads_them() -> None:
    metrics = LiveMetrics(waiting=3, silences_s={"A": 7200.0, "B": 9e6})
    address = f"127.0.0.1:{free_port()}"
    with serving(metrics, address):
        text = httpx.get(f"http://{address}/metrics").raise_for_status().text
        assert httpx.get(f"http://{address}/livez").is_success
        assert httpx.get(f"http://{address}/other").status_code == 404
    found = {family.name: family.samples for family in text_string_to_metric_families(text)}
    assert found["farside_live_waiting_sets"][0].value == 3
    silences = {s.labels["spacecraft"]: s.value for s in found["farside_live_silence_seconds"]}
    assert silences == {"A": 7200.0, "B": 9e6}
    rules = (ROOT / "monitoring/rules/alerts.yml").read_text()
    used = set(re.findall(r"farside_live_\w+", rules))
    assert used
    assert used <= set(found)
    assert "farside_watch_round_timestamp_seconds" in found
