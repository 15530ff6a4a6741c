"""deploy/: every manifest by Kubernetes' schemas, and by the service that it starts."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from prometheus_client import CollectorRegistry

from farside import __version__
from farside.live.settings import load_settings
from monitoring.kubernetes import __main__ as rules
from service.metrics import Metrics
from service.routes import ENDPOINTS
from service.settings import PREFIX, Settings
from tests.containers.dockerfile import stages
from tests.support.live import ROOT

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


@cache
def assembled(variant: str) -> list[Manifest]:
    """What kustomize makes of a folder."""
    program = shutil.which("kubectl") or shutil.which("kustomize")
    if program is None:
        pytest.skip("no kubectl and no kustomize here: apt-get install kubernetes-client")
    word = "kustomize" if program.endswith("kubectl") else "build"
    made = subprocess.run(  # noqa: S603  our own arguments
        [program, word, str(DEPLOY / variant)], capture_output=True, text=True, check=True
    )
    return list(yaml.safe_load_all(made.stdout))


VARIANTS = ("cpu", "gpu", "jobs", "example")


@pytest.fixture(params=VARIANTS)
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
    (broken,) = read(DEPLOY / "base" / "deployment.yaml")
    broken["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSIONS[-1], strict=True)


def test_every_file_is_part_of_a_variant() -> None:
    named = set()
    for path in DEPLOY.rglob("kustomization.yaml"):
        (kustomization,) = read(path)
        patches = [one["path"] for one in kustomization.get("patches", ())]
        parts = (*kustomization.get("resources", ()), *kustomization.get("components", ()))
        named |= {(path.parent / name).resolve() for name in (*parts, *patches)}
    files = {path for path in DEPLOY.glob("*/**/*.yaml") if path.name != "kustomization.yaml"}
    folders = {path.parent for path in DEPLOY.glob("components/*/kustomization.yaml")}
    folders |= {DEPLOY / "base", DEPLOY / "cpu", DEPLOY / "gpu", ROOT / "monitoring"}
    assert files | folders == named


def test_all_that_select_the_pods_select_these(manifests: list[Manifest]) -> None:
    labels = pod(manifests)["metadata"]["labels"]

    def selected() -> Iterator[Manifest]:
        yield of_kind(manifests, "Deployment")["spec"]["selector"]["matchLabels"]
        yield from (
            m["spec"]["selector"]["matchLabels"]
            for m in manifests
            if m["kind"] == "PodDisruptionBudget"
        )
        yield from (
            m["spec"]["podSelector"]["matchLabels"]
            for m in manifests
            if m["kind"] == "NetworkPolicy"
        )
        yield from (m["spec"]["selector"] for m in manifests if m["kind"] == "Service")

    for wanted in selected():
        assert wanted
        assert wanted.items() <= labels.items()
    for scaler in (m for m in manifests if m["kind"] == "HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        assert (target["kind"], target["name"]) == ("Deployment", "farside")


def test_monitors_find_their_services_whose_names_are_the_jobs_of_the_alerts() -> None:
    manifests = assembled("example")
    services = [m for m in manifests if m["kind"] == "Service"]
    jobs = yaml.safe_load((ROOT / "monitoring/prometheus.yml").read_text())["scrape_configs"]
    names = {s["metadata"]["name"] for s in services}
    assert names == {job["job_name"] for job in jobs}
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
    for variable in containers(manifests)["service"].get("env", ()):
        assert variable["name"].removeprefix(PREFIX).lower() in Settings.model_fields


def test_a_stop_leaves_time_for_the_longest_request(manifests: list[Manifest]) -> None:
    pause_s = containers(manifests)["service"]["lifecycle"]["preStop"]["sleep"]["seconds"]
    settings = Settings()
    longest_s = settings.patience_s + settings.upload_timeout_s + settings.deadline_s
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
    pods = [m["spec"]["template"]["spec"] for m in manifests if m["kind"] == "Deployment"]
    claimed = [v.get("persistentVolumeClaim", {}) for pod in pods for v in pod["volumes"]]
    assert {claim["claimName"] for claim in claimed if claim} == claims


def test_pods_get_no_variables_of_the_services_of_their_namespace(
    manifests: list[Manifest],
) -> None:
    for manifest in manifests:
        if manifest["kind"] == "Deployment":
            assert manifest["spec"]["template"]["spec"]["enableServiceLinks"] is False


def test_memory_is_enough_for_all_bodies_and_as_much_again(manifests: list[Manifest]) -> None:
    settings = Settings()
    limit = containers(manifests)["service"]["resources"]["limits"]["memory"]
    assert limit.endswith("Gi")
    bodies = (settings.queue_size + 1) * settings.max_upload_bytes
    assert int(limit.removesuffix("Gi")) * 2**30 > 2 * bodies


def test_a_variant_chooses_the_image_of_every_container_of_ours() -> None:
    for variant, image in (
        ("cpu", f"farside:{__version__}"),
        ("gpu", f"farside:{__version__}-gpu"),
        ("jobs", f"farside:{__version__}"),
        ("example", f"registry.example.org/farside:{__version__}-gpu"),
    ):
        manifests = assembled(variant)
        pods = [m["spec"]["template"]["spec"] for m in manifests if m["kind"] == "Deployment"]
        images = {one["image"] for pod in pods for one in pod["containers"]}
        assert images == {image}


def test_the_way_in_takes_the_largest_upload_and_waits_as_long_as_an_answer_may_take() -> None:
    notes = of_kind(assembled("example"), "Ingress")["metadata"]["annotations"]
    prefix = "nginx.ingress.kubernetes.io/proxy-"
    settings = Settings()
    assert int(notes[f"{prefix}body-size"].removesuffix("m")) * 2**20 >= settings.max_upload_bytes
    longest_s = settings.patience_s + settings.deadline_s
    assert int(notes[f"{prefix}read-timeout"]) > longest_s


def test_the_rules_of_the_operator_are_those_of_prometheus() -> None:
    assert rules.OUT.read_text() == rules.manifest()
    groups = of_kind(assembled("example"), "PrometheusRule")["spec"]["groups"]
    files = sorted((ROOT / "monitoring" / "rules").glob("*.yml"))
    assert groups == [
        group for path in files for group in yaml.safe_load(path.read_text())["groups"]
    ]


def test_the_dashboards_come_with_the_monitoring() -> None:
    boards = of_kind(assembled("example"), "ConfigMap", "farside-dashboards")["data"]
    for path in (ROOT / "monitoring" / "grafana" / "dashboards").rglob("*.json"):
        assert boards[path.name] == path.read_text()


def test_watch_is_started_with_options_that_it_has() -> None:
    (container,) = of_kind(assembled("example"), "Deployment", "farside-watch")["spec"]["template"][
        "spec"
    ]["containers"]
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["watch"]["command"]
    for command in (container["command"], compose):
        program, word, drop, out, archive, server, address = command
        assert (program, word, out, server) == ("farside", "watch", "--out", "--server")
        assert (drop, archive) == ("/drop", "/archive")
        assert address.endswith(":3000")


def test_images_have_a_version(manifests: list[Manifest]) -> None:
    for one in containers(manifests).values():
        tag = one["image"].partition(":")[2]
        # kustomize puts the service's own in.
        assert any(map(str.isdigit, tag)) or one["name"] == "service"
    for variant in VARIANTS:
        images = read(DEPLOY / variant / "kustomization.yaml")[0].get("images", ())
        assert images or variant == "jobs"
        for image in images:
            assert image["newTag"].startswith(__version__)


def test_triton_is_asked_where_it_listens_and_shares_its_memory() -> None:
    both = containers(assembled("gpu"))
    service, triton = both["service"], both["triton"]
    environment = {one["name"]: one.get("value", "") for one in service["env"]}
    host, _, port = environment["FARSIDE_TRITON_URL"].partition(":")
    assert host == "localhost"
    assert int(port) in {one["containerPort"] for one in triton["ports"]}
    # Triton has no authentication: nobody outside the pod may unload its models.
    assert {f"--{kind}-address=127.0.0.1" for kind in ("http", "grpc")} <= {*triton["command"]}
    shared = [
        next(m["name"] for m in one["volumeMounts"] if m["mountPath"] == "/dev/shm")  # noqa: S108
        for one in (service, triton)
    ]
    assert shared[0] == shared[1]
    assert triton["resources"]["limits"]["nvidia.com/gpu"] == "1"
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["triton"]
    assert triton["image"] == compose["image"]


def test_the_autoscaler_asks_for_a_metric_that_there_is() -> None:
    scaler = of_kind(assembled("example"), "HorizontalPodAutoscaler")
    (metric,) = scaler["spec"]["metrics"]
    registry = CollectorRegistry()
    Metrics(registry)
    name = metric["pods"]["metric"]["name"]
    assert name in {family.name for family in registry.collect()}
    (rule,) = yaml.safe_load((DEPLOY / "prometheus-adapter.yaml").read_text())
    assert rule["seriesQuery"].startswith(f"{name}{{")


def test_live_reads_the_example_whose_folders_and_port_are_there() -> None:
    manifests = assembled("example")
    spec = of_kind(manifests, "Deployment", "farside-live")["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["live"]
    settings = load_settings(DEPLOY / "example" / "live.toml")
    folders = [
        settings.archive,
        settings.inputs,
        settings.cache,
        *(d.folder for d in settings.drop),
    ]
    assert all(folder and folder.is_relative_to("/data") for folder in folders)
    assert {"/data", "/etc/farside"} <= {each["mountPath"] for each in container["volumeMounts"]}
    assert "./live:/data" in compose["volumes"]
    for command in (container["command"], compose["command"]):
        assert command == ["farside", "live", "/etc/farside/live.toml"]
    (port,) = container["ports"]
    assert settings.metrics == f"0.0.0.0:{port['containerPort']}"
    (settings_volume,) = [v for v in spec["volumes"] if "configMap" in v]
    name = settings_volume["configMap"]["name"]
    text = of_kind(manifests, "ConfigMap", name)["data"]["live.toml"]
    assert text == (DEPLOY / "example" / "live.toml").read_text()
    (endpoint,) = of_kind(manifests, "PodMonitor", "farside-live")["spec"]["podMetricsEndpoints"]
    assert (endpoint["port"], endpoint["path"]) == (port["name"], "/metrics")


def test_the_folder_of_jobs_is_the_users_and_belongs_to_one_pod() -> None:
    manifests = assembled("jobs")
    spec = of_kind(manifests, "Deployment")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    assert not [m for m in manifests if m["kind"] == "HorizontalPodAutoscaler"]
    claim = of_kind(manifests, "PersistentVolumeClaim", "farside-jobs")["spec"]
    assert claim["accessModes"] == ["ReadWriteOncePod"]
    image = stages()["service"]
    (made,) = [rest.split() for word, rest in image.steps if word == "RUN"]
    folder = f"{image.last('WORKDIR')}/{made[-1]}"
    user, group = image.last("USER").split(":")
    assert {f"--owner={user}", f"--group={group}"} <= set(made)
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["service"]
    service = containers(manifests)["service"]
    environment = {one["name"]: one.get("value", "") for one in service["env"]}
    for named in (environment, compose["environment"]):
        assert Settings(jobs=named["FARSIDE_JOBS"]).jobs == Path(folder)
    assert folder in {mount["mountPath"] for mount in service["volumeMounts"]}
    assert compose["volumes"] == [f"jobs:{folder}"]
