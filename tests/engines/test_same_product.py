"""Whichever engine runs a model, the product is the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from farside.engine import Engine
from farside.engines.openvino import OpenVinoEngine
from farside.engines.torch import TorchEngine
from farside.engines.triton import TritonEngine
from farside.pipeline import generate
from farside.simulation.files import SimulatedSet
from tests.tritonserver import TritonServer

# Relative L2 against torch in float32: the gates of the export.
TORCHSCRIPT, ONNX = 1e-5, 5e-4


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
    triton_server: TritonServer,
    simulated: SimulatedSet,
) -> None:
    files = (simulated.observations, simulated.references, "tiny")
    expected = generate(*files, TorchEngine.from_repository(repository, 1))
    engine = open_engine(repository, triton_server.url)
    made = generate(*files, engine)
    engine.close()
    disk = np.isfinite(expected.image)
    np.testing.assert_array_equal(np.isfinite(made.image), disk)
    difference = np.linalg.norm(made.image[disk] - expected.image[disk])
    assert difference <= gate * np.linalg.norm(expected.image[disk])
    assert made.generator.identity == expected.generator.identity
