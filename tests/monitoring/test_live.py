"""A real Prometheus scrapes the real service after real traffic; every query has an answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import httpx
import pytest

from deploy.local_triton.processes import PATIENCE_S
from deploy.local_triton.server import TritonServer
from farside.simulation.instruments.files import SimulatedSet
from tests.monitoring.prometheus import Prometheus, program, watching
from tests.monitoring.queries import (
    needs_gpu,
    needs_triton,
    needs_watch,
    panel_queries,
    rule_queries,
)
from tests.support.live import Server, eventually, serving
from tests.support.map_files import MapFiles


def traffic(url: str, files: SimulatedSet, disks: MapFiles) -> None:
    """A product, an upload that is refused, and a map."""
    parts = [("observation", (p.name, p.read_bytes())) for p in files.observations]
    parts += [("reference", (p.name, p.read_bytes())) for p in files.references]
    assert httpx.post(f"{url}/generate", files=parts, timeout=PATIENCE_S).is_success
    refused = httpx.post(f"{url}/generate", files=parts[:1], timeout=PATIENCE_S)
    assert refused.json()["type"] == "IncompleteSetError"
    mapped = {"observed": disks.observed, "generated": disks.overlapping, "base": disks.base}
    parts = [(role, (path.name, path.read_bytes())) for role, path in mapped.items()]
    assert httpx.post(f"{url}/synchronic", files=parts, timeout=PATIENCE_S).is_success


def watched(
    folder: Path,
    files: SimulatedSet,
    disks: MapFiles,
    url: str,
    triton: TritonServer | None = None,
) -> Iterator[Prometheus]:
    program("prometheus")
    targets = {"farside": url.removeprefix("http://")}
    if triton is not None:
        targets["triton"] = f"127.0.0.1:{triton.metrics_port}"
    traffic(url, files, disks)  # a counter that has not begun has no rate
    with watching(folder, targets) as server:
        eventually(lambda: server.query("farside_products_total"))
        traffic(url, files, disks)
        counted = "sum(increase(farside_products_total[5m])) > 0"
        eventually(lambda: server.query(counted))
        eventually(lambda: server.query("farside:generate_in_time:ratio30m >= 0"))
        yield server


@pytest.fixture(scope="module")
def prometheus(
    server: Server,
    simulated: SimulatedSet,
    map_files: MapFiles,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Prometheus]:
    yield from watched(tmp_path_factory.mktemp("prometheus"), simulated, map_files, server.url)


def unanswered(
    server: Prometheus, queries: Iterable[tuple[str, str]], passed_over: Callable[[str], bool]
) -> list[str]:
    """Name those without data, after a while in which they may get some."""

    def silent() -> list[str]:
        asked = [(name, query) for name, query in queries if not passed_over(query)]
        return [name for name, query in asked if not server.query(query)]

    queries = list(queries)
    try:
        eventually(lambda: not silent(), seconds=20)
    except AssertionError:
        return silent()
    return []


def test_every_query_of_every_panel_has_data(prometheus: Prometheus) -> None:
    absent = unanswered(prometheus, panel_queries(), lambda q: needs_gpu(q) or needs_triton(q))
    assert absent == []


def no_service_alone(query: str) -> bool:
    """Whether it has no data from a service alone.

    Those of ``farside watch`` come from the text file of a program that does not run here:
    `alerts_test.yml` feeds their rules, and ``tests/cli/test_watch.py`` looks into the file.
    """
    return needs_gpu(query) or needs_triton(query) or needs_watch(query)


def test_every_rule_has_data(prometheus: Prometheus) -> None:
    absent = unanswered(prometheus, rule_queries(), no_service_alone)
    assert absent == []


def test_without_a_gpu_none_is_claimed(prometheus: Prometheus) -> None:
    (available,) = prometheus.query("farside_gpu_available")
    found = prometheus.query('{__name__=~"farside_gpu_.+", __name__!="farside_gpu_available"}')
    assert bool(found) == (float(available["value"][1]) > 0)


def test_the_numbers_are_those_of_the_traffic(prometheus: Prometheus) -> None:
    def value(query: str) -> float:
        (sample,) = prometheus.query(query)
        return float(sample["value"][1])

    assert value("farside_ready") == 1
    assert value("sum(farside_refused_uploads_total{type='IncompleteSetError'})") >= 2
    assert 0 < value("farside_product_unsigned_flux_maxwell") < 1e25
    assert abs(value("farside_product_reference_lag_hours")) < 48
    # The simulated scene is of February 2026.
    observed = value("farside_input_time_seconds{role='observation', instrument='EUVI-A'}")
    assert observed == pytest.approx(1771027200, abs=3600)
    assert math.isfinite(value("farside_product_reference_correlation"))
    assert value("sum(farside_map_share_ratio)") == pytest.approx(1)
    assert value("farside_map_base_age_seconds") == pytest.approx(86400, abs=1)
    assert -1 <= value("farside_map_overlap_correlation") <= 1


@pytest.mark.soak
def test_with_triton_its_queries_have_data_too(
    tiny_triton: TritonServer,
    simulated: SimulatedSet,
    map_files: MapFiles,
    tmp_path: Path,
) -> None:
    with serving(
        tmp_path / "service", triton_url=tiny_triton.url, model_repository=tmp_path
    ) as service:
        for server in watched(
            tmp_path / "prometheus", simulated, map_files, service.url, tiny_triton
        ):
            for queries in (panel_queries(), rule_queries()):
                absent = unanswered(server, queries, lambda q: needs_gpu(q) or needs_watch(q))
                assert absent == []
