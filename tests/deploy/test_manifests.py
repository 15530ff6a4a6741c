"""deploy/: every manifest by Kubernetes' schemas, and by the service that it starts."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from prometheus_client import CollectorRegistry

from farside import __version__
from service.metrics import Metrics
from service.routes import ENDPOINTS
from service.settings import PREFIX, Settings
from tests.containers.dockerfile import stages
from tests.live import ROOT

Manifest = dict[str, Any]
"""As YAML gives it."""

DEPLOY = ROOT / "deploy"
NAME = "app.kubernetes.io/name"
VERSIONS = ("1.30", kubernetes_validate.latest_version())
"""From the first that has the pause before a stop."""

OTHERS = ("monitoring.coreos.com", "kustomize.config.k8s.io")
"""Groups whose schemas are not Kubernetes' own."""


def read(path: Path) -> list[Manifest]:
    return [one for one in yaml.safe_load_all(path.read_text()) if one]


def in_base() -> list[Manifest]:
    resources = read(DEPLOY / "base" / "kustomization.yaml")[0]["resources"]
    return [one for name in resources for one in read(DEPLOY / "base" / name)]


def assembled(variant: str) -> list[Manifest]:
    """What kustomize makes of a folder; for the base also without kustomize."""
    program = shutil.which("kubectl") or shutil.which("kustomize")
    if program is None:
        if variant == "base":
            return in_base()
        pytest.skip("no kubectl and no kustomize here: only deploy/base is looked at")
    word = "kustomize" if program.endswith("kubectl") else "build"
    made = subprocess.run(  # noqa: S603  our own arguments
        [program, word, str(DEPLOY / variant)], capture_output=True, text=True, check=True
    )
    return list(yaml.safe_load_all(made.stdout))


@pytest.fixture(params=["base", "gpu"])
def manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    return assembled(request.param)


def of_kind(manifests: list[Manifest], kind: str, name: str = "farside") -> Manifest:
    (found,) = [m for m in manifests if m["kind"] == kind and m["metadata"]["name"] == name]
    return found


def pod(manifests: list[Manifest]) -> Manifest:
    found: Manifest = of_kind(manifests, "Deployment")["spec"]["template"]
    return found


def containers(manifests: list[Manifest]) -> dict[str, Manifest]:
    spec = pod(manifests)["spec"]
    return {one["name"]: one for one in (*spec["containers"], *spec.get("initContainers", ()))}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_is_of_its_schema(manifests: list[Manifest], version: str) -> None:
    for manifest in manifests:
        if not manifest["apiVersion"].startswith(OTHERS):
            kubernetes_validate.validate(manifest, version, strict=True)


