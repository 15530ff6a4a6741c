"""The Triton engine against a real Triton Inference Server on the CPU."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tritonclient.grpc import InferInput
from tritonclient.utils import InferenceServerException

from farside.engine import Tensor, find_model
from farside.engines import shared_memory
from farside.engines.triton import TritonEngine
from farside.errors import (
    DeadlineError,
    EngineUnavailableError,
    InputShapeError,
    UnknownModelError,
)
from tests.triton_live import SLOW_S, noise, publish, small_checkpoint, truth
from tests.tritonserver import TritonServer

ROOT = Path(__file__).resolve().parents[2]
DEMO = "demo-torchscript"


@pytest.fixture
def engine(triton_server: TritonServer) -> Iterator[TritonEngine]:
    opened = TritonEngine(triton_server.url)
    yield opened
    opened.close()


@pytest.fixture(params=[4, 0], ids=["shared memory", "bytes"])
def either(request: pytest.FixtureRequest, triton_server: TritonServer) -> Iterator[TritonEngine]:
    opened = TritonEngine(triton_server.url, slots=request.param)
    yield opened
    opened.close()


def regions_of(pid: int) -> set[str]:
    """Names of a process's regions in /dev/shm."""
    return {path.name for path in shared_memory.FOLDER.glob(f"farside-{pid}-*")}


def our_regions() -> set[str]:
    return regions_of(os.getpid())


def known_regions(server: TritonServer) -> set[str]:
    """Names of the regions that the server knows."""
    with server.client() as client:
        return set(client.get_system_shared_memory_status().regions)


def raw_input(dtype: str = "FP32", channels: int = 2) -> list[InferInput]:
    given = InferInput("INPUT__0", [1, channels, 64, 64], dtype)
    kind = np.float32 if dtype == "FP32" else np.int32
    given.set_data_from_numpy(np.zeros((1, channels, 64, 64), kind))
    return [given]


def eventually(promise: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not promise():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_answer_is_torchs_bit_for_bit(either: TritonEngine) -> None:
    tensor = either.buffer("demo")
    tensor[...] = noise()
    np.testing.assert_array_equal(either.infer("demo", tensor), truth(noise()))


def test_array_from_elsewhere_is_answered_too(either: TritonEngine) -> None:
    turned = np.asfortranarray(noise())
    turned.flags.writeable = False
    np.testing.assert_array_equal(either.infer("demo", turned), truth(noise()))


def test_more_images_than_the_server_takes_at_once_are_answered_in_parts(
    either: TritonEngine,
) -> None:
    tensor = either.buffer("demo", 11)
    tensor[...] = noise(batch=11)
    np.testing.assert_allclose(either.infer("demo", tensor), truth(noise(batch=11)), atol=1e-6)
    np.testing.assert_array_equal(tensor, noise(batch=11))


def test_tensors_pass_through_shared_memory_on_one_host(
    engine: TritonEngine, triton_server: TritonServer
) -> None:
    engine.infer("demo", noise())
    assert our_regions() & known_regions(triton_server)


def test_slot_is_used_again_once_its_array_is_gone(engine: TritonEngine) -> None:
    first, second = engine.buffer("demo"), engine.buffer("demo")
    assert not np.shares_memory(first, second)
    del first, second
    for _ in range(10):
        engine.infer("demo", engine.buffer("demo"))
    assert 2 <= len(our_regions()) <= 4


def test_without_a_free_slot_tensors_go_as_bytes(triton_server: TritonServer) -> None:
    engine = TritonEngine(triton_server.url, slots=1)
    held, other = engine.buffer("demo"), engine.buffer("demo")
    held[...], other[...] = noise(1), noise(2)
    np.testing.assert_array_equal(engine.infer("demo", other), truth(noise(2)))
    np.testing.assert_array_equal(engine.infer("demo", held), truth(noise(1)))
    engine.close()


def test_model_is_described_by_the_server_alone(engine: TritonEngine) -> None:
    model, published = engine.models()["demo"], small_checkpoint()
    assert (model.recipe, model.identity) == (published.recipe, published.identity)
    assert (model.precision, model.handle) == ("float32", "demo:1")
    assert find_model(engine, "demo:1") == model


def test_wrong_shape_and_type_are_refused(either: TritonEngine) -> None:
    wrong: list[Tensor] = [np.zeros((1, 3, 64, 64), np.float32), np.zeros((1, 2, 64, 64), np.int32)]
    for tensor in wrong:
        with pytest.raises(InputShapeError, match=r"wanted float32 \('n', 2, 64, 64\)"):
            either.infer("demo", tensor)


@pytest.mark.parametrize("given", [raw_input(channels=3), raw_input(dtype="INT32")])
def test_the_servers_configuration_refuses_them_too(
    triton_server: TritonServer, given: list[InferInput]
) -> None:
    with (
        triton_server.client() as client,
        pytest.raises(InferenceServerException, match="INVALID_ARGUMENT"),
    ):
        client.infer(DEMO, given)


@pytest.mark.parametrize("name", ["aisfm", "demo:7", DEMO])
def test_unknown_model_or_version_is_refused_with_those_loaded(
    engine: TritonEngine, name: str
) -> None:
    for ask in (engine.buffer, lambda name: engine.infer(name, noise())):
        with pytest.raises(UnknownModelError, match=f"no model '{name}' is loaded: got demo, slow"):
            ask(name)


def test_requests_side_by_side_share_forwards(triton_server: TritonServer) -> None:
    def counts() -> tuple[int, int]:
        with triton_server.client() as client:
            (model,) = client.get_inference_statistics(DEMO).model_stats
        return model.inference_count, model.execution_count

    engine = TritonEngine(triton_server.url, slots=8)
    inferences, executions = counts()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda seed: engine.infer("demo", noise(seed)), range(32)))
    engine.close()
    assert counts()[0] - inferences == 32
    assert counts()[1] - executions < 20
    for seed, answer in enumerate(answers):
        np.testing.assert_allclose(answer, truth(noise(seed)), atol=1e-6)


