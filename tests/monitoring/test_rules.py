"""promtool and amtool on our files, each alert firing and silent."""

from __future__ import annotations

import re
import subprocess

import yaml

from deploy.local_triton.processes import PATIENCE_S
from tests.monitoring.prometheus import MONITORING, program
from tests.support.live import ROOT

ALERTS = yaml.safe_load((MONITORING / "rules" / "alerts.yml").read_text())["groups"][0]["rules"]
MANUAL = ROOT / "docs" / "operations.md"


def checked(*command: str) -> None:
    done = subprocess.run(  # noqa: S603  our own arguments
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_the_configuration_and_the_rules() -> None:
    checked(program("promtool"), "check", "config", "monitoring/prometheus.yml")


def test_each_alert_fires_when_it_should_and_only_then() -> None:
    checked(program("promtool"), "test", "rules", "tests/monitoring/alerts_test.yml")


def test_no_alert_is_left_without_a_case_that_fires_and_one_that_does_not() -> None:
    cases = yaml.safe_load((ROOT / "tests/monitoring/alerts_test.yml").read_text())["tests"]
    tested = [case["alert_rule_test"][0] for case in cases]
    fires = {case["alertname"] for case in tested if case["exp_alerts"]}
    silent = {case["alertname"] for case in tested if not case["exp_alerts"]}
    assert fires == silent == {rule["alert"] for rule in ALERTS}


def test_alertmanager_takes_its_configuration() -> None:
    checked(program("amtool"), "check-config", "monitoring/alertmanager.yml")


def test_every_alert_has_its_runbook() -> None:
    anchors = {title.lower() for title in re.findall(r"^#+ (\w+)$", MANUAL.read_text(), re.M)}
    for rule in ALERTS:
        page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert page.startswith("https://")
        assert page.endswith(f"/{MANUAL.stem}.html")
        assert anchor in anchors


def test_inhibitions_and_routes_speak_of_alerts_and_teams_that_there_are() -> None:
    text = (MONITORING / "alertmanager.yml").read_text()
    named = {
        name for value in re.findall(r'alertname=~?"([^"]+)"', text) for name in value.split("|")
    }
    assert named <= {rule["alert"] for rule in ALERTS}
    assert set(re.findall(r'team="(\w+)"', text)) <= {rule["labels"]["team"] for rule in ALERTS}
