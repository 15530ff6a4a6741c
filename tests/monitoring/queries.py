"""Every query of the dashboards and the rules, and which need a GPU or Triton to have data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from tests.monitoring.prometheus import MONITORING

Dashboard = dict[str, Any]
"""Grafana's JSON, which has no narrower type."""

_COMPARISON = re.compile(r" (==|<|>) (?=[\d.]+( \* \d+)?\s*$)")


def dashboards() -> list[Dashboard]:
    """Read the provisioned dashboards."""
    found = sorted((MONITORING / "grafana" / "dashboards").rglob("*.json"))
    return [json.loads(path.read_text()) for path in found]


def panel_queries() -> Iterator[tuple[str, str]]:
    """Give title and query of each target of each panel, with all instances and models chosen."""
    for board in dashboards():
        for panel in board["panels"]:
            for target in panel.get("targets", ()):
                query = target["expr"].replace("$instance", ".*").replace("$model", ".*")
                yield f"{board['title']}: {panel['title']}: {query}", query


def rule_queries() -> Iterator[tuple[str, str]]:
    """Give name and expression of each rule; an alert's has a value whether it fires or not."""
    for path in sorted((MONITORING / "rules").glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                query = rule["expr"].strip()
                if "alert" in rule:
                    query, changed = _COMPARISON.subn(r" \1 bool ", query)
                    assert changed == 1, query
                yield rule.get("alert", rule.get("record")), query


def needs_gpu(query: str) -> bool:
    """Whether it has data only where there is a GPU, the service's or Triton's."""
    return bool(re.search(r"farside_gpu_(?!available)|farside:gpu|nv_gpu", query))


def needs_triton(query: str) -> bool:
    """Whether it has data only where Triton is scraped."""
    return "nv_" in query or 'job="triton"' in query


def needs_watch(query: str) -> bool:
    """Whether it has data only where ``farside watch`` or ``farside live`` is scraped."""
    return "farside_watch_" in query or "farside_live_" in query