def test_metrics_count_what_was_asked(engine: TritonEngine, triton_server: TritonServer) -> None:
    def requests() -> int:
        found = re.search(rf'nv_inference_request_success{{model="{DEMO}".*}} (\d+)', text())
        return int(found[1]) if found else 0

    text = triton_server.metrics
    before = requests()
    engine.infer("demo", noise())
    eventually(lambda: requests() == before + 1)


def test_late_answer_is_a_deadline_and_meets_no_later_request(triton_server: TritonServer) -> None:
    hasty = TritonEngine(triton_server.url, slots=1, deadline_s=0.3)
    tensor = hasty.buffer("slow")
    tensor[...] = noise(1)
    with pytest.raises(DeadlineError, match="slow"):
        hasty.infer("slow", tensor)
    del tensor
    other = hasty.buffer("demo")  # the only slot is still in the server's hands
    other[...] = noise(2)
    time.sleep(2 * SLOW_S)
    np.testing.assert_array_equal(other, noise(2))
    np.testing.assert_array_equal(hasty.infer("demo", other), truth(noise(2)))
    del other
    hasty.buffer("demo")
    assert len(our_regions()) == 1
    hasty.close()


def test_full_queue_is_said_at_once(engine: TritonEngine) -> None:
    begun = time.monotonic()

    def ask(seed: int) -> str:
        try:
            engine.infer("slow", noise(seed))
        except EngineUnavailableError as error:
            assert time.monotonic() - begun < SLOW_S
            return str(error)
        return "answered"

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(ask, range(8)))
    assert "answered" in outcomes
    assert any("Exceeds maximum queue size" in outcome for outcome in outcomes)


def test_client_that_cancels_disturbs_nobody(
    engine: TritonEngine, triton_server: TritonServer
) -> None:
    outcomes: list[str] = []

    def note(result: object, error: Exception | None) -> None:
        outcomes.append(f"{result} {error}")

    with triton_server.client() as client, ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(engine.infer, "slow", noise())
        time.sleep(SLOW_S / 3)
        client.async_infer("slow-torchscript", raw_input(), note).cancel()
        np.testing.assert_array_equal(waiting.result(), truth(noise()))
        eventually(lambda: bool(outcomes))
    assert "cancelled" in outcomes[0].lower()
    np.testing.assert_array_equal(engine.infer("slow", noise(3)), truth(noise(3)))


def test_closed_engine_leaves_no_shared_memory(triton_server: TritonServer) -> None:
    engine = TritonEngine(triton_server.url)
    tensor = engine.buffer("demo")
    engine.infer("demo", tensor)
    ours = our_regions()
    engine.close()
    assert ours
    assert not our_regions()
    assert not ours & known_regions(triton_server)
    assert not engine.ready()
    tensor[...] = 1  # the array itself outlives its region's name
    with pytest.raises(EngineUnavailableError, match="closed"):
        engine.infer("demo", tensor)


def client_process(server: TritonServer, last_word: str) -> subprocess.Popen[str]:
    program = f"""
import sys
from farside.engines.triton import TritonEngine
engine = TritonEngine({server.url!r})
engine.infer("demo", engine.buffer("demo"))
print("asked", flush=True)
{last_word}
"""
    return subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def test_process_that_ends_without_closing_leaves_no_shared_memory(
    triton_server: TritonServer,
) -> None:
    with client_process(triton_server, "") as process:
        assert process.wait(30) == 0
    assert not regions_of(process.pid)
    assert not any(f"-{process.pid}-" in name for name in known_regions(triton_server))


def test_next_start_removes_what_a_killed_process_left(triton_server: TritonServer) -> None:
    with client_process(triton_server, "sys.stdin.read(); import time; time.sleep(60)") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "asked\n"
        process.kill()
    left = regions_of(process.pid)
    assert left & known_regions(triton_server)
    engine = TritonEngine(triton_server.url)
    engine.infer("demo", noise())
    assert our_regions(), "those of the living stay"
    assert not regions_of(process.pid)
    assert not left & known_regions(triton_server)
    engine.close()