def test_a_manifest_with_an_error_would_be_found() -> None:
    broken = of_kind(in_base(), "Deployment")
    broken["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSIONS[-1], strict=True)


def test_every_file_is_part_of_a_variant() -> None:
    named = set()
    for variant in ("base", "gpu"):
        (kustomization,) = read(DEPLOY / variant / "kustomization.yaml")
        patches = [one["path"] for one in kustomization.get("patches", ())]
        named |= {
            (DEPLOY / variant / name).resolve() for name in (*kustomization["resources"], *patches)
        }
    files = {path for path in DEPLOY.glob("*/*.yaml") if path.name != "kustomization.yaml"}
    assert files == named - {DEPLOY / "base"}


def test_all_that_select_the_pods_select_these(manifests: list[Manifest]) -> None:
    labels = pod(manifests)["metadata"]["labels"]

    def selected() -> Iterator[Manifest]:
        yield of_kind(manifests, "Deployment")["spec"]["selector"]["matchLabels"]
        yield of_kind(manifests, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"]
        yield from (m["spec"]["selector"] for m in manifests if m["kind"] == "Service")

    for wanted in selected():
        assert wanted
        assert wanted.items() <= labels.items()
    target = of_kind(manifests, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", "farside")


def test_monitors_find_their_services_whose_names_are_the_jobs_of_the_alerts(
    manifests: list[Manifest],
) -> None:
    services = [m for m in manifests if m["kind"] == "Service"]
    jobs = yaml.safe_load((ROOT / "monitoring/prometheus.yml").read_text())["scrape_configs"]
    assert {s["metadata"]["name"] for s in services} <= {job["job_name"] for job in jobs}
    for service in services:
        monitor = of_kind(manifests, "ServiceMonitor", service["metadata"]["name"])
        wanted = monitor["spec"]["selector"]["matchLabels"]
        assert wanted
        matched = [s for s in services if wanted.items() <= s["metadata"]["labels"].items()]
        assert matched == [service]
        (endpoint,) = monitor["spec"]["endpoints"]
        assert endpoint["path"] == "/metrics"
        assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}


def test_ports_and_paths_are_those_of_the_service(manifests: list[Manifest]) -> None:
    service = containers(manifests)["service"]
    (port,) = service["ports"]
    assert str(port["containerPort"]) == stages()["service"].last("EXPOSE")
    (outward,) = of_kind(manifests, "Service")["spec"]["ports"]
    assert outward["targetPort"] == port["name"]
    probes = {name: service[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness")}
    assert {probe["path"] for probe in probes.values()} == {"/readyz"} <= ENDPOINTS
    assert service["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert all(probe["port"] == port["name"] for probe in probes.values())


def test_settings_are_settings(manifests: list[Manifest]) -> None:
    for variable in containers(manifests)["service"]["env"]:
        assert variable["name"].removeprefix(PREFIX).lower() in Settings.model_fields


def test_a_stop_leaves_time_for_the_longest_request(manifests: list[Manifest]) -> None:
    pause_s = containers(manifests)["service"]["lifecycle"]["preStop"]["sleep"]["seconds"]
    longest_s = Settings().upload_timeout_s + Settings().deadline_s
    assert pod(manifests)["spec"]["terminationGracePeriodSeconds"] > pause_s + longest_s


def test_nothing_runs_as_root_or_writes_to_its_root_file_system(
    manifests: list[Manifest],
) -> None:
    whole = pod(manifests)["spec"]["securityContext"]
    assert f"{whole['runAsUser']}:{whole['runAsGroup']}" == stages()["service"].last("USER")
    assert whole["runAsNonRoot"] is True
    for one in containers(manifests).values():
        own = one["securityContext"]
        assert own["readOnlyRootFilesystem"] is True
        assert own["allowPrivilegeEscalation"] is False
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert {"cpu", "memory"} <= set(one["resources"]["limits"])


def test_every_mount_has_its_volume_and_every_claim_is_made(manifests: list[Manifest]) -> None:
    volumes = {volume["name"]: volume for volume in pod(manifests)["spec"]["volumes"]}
    for one in containers(manifests).values():
        assert {mount["name"] for mount in one["volumeMounts"]} <= set(volumes)
    claims = {m["metadata"]["name"] for m in manifests if m["kind"] == "PersistentVolumeClaim"}
    claimed = [volume.get("persistentVolumeClaim", {}) for volume in volumes.values()]
    assert {claim["claimName"] for claim in claimed if claim} == claims


def test_images_have_a_version(manifests: list[Manifest]) -> None:
    for one in containers(manifests).values():
        tag = one["image"].partition(":")[2]
        # kustomize puts the service's own in.
        assert any(map(str.isdigit, tag)) or one["name"] == "service"
    for variant in ("base", "gpu"):
        (image,) = read(DEPLOY / variant / "kustomization.yaml")[0]["images"]
        assert image["newTag"].startswith(__version__)


def test_triton_is_asked_where_it_listens_and_shares_its_memory() -> None:
    both = containers(assembled("gpu"))
    service, triton = both["service"], both["triton"]
    environment = {one["name"]: one.get("value", "") for one in service["env"]}
    host, _, port = environment["FARSIDE_TRITON_URL"].partition(":")
    assert host == "localhost"
    assert int(port) in {one["containerPort"] for one in triton["ports"]}
    shared = [
        next(m["name"] for m in one["volumeMounts"] if m["mountPath"] == "/dev/shm")  # noqa: S108
        for one in (service, triton)
    ]
    assert shared[0] == shared[1]
    assert triton["resources"]["limits"]["nvidia.com/gpu"] == "1"
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["triton"]
    assert triton["image"] == compose["image"]


def test_the_autoscaler_asks_for_a_metric_that_there_is() -> None:
    (metric,) = of_kind(in_base(), "HorizontalPodAutoscaler")["spec"]["metrics"]
    registry = CollectorRegistry()
    Metrics(registry)
    name = metric["pods"]["metric"]["name"]
    assert name in {family.name for family in registry.collect()}
    (rule,) = yaml.safe_load((DEPLOY / "prometheus-adapter.yaml").read_text())
    assert rule["seriesQuery"].startswith(f"{name}{{")
