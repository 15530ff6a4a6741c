"""Triton engine during updates, failures and restarts of the server, under load."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import numpy as np
import pytest

from deploy.local_triton.server import TritonServer
from farside.errors import EngineFailedError, EngineUnavailableError
from farside.model.engine import Tensor
from farside.model.engines.triton import TritonEngine
from tests.support.live import eventually
from tests.support.triton_live import (
    alike,
    known_regions,
    noise,
    our_regions,
    publish,
    small_checkpoint,
    truth,
)

TINY = "tiny-torchscript"
PATIENT_S = 250.0
"""Timeout of a server restart, seconds, within the time limit of a test."""


@contextmanager
def load_of(ask: Callable[[], object], threads: int = 3) -> Iterator[None]:
    """Call `ask` repeatedly until the block ends; the block raises its errors."""
    stop = threading.Event()

    def keep_asking() -> None:
        while not stop.is_set():
            ask()

    with ThreadPoolExecutor(threads) as pool:
        asking = [pool.submit(keep_asking) for _ in range(threads)]
        try:
            yield
        finally:
            stop.set()
        for task in asking:
            task.result()


def tiny_noise() -> Tensor:
    return np.random.default_rng(0).normal(size=(1, 7, 64, 64)).astype(np.float32)


def test_new_version_takes_over_and_no_request_fails(triton_server: TritonServer) -> None:
    name = "newer-torchscript"
    old, new = truth(noise(), "1"), truth(noise(), "2")
    answers: list[Tensor] = []
    engine = TritonEngine(triton_server.url, patience_s=PATIENT_S)
    begun = TritonEngine(triton_server.url, patience_s=0.5)
    pinned = begun.models()["newer"].handle
    begun._fresh_until = np.inf  # a request between its preparation and its inference

    with (
        closing(engine),
        closing(begun),
        triton_server.client() as client,
        load_of(lambda: answers.append(engine.infer("newer", noise()))),
    ):
        eventually(lambda: answers)
        (triton_server.repository / name / "config.pbtxt").unlink()
        publish(triton_server.repository, small_checkpoint("newer", "2"), max_batch=8)
        client.load_model(name)
        assert engine.ready()  # the server says that it is not: the old version is on its way out
        eventually(lambda: alike(answers[-1], new))
        assert engine.models()["newer"].handle == "newer:2"
        with pytest.raises(EngineUnavailableError, match=f"{name} version 1"):
            begun.infer(pinned, noise())  # never answered with other weights than it asked for
        assert begun.models()["newer"].handle == "newer:2"
    assert alike(answers[0], old)
    assert all(alike(answer, old) or alike(answer, new) for answer in answers)


def test_dead_backend_fails_is_not_ready_and_is_waited_for_while_it_is_loaded_again(
    mortal_triton: TritonServer, caplog: pytest.LogCaptureFixture
) -> None:
    answers: list[Tensor] = []
    with (
        closing(TritonEngine(mortal_triton.url, patience_s=PATIENT_S)) as engine,
        mortal_triton.client() as client,
        ThreadPoolExecutor(1) as threads,
    ):

        def state() -> str:
            (model,) = client.get_model_repository_index().models
            return str(model.state)

        assert engine.ready()
        asking = load_of(lambda: answers.append(engine.infer("tiny", tiny_noise())))
        with pytest.raises(EngineFailedError, match="not healthy"), asking:
            eventually(lambda: len(answers) > 3)
            for pid in mortal_triton.stubs(TINY):
                os.kill(pid, signal.SIGKILL)
            eventually(lambda: not engine.ready())
        assert "not healthy" in caplog.text
        assert client.is_server_ready()
        assert client.is_model_ready(TINY)
        client.unload_model(TINY)
        eventually(lambda: state() != "READY")
        engine._fresh_until = 0.0  # as after a second
        with pytest.raises(EngineUnavailableError, match="serves no model"):
            engine.models()
        loading = threads.submit(client.load_model, TINY)
        eventually(lambda: state() == "LOADING")
        engine._fresh_until = 0.0
        answers.append(engine.infer("tiny", tiny_noise()))
        loading.result()
        assert engine.ready()
    for answer in answers:
        assert alike(answer, answers[0])


def test_killed_server_is_away_and_its_return_is_noticed(mortal_triton: TritonServer) -> None:
    answers: list[Tensor] = []
    hasty = TritonEngine(mortal_triton.url, patience_s=0.1)
    patient = TritonEngine(mortal_triton.url, patience_s=PATIENT_S, deadline_s=PATIENT_S)
    with closing(hasty), closing(patient):
        eventually(hasty.ready)  # patience is short for a busy machine
        with load_of(lambda: answers.append(patient.infer("tiny", tiny_noise()))):
            eventually(lambda: len(answers) > 3)
            mortal_triton.kill()
            with pytest.raises(EngineUnavailableError, match="no answer from Triton"):
                hasty.infer("tiny", tiny_noise())
            assert not hasty.ready()
            assert "tiny" in hasty.models(), "what it served is still known"
            mortal_triton.start()
            count = len(answers)
            eventually(lambda: len(answers) > count + 3)
        eventually(hasty.ready)  # its channel looks for the server once a second
        assert our_regions() & known_regions(mortal_triton), "registered again"
    assert not our_regions()
    for answer in answers:
        assert alike(answer, answers[0])