def test_full_shared_memory_means_bytes(
    triton_server: TritonServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    engine = TritonEngine(triton_server.url)
    np.testing.assert_array_equal(engine.infer("demo", noise()), truth(noise()))
    assert "No space left" in caplog.text
    assert not our_regions()
    engine.close()


def test_server_that_cannot_open_our_memory_gets_bytes(
    triton_server: TritonServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(shared_memory, "FOLDER", tmp_path)  # as if on another host
    engine = TritonEngine(triton_server.url)
    np.testing.assert_array_equal(engine.infer("demo", noise()), truth(noise()))
    assert "as bytes" in caplog.text
    assert isinstance(engine.buffer("demo"), np.ndarray)
    engine.close()
    assert not list(tmp_path.iterdir())


def test_nothing_at_the_address_is_said_soon(caplog: pytest.LogCaptureFixture) -> None:
    engine = TritonEngine("127.0.0.1:9", patience_s=0.2)
    begun = time.monotonic()
    assert not engine.ready()
    assert "no answer from Triton at 127.0.0.1:9" in caplog.text
    for ask in (engine.models, lambda: engine.infer("demo", noise())):
        with pytest.raises(EngineUnavailableError, match="no answer from Triton"):
            ask()
    assert time.monotonic() - begun < 5
    engine.close()


def test_new_version_takes_over_and_no_request_fails(
    engine: TritonEngine, triton_server: TritonServer
) -> None:
    old, new = truth(noise(), "1"), truth(noise(), "2")
    stop, answers = threading.Event(), []
    begun = TritonEngine(triton_server.url, patience_s=0.5)
    pinned = begun.models()["demo"].handle
    begun._fresh_until = np.inf  # a request between its preparation and its inference

    def ask() -> None:
        while not stop.is_set():
            answers.append(engine.infer("demo", noise()))

    (triton_server.repository / DEMO / "config.pbtxt").unlink()
    with ThreadPoolExecutor(4) as threads, triton_server.client() as client:
        asking = [threads.submit(ask) for _ in range(4)]
        try:
            publish(triton_server.repository, small_checkpoint(version="2"), max_batch=8)
            client.load_model(DEMO)
            eventually(lambda: np.allclose(answers[-1], new, atol=1e-6))
        finally:
            stop.set()
        for task in asking:
            task.result()
    assert np.allclose(answers[0], old, atol=1e-6)
    assert all(np.allclose(a, old, atol=1e-6) or np.allclose(a, new, atol=1e-6) for a in answers)
    assert engine.models()["demo"].handle == "demo:2"
    with pytest.raises(EngineUnavailableError, match=f"{DEMO} version 1"):
        begun.infer(pinned, noise())  # never answered with other weights than it asked for
    assert begun.models()["demo"].handle == "demo:2"
    begun.close()


def test_dead_backend_is_not_ready_and_is_so_again_once_reloaded(
    engine: TritonEngine, triton_server: TritonServer, caplog: pytest.LogCaptureFixture
) -> None:
    assert engine.ready()
    for pid in triton_server.stubs(DEMO):
        os.kill(pid, signal.SIGKILL)
    engine._alive_until.clear()  # as after ten quiet seconds
    assert not engine.ready()
    assert "not healthy" in caplog.text
    with triton_server.client() as client:
        assert client.is_server_ready()
        assert client.is_model_ready(DEMO)
        client.unload_model(DEMO)
        client.load_model(DEMO)
    assert engine.ready()


def test_killed_server_is_away_and_its_return_is_noticed(
    engine: TritonEngine, triton_server: TritonServer
) -> None:
    version = engine.models()["demo"].recipe.version
    expected = truth(noise(), version)
    patient = TritonEngine(triton_server.url, patience_s=60)
    hasty = TritonEngine(triton_server.url, patience_s=0.1)
    stop, answers = threading.Event(), []

    def ask() -> None:
        while not stop.is_set():
            answers.append(patient.infer("demo", noise()))

    assert hasty.ready()
    with ThreadPoolExecutor(3) as threads:
        asking = [threads.submit(ask) for _ in range(3)]
        try:
            eventually(lambda: len(answers) > 5)
            triton_server.kill()
            with pytest.raises(EngineUnavailableError, match="no answer from Triton"):
                hasty.infer("demo", noise())
            assert not hasty.ready()
            assert "demo" in hasty.models(), "what it served is still known"
            triton_server.start()
            count = len(answers)
            eventually(lambda: len(answers) > count + 5)
        finally:
            stop.set()
        for task in asking:
            task.result()
    for answer in answers:
        np.testing.assert_allclose(answer, expected, atol=1e-6)
    assert hasty.ready()
    assert our_regions() & known_regions(triton_server), "registered again"
    patient.close()
    hasty.close()
    assert not our_regions()
