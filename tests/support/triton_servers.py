"""Real Triton servers for the tests; torch and Triton's client are loaded where one starts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local_triton.server import TritonServer, triton_serving


@pytest.fixture(scope="session")
def triton_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TritonServer]:
    """Triton for all tests that do not break it, with ``demo``, ``slow`` and ``newer``."""
    from tests.support.triton_live import QUEUE, SLOW_S, publish, small_checkpoint

    folder = tmp_path_factory.mktemp("triton_repository")
    publish(folder, small_checkpoint(), max_batch=8, delay_s=0.02)
    publish(folder, small_checkpoint("slow"), max_batch=1, delay_s=SLOW_S, queue=QUEUE)
    publish(folder, small_checkpoint("newer"), max_batch=8)
    with triton_serving(folder, tmp_path_factory.mktemp("triton")) as running:
        yield running


@pytest.fixture(scope="session")
def tiny_triton(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TritonServer]:
    """Second Triton, with the model ``tiny`` of the service's tests."""
    from farside.model import checkpoint
    from tests.support.triton_live import publish

    folder = tmp_path_factory.mktemp("tiny_triton_repository")
    tiny = checkpoint.read(repository / "tiny" / "1" / checkpoint.FILE_NAME)
    publish(folder, tiny, max_batch=4)
    with triton_serving(folder, tmp_path_factory.mktemp("tiny_triton")) as running:
        yield running


@pytest.fixture
def mortal_triton(tiny_triton: TritonServer) -> Iterator[TritonServer]:
    """Triton of ``tiny`` that a test may kill; it is restored for the next test."""
    from farside.model.engines.triton import TritonEngine

    yield tiny_triton
    engine = TritonEngine(tiny_triton.url)
    whole = engine.ready()
    engine.close()
    if not whole:
        tiny_triton.kill()
        tiny_triton.start()
