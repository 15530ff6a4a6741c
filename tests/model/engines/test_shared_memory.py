"""Shared memory between the Triton engine and a real server: reuse and cleanup."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from deploy.local_triton.processes import PATIENCE_S, following
from deploy.local_triton.server import TritonServer
from farside.errors import DeadlineError, EngineFailedError, EngineUnavailableError
from farside.model.engines import shared_memory
from farside.model.engines.triton import _WAITS_S, TritonEngine, _unregister
from tests.support.live import eventually
from tests.support.triton_live import SLOW_S, known_regions, noise, our_regions, truth

ROOT = Path(__file__).resolve().parents[3]


def test_tensors_pass_through_it_on_one_host(triton_server: TritonServer) -> None:
    with closing(TritonEngine(triton_server.url)) as engine:
        engine.infer("demo", noise())
        assert our_regions() & known_regions(triton_server)


def test_slot_is_used_again_once_its_array_is_gone(triton_server: TritonServer) -> None:
    with closing(TritonEngine(triton_server.url)) as engine:
        first, second = engine.buffer("demo"), engine.buffer("demo")
        assert not np.shares_memory(first, second)
        del first, second
        for _ in range(10):
            engine.infer("demo", engine.buffer("demo"))
        assert 2 <= len(our_regions()) <= 4


def test_without_a_free_slot_tensors_go_as_bytes(triton_server: TritonServer) -> None:
    with closing(TritonEngine(triton_server.url, slots=1)) as engine:
        held, other = engine.buffer("demo"), engine.buffer("demo")
        held[...], other[...] = noise(1), noise(2)
        np.testing.assert_array_equal(engine.infer("demo", other), truth(noise(2)))
        np.testing.assert_array_equal(engine.infer("demo", held), truth(noise(1)))
        assert len(our_regions()) == 1


def test_late_answer_does_not_overwrite_a_later_request(triton_server: TritonServer) -> None:
    with closing(TritonEngine(triton_server.url, slots=1, deadline_s=SLOW_S / 2)) as hasty:

        def has_a_slot() -> bool:
            return hasty._pool.region_of(hasty.buffer("slow")) is not None

        tensor = hasty.buffer("slow")
        tensor[...] = noise(1)
        with pytest.raises(DeadlineError, match="slow-torchscript version 1"):
            hasty.infer("slow", tensor)
        del tensor
        other = hasty.buffer("demo")  # the only slot is still in the server's hands
        other[...] = noise(2)
        eventually(has_a_slot)
        np.testing.assert_array_equal(other, noise(2))
        assert len(our_regions()) == 1


def test_closed_engine_leaves_none(triton_server: TritonServer) -> None:
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


@pytest.mark.parametrize(
    ("refusals", "asked"),
    [
        ([EngineFailedError("in use")] * 2, 3),
        ([EngineFailedError("in use")] * 9, len(_WAITS_S)),
        ([EngineUnavailableError("away")] * 9, 1),
    ],
)
def test_a_region_in_use_is_unregistered_a_moment_later(
    refusals: list[Exception], asked: int
) -> None:
    wire = Mock()
    wire.unregister.side_effect = [*refusals, None]
    _unregister(wire, "farside-1-a")
    assert wire.unregister.call_count == asked


def client_process(server: TritonServer, last_word: str) -> subprocess.Popen[str]:
    program = f"""
import sys
from farside.model.engines.triton import _WAITS_S, TritonEngine, _unregister
engine = TritonEngine({server.url!r})
engine.infer("demo", engine.buffer("demo"))
print("asked", flush=True)
{last_word}
"""
    return subprocess.Popen(  # noqa: S603  our own program
        following([sys.executable, "-c", program]),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_process_that_ends_without_closing_leaves_none(triton_server: TritonServer) -> None:
    # The server answers a moment before it lets go of the region.
    with client_process(triton_server, "import time; time.sleep(0.5)") as process:
        assert process.wait(PATIENCE_S) == 0
    assert not our_regions(process.pid)
    eventually(lambda: not any(f"-{process.pid}-" in name for name in known_regions(triton_server)))


def test_next_start_removes_what_a_killed_process_left(triton_server: TritonServer) -> None:
    with client_process(triton_server, "sys.stdin.read()") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "asked\n"
        process.kill()
    left = our_regions(process.pid)
    assert left & known_regions(triton_server)
    with closing(TritonEngine(triton_server.url)) as engine:
        engine.infer("demo", noise())
        assert our_regions(), "those of the living stay"
        assert not our_regions(process.pid)
        assert not left & known_regions(triton_server)


def test_full_shared_memory_means_bytes(
    triton_server: TritonServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with closing(TritonEngine(triton_server.url)) as engine:
        np.testing.assert_array_equal(engine.infer("demo", noise()), truth(noise()))
    assert "No space left" in caplog.text
    assert not our_regions()


def test_server_that_cannot_open_it_gets_bytes(
    triton_server: TritonServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(shared_memory, "FOLDER", tmp_path)  # as if on another host
    with closing(TritonEngine(triton_server.url)) as engine:
        np.testing.assert_array_equal(engine.infer("demo", noise()), truth(noise()))
        assert "as bytes" in caplog.text
        assert isinstance(engine.buffer("demo"), np.ndarray)
    assert not list(tmp_path.iterdir())
