"""compose.yaml by its specification, and by what it names: paths, ports, images, volumes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from service.settings import Settings
from tests.containers.dockerfile import stages
from tests.support.live import ROOT

Service = dict[str, Any]
"""As YAML gives it."""

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
ON_CPU = yaml.safe_load((ROOT / "compose.cpu.yaml").read_text())
SERVICES: dict[str, Service] = COMPOSE["services"]


FILLED = ("./drop", "./archive", "./live")
"""Folders that whoever runs `farside watch` or `farside live` makes."""


def test_nothing_is_reached_from_other_machines() -> None:
    for service in SERVICES.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_without_triton_prometheus_does_not_look_for_it() -> None:
    with_triton = yaml.safe_load((ROOT / "monitoring/prometheus.yml").read_text())
    without = yaml.safe_load((ROOT / "monitoring/prometheus.cpu.yml").read_text())
    jobs = [job for job in with_triton["scrape_configs"] if job["job_name"] != "triton"]
    assert without == with_triton | {"scrape_configs": jobs}
    (mount,) = ON_CPU["services"]["prometheus"]["volumes"]
    assert mount.startswith("./monitoring/prometheus.cpu.yml:")


def test_the_files_are_of_the_specification() -> None:
    whole = PyCompose.from_json(json.dumps(COMPOSE))
    whole.validate()
    assert set(whole.service_names()) == set(SERVICES)
    PyCompose.from_json(json.dumps(ON_CPU))


def test_every_mounted_path_is_there_and_read_only_and_every_volume_declared() -> None:
    for service in SERVICES.values():
        for mount in service.get("volumes", ()):
            source, *rest = mount.split(":")
            if source.startswith("."):
                assert (ROOT / source).exists() or source in FILLED
                assert rest[-1] == "ro" or source in ("./archive", "./live")
            else:
                assert source in COMPOSE["volumes"]


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_writes_to_its_root_file_system_or_gains_rights(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_images_are_pinned_by_version() -> None:
    for service in (*SERVICES.values(), *ON_CPU["services"].values()):
        if "image" in service:
            _, _, tag = service["image"].rpartition(":")
            assert tag
            assert tag != "latest"
            assert any(character.isdigit() for character in tag)


def test_the_addresses_that_the_configurations_name_are_those_of_the_services() -> None:
    prometheus = yaml.safe_load((ROOT / "monitoring/prometheus.yml").read_text())
    jobs = [job["static_configs"][0]["targets"][0] for job in prometheus["scrape_configs"]]
    (alerts,) = prometheus["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    folder = ROOT / "monitoring/grafana/provisioning/datasources"
    source = yaml.safe_load((folder / "prometheus.yml").read_text())["datasources"][0]["url"]
    wanted = [*jobs, alerts, source.removeprefix("http://")]
    wanted.append(SERVICES["service"]["environment"]["FARSIDE_TRITON_URL"])
    hosts = {address.split(":")[0] for address in wanted}
    assert hosts == {"service", "triton", "alertmanager", "prometheus"} <= set(SERVICES)


def test_paths_inside_the_containers_are_those_that_the_configurations_name() -> None:
    inside = [mount.split(":")[1] for s in SERVICES.values() for mount in s.get("volumes", ())]
    provided = (ROOT / "monitoring/grafana/provisioning/dashboards/farside.yml").read_text()
    for option in yaml.safe_load(provided)["providers"]:
        assert str(Path(option["options"]["path"]).parent) in inside
    assert "/etc/prometheus/rules" in inside  # beside prometheus.yml, which says rules/…


def test_the_service_may_finish_the_longest_request_when_it_is_stopped() -> None:
    settings = Settings()
    longest_s = settings.patience_s + settings.upload_timeout_s + settings.deadline_s
    assert int(SERVICES["service"]["stop_grace_period"].removesuffix("s")) > longest_s


def test_the_cpu_variant_builds_the_other_target_and_leaves_triton_out() -> None:
    targets = {variant["services"]["service"]["build"]["target"] for variant in (COMPOSE, ON_CPU)}
    assert targets == {"cpu", "gpu"} <= set(stages())
    assert ON_CPU["services"]["service"]["environment"]["FARSIDE_TRITON_URL"] == ""
    assert ON_CPU["services"]["triton"]["profiles"]
    assert SERVICES["service"]["depends_on"]["triton"]["required"] is False
