"""ONNX files, written by a process of their own.

torch's exporter keeps 160 MB for good, and takes some seconds to load.
"""

from __future__ import annotations

import multiprocessing
import pickle
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.once import end_with_parent

if TYPE_CHECKING:
    from export.precision import ServedNetwork
    from farside.model.recipe import Recipe


@pytest.fixture(scope="session", autouse=True)
def _onnx_is_written_elsewhere() -> Iterator[None]:
    """Let :func:`export.onnx.write` run in another process, which the first call starts."""
    if "export.onnx" not in sys.modules:  # none of the tests needs it
        yield
        return
    from export import onnx
    from farside.model import networks

    spawned = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(1, spawned, end_with_parent) as process,
        pytest.MonkeyPatch.context() as patch,
    ):

        def write_elsewhere(network: ServedNetwork, recipe: Recipe, path: Path) -> None:
            # As bytes: torch would share the memory of its tensors with the process.
            given = pickle.dumps((network, recipe, Path(path).absolute()))
            process.submit(_write, list(networks.__path__), given).result()

        patch.setattr(onnx, "write", write_elsewhere)
        yield


def _write(folders: list[str], given: bytes) -> None:
    from export import onnx
    from farside.model import networks

    networks.__path__ = folders  # a test may have added its own
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        onnx.write(*pickle.loads(given))  # noqa: S301  our own
