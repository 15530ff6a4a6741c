"""All engines give the same product."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from deploy.local_triton.server import TritonServer
from farside.model import checkpoint
from farside.model.engine import Engine
from farside.model.engines.openvino import OpenVinoEngine
from farside.model.engines.torch import TorchEngine
from farside.model.engines.triton import TritonEngine
from farside.pipeline import generate
from farside.simulation.instruments.files import SimulatedSet
from tests.support.triton_live import publish

# Relative L2 against torch in float32: the gates of the export.
TORCHSCRIPT, ONNX = 1e-5, 5e-4


@pytest.fixture(scope="module", autouse=True)
def _onnx_too(tiny_triton: TritonServer, repository: Path) -> Iterator[None]:
    """Load ``tiny`` in its other format, for these tests only."""
    tiny = checkpoint.read(repository / "tiny" / "1" / checkpoint.FILE_NAME)
    publish(tiny_triton.repository, tiny, max_batch=4, kind="onnx")
    with tiny_triton.client() as client:
        client.load_model("tiny-onnx")
        yield
        client.unload_model("tiny-onnx")
    shutil.rmtree(tiny_triton.repository / "tiny-onnx")


@pytest.mark.parametrize(
    ("open_engine", "gate"),
    [
        (lambda folder, _: OpenVinoEngine.from_repository(folder, 1), ONNX),
        (lambda _, url: TritonEngine(url, formats=("torchscript",)), TORCHSCRIPT),
        (lambda _, url: TritonEngine(url, formats=("onnx",)), ONNX),
    ],
    ids=["OpenVINO", "Triton with TorchScript", "Triton with ONNX"],
)
def test_product_is_that_of_torch(
    open_engine: Callable[[Path, str], Engine],
    gate: float,
    repository: Path,
    tiny_triton: TritonServer,
    simulated: SimulatedSet,
) -> None:
    files = (simulated.observations, simulated.references, "tiny")
    expected = generate(*files, TorchEngine.from_repository(repository, 1))
    engine = open_engine(repository, tiny_triton.url)
    made = generate(*files, engine)
    engine.close()
    disk = np.isfinite(expected.image)
    np.testing.assert_array_equal(np.isfinite(made.image), disk)
    difference = np.linalg.norm(made.image[disk] - expected.image[disk])
    assert difference <= gate * np.linalg.norm(expected.image[disk])
    assert made.generator.identity == expected.generator.identity
