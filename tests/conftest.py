"""What several test files share."""

import ctypes
import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from farside.model.engines import allocator
from tests.support.histories import share_histories
from tests.support.once import HISTORIES, shared_folder

pytest_plugins = [
    "pytester",
    "tests.support.live",
    "tests.support.object_stores",
    "tests.support.onnx_writer",
    "tests.support.simulated_sets",
    "tests.support.skips",
    "tests.support.spent",
    "tests.support.triton_servers",
]

# How long an example takes depends on what else the machine does.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Leave what has been imported out of every later collection of garbage: a million objects."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real observation files beside the checkout; tests that need them pass over without."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no folder of real files at {folder}")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _freed_memory_is_not_kept() -> Iterator[None]:
    """Spare the worker what the torch engine sets for the whole process, to be fast in a server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(allocator, "keep_freed_memory", lambda: False)
        yield


@pytest.fixture(scope="session", autouse=True)
def _histories_are_shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Transport each simulated Sun once in a run."""
    with pytest.MonkeyPatch.context() as patch:
        share_histories(patch, shared_folder(tmp_path_factory) / HISTORIES)
        yield


@pytest.fixture(scope="session", autouse=True)
def _environment_is_of_this_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the cache of the user out of the tests, and theirs out of it; tell BentoML nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FARSIDE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("BENTOML_DO_NOT_TRACK", "true")
        yield


@pytest.fixture(scope="module", autouse=True)
def _memory_is_given_back(request: pytest.FixtureRequest) -> Iterator[None]:
    """Forget what the tests of a file have cached, simulated suns first of all, and free it.

    glibc keeps freed memory for itself otherwise.
    """
    yield
    # Not of the engines: OpenVINO's Core must live as long as the process.
    cached = ("farside.simulation.", "farside.corona.", "farside.sun.", "farside.api", "tests.")
    for name, module in list(sys.modules.items()):
        if name.startswith((*cached, request.module.__name__)):
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear"):
                    value.cache_clear()
    gc.collect()
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)
