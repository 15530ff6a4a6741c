"""The dashboards as Grafana will read them: structure, and its own types."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard as Typed

from tests.monitoring.prometheus import MONITORING
from tests.monitoring.queries import Dashboard, dashboards

PROVISIONING = MONITORING / "grafana" / "provisioning"
SOURCE = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yml").read_text())

BOARDS = [pytest.param(board, id=board["uid"]) for board in dashboards()]


def test_there_is_one_for_operations_and_one_for_science_each_in_its_folder() -> None:
    provided = yaml.safe_load((PROVISIONING / "dashboards" / "farside.yml").read_text())
    for provider in provided["providers"]:
        folder = MONITORING / "grafana" / "dashboards" / provider["name"]
        assert provider["options"]["path"] == f"/var/lib/grafana/dashboards/{folder.name}"
        assert len(list(folder.glob("*.json"))) == 1
    assert {board["uid"] for board in dashboards()} == {"farside-operations", "farside-science"}


@pytest.mark.parametrize("board", BOARDS)
def test_every_panel_has_its_own_id_and_place(board: Dashboard) -> None:
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for one, other in combinations([panel["gridPos"] for panel in panels], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)


@pytest.mark.parametrize("board", BOARDS)
def test_every_query_goes_to_the_provisioned_source_and_knows_its_variables(
    board: Dashboard,
) -> None:
    (source,) = SOURCE["datasources"]
    variables = {variable["name"] for variable in board["templating"]["list"]}
    assert variables == {"instance", "model"}
    for panel in board["panels"]:
        targets = panel.get("targets", [])
        assert bool(targets) == (panel["type"] != "row")
        assert len({target["refId"] for target in targets}) == len(targets)
        for asked in (*targets, *board["templating"]["list"]):
            assert asked["datasource"] == {"type": "prometheus", "uid": source["uid"]}
        for target in targets:
            used = set(target["expr"].replace('"', " ").split("$")[1:])
            assert {name.split()[0] for name in used} <= variables


@pytest.mark.parametrize("board", BOARDS)
def test_grafanas_own_types_take_it_and_lose_nothing(board: Dashboard) -> None:
    kept = json.loads(JSONEncoder().encode(Typed.from_json(board)))
    assert kept == with_defaults_of(board, kept)


def with_defaults_of(given: Any, kept: Any) -> Any:
    """What was given, filled up with the defaults that Grafana adds."""
    if isinstance(given, dict) and isinstance(kept, dict):
        filled = {key: with_defaults_of(value, kept.get(key)) for key, value in given.items()}
        return kept | filled
    if isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        return [with_defaults_of(one, other) for one, other in zip(given, kept, strict=True)]
    return given
