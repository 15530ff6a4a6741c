"""The numbers of one worker, and those that several share."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.time import Time
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from deploy.local_triton.processes import PATIENCE_S
from farside.evaluation.monitoring import ProductStatistics
from farside.magnetogram.magnetogram import Input, Magnetogram, ModelProvenance
from farside.model.engine import Model
from farside.observation.image import Origin
from farside.quality import Quality
from farside.sun.observer import Observer
from farside.synchronic.map import NO_INSTRUMENT, FluxBalance, MapSource
from service.gpu import Gpu
from service.metrics import SHARED, Metrics, Snapshot
from service.request_log import RequestLog
from tests.support.live import ROOT
from tests.support.synchronic_maps import NOW, sources, synchronic_map
from tests.support.tiny_recipe import recipe

NOTHING = Snapshot(True, ("fake", "float32"), {}, None)
STATISTICS = ProductStatistics(2e22, -1e21, 0.5, 3.0)


def product(time: str = "2026-02-14T00:00:00", quality: Quality = Quality.GOOD) -> Magnetogram:
    view = Observer(120.0, 0.0, 1.5e11)
    when = Time(time, format="isot", scale="utc")
    return Magnetogram(
        np.zeros((64, 64), np.float32),
        recipe().disk,
        when,
        view,
        "STEREO_A",
        quality,
        ModelProvenance("tiny", "1", "ab" * 32, "NONE", "fake", "float32"),
        (Input("observation", Origin("EUVI-A", "304", when, view, "", "0" * 64)),),
    )


def values(metrics: Metrics, state: Snapshot = NOTHING) -> dict[str, float]:
    """Every sample by its name and the values of its labels, in the order of their names."""
    return {
        " ".join(
            (sample.name, *(value for _, value in sorted(sample.labels.items())))
        ): sample.value
        for family in text_string_to_metric_families(metrics.text(state).decode())
        for sample in family.samples
    }


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> Metrics:
    monkeypatch.delenv(SHARED, raising=False)
    return Metrics(CollectorRegistry())


def test_a_product_leaves_its_vitals_and_flags(metrics: Metrics) -> None:
    metrics.products.add(product(quality=Quality.BEACON), STATISTICS)
    found = values(metrics)
    assert found["farside_products_total tiny STEREO_A"] == 1
    assert found["farside_product_unsigned_flux_maxwell tiny STEREO_A"] == 2e22
    assert found["farside_product_net_flux_maxwell tiny STEREO_A"] == -1e21
    assert found["farside_product_reference_correlation tiny STEREO_A"] == 0.5
    assert found["farside_product_reference_lag_hours tiny STEREO_A"] == 3
    assert found["farside_product_flags_total BEACON tiny"] == 1
    flags = {k.split()[1]: v for k, v in found.items() if k.startswith("farside_product_flag ")}
    assert flags == {bit.name: bit is Quality.BEACON for bit in Quality}


def test_the_newest_wins_whatever_the_order(metrics: Metrics) -> None:
    for day in ("12", "14", "13"):
        metrics.products.add(product(f"2026-02-{day}T00:00:00"), STATISTICS)
    newest = Time("2026-02-14T00:00:00").unix
    assert values(metrics)["farside_product_time_seconds tiny STEREO_A"] == newest
    assert values(metrics)["farside_input_time_seconds EUVI-A observation"] == newest


def test_an_image_of_the_future_makes_nothing_newer(metrics: Metrics) -> None:
    metrics.products.add(product("2026-02-14T00:00:00"), STATISTICS)
    metrics.products.add(product(Time(time.time() + 86400, format="unix").isot), STATISTICS)
    newest = Time("2026-02-14T00:00:00").unix
    assert values(metrics)["farside_input_time_seconds EUVI-A observation"] == newest


def test_without_a_reference_there_is_no_correlation_and_no_lag(metrics: Metrics) -> None:
    alone = replace(STATISTICS, reference_correlation=None, reference_lag_hours=None)
    metrics.products.add(product(), alone)
    assert not [name for name in values(metrics) if "reference" in name]


def test_a_map_says_what_it_is_made_of(metrics: Metrics) -> None:
    metrics.maps.add(synchronic_map(balance=FluxBalance(-0.4, 0.0)), "gong", {"demo"})
    found = values(metrics)
    assert found["farside_maps_total gong"] == 1
    assert found["farside_map_time_seconds gong"] == pytest.approx(NOW.unix)
    shares = [found[f"farside_map_share_ratio {kind}"] for kind in ("base", "observed")]
    assert shares == pytest.approx([1 / 3, 1 / 3])
    assert found["farside_map_base_age_seconds NSO-GONG"] == pytest.approx(86400)
    assert found["farside_map_overlap_correlation demo STEREO_A"] == 0.62
    assert -1 < found["farside_map_flux_imbalance_ratio gong"] < 0
    assert found["farside_map_flag BEACON"] == 1
    assert found["farside_map_flag BASE_STALE"] == 0
    assert found["farside_map_flags_total BEACON"] == 1


def test_what_a_product_says_of_itself_makes_no_label(metrics: Metrics) -> None:
    long = 200_000 * "x"
    forged = [
        replace(one, instrument=long) if one.generator is not None else one for one in sources()
    ]
    metrics.maps.add(synchronic_map(sources=tuple(forged)), "gong", {"tiny"})
    found = values(metrics)
    assert found["farside_map_overlap_correlation other other"] == 0.62
    assert not [name for name in found if long in name]


def test_a_map_without_a_base_has_no_age_of_one_and_before_the_first_map_nothing_is_said(
    metrics: Metrics,
) -> None:
    assert not [name for name in values(metrics) if name.startswith("farside_map")]
    bare = MapSource("base", NO_INSTRUMENT, "", "", NOW, weight=0.0)
    metrics.maps.add(synchronic_map(sources=(bare, *sources()[1:])), "native", {"tiny"})
    assert not [name for name in values(metrics) if "base_age" in name]


@pytest.mark.parametrize(
    ("method", "status", "counted"),
    [("POST", 422, 1), ("POST", 413, 1), ("POST", 429, 0), ("POST", 500, 0), ("GET", 400, 0)],
)
def test_only_what_an_upload_holds_makes_it_a_refused_upload(
    metrics: Metrics, method: str, status: int, counted: int
) -> None:
    metrics.answered(RequestLog("id", method, "/generate", outcome="SomeError", status=status))
    found = values(metrics).get("farside_refused_uploads_total /generate SomeError", 0)
    assert found == counted


def test_a_stage_that_fails_is_timed_for_each_request_that_shared_it(metrics: Metrics) -> None:
    one, other = RequestLog(), RequestLog()
    with pytest.raises(ValueError, match="broken"), metrics.timed("infer", (one, other)):
        raise ValueError("broken")
    assert one.stages == other.stages != {}
    assert values(metrics)["farside_stage_seconds_count infer"] == 1


def test_what_is_loaded_and_ready_is_said_at_the_scrape(metrics: Metrics) -> None:
    model = Model(recipe(), "ab" * 32)
    found = values(metrics, Snapshot(False, ("fake", "float32"), {"tiny": model}, None))
    assert found["farside_ready"] == 0
    assert found[f"farside_model_info fake {'ab' * 32} tiny float32 NONE 1"] == 1


def test_no_gpu_means_no_numbers_of_one(metrics: Metrics) -> None:
    assert [name for name in values(metrics) if "gpu" in name] == ["farside_gpu_available"]
    assert values(metrics)["farside_gpu_available"] == 0


def test_a_gpu_that_does_not_say_something_has_no_such_number(metrics: Metrics) -> None:
    gpu = Gpu(0, "H100", 0.5, 1e9, 8e10, None, 60.0, True)
    found = values(metrics, Snapshot(True, ("fake", "float32"), {}, (gpu,)))
    assert found["farside_gpu_available"] == 1
    assert found["farside_gpu_utilisation_ratio 0 H100"] == 0.5
    assert found["farside_gpu_throttled 0 H100"] == 1
    assert not [name for name in found if "power" in name]


WORKER = """
import sys
from prometheus_client import CollectorRegistry
from service.metrics import Metrics
from dataclasses import replace
from tests.service.test_metrics import STATISTICS, product
metrics = Metrics()
metrics.products.add(product(sys.argv[1]), replace(STATISTICS, unsigned_flux_mx=float(sys.argv[2])))
"""


KILLED = """
import os
from service.metrics import Metrics
metrics = Metrics()
metrics.places.set(9)
metrics.products.made.labels("tiny", "SDO").inc()
print(os.getpid(), flush=True)
input()
"""


def test_the_gauges_of_a_killed_worker_are_taken_back_and_its_counts_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SHARED, str(tmp_path))
    worker = subprocess.Popen(  # noqa: S603  our own code
        [sys.executable, "-c", KILLED],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with worker:
        assert worker.stdout is not None
        worker.stdout.readline()
        assert values(Metrics(CollectorRegistry()))["farside_places"] == 9
        worker.kill()
        os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)  # it is a zombie now
        found = values(Metrics(CollectorRegistry()))
        assert "farside_places" not in found
        assert found["farside_products_total tiny SDO"] == 1


def test_over_workers_counts_add_the_newest_image_wins_and_the_last_product_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SHARED, str(tmp_path))
    for day, flux in (("2026-02-14", "1e22"), ("2026-02-12", "3e22")):
        subprocess.run(  # noqa: S603  our own code
            [sys.executable, "-c", WORKER, f"{day}T00:00:00", flux],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            check=True,
            timeout=PATIENCE_S,
        )
    found = values(Metrics(CollectorRegistry()))
    assert found["farside_products_total tiny STEREO_A"] == 2
    newest = Time("2026-02-14T00:00:00").unix
    assert found["farside_product_time_seconds tiny STEREO_A"] == newest
    assert found["farside_product_unsigned_flux_maxwell tiny STEREO_A"] == 3e22
