"""Shipped models, and how far OpenVINO is from torch on each."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np

from farside.errors import EngineFailedError
from farside.model import checkpoint
from farside.model.defaults import Precision
from farside.model.engine import Tensor
from tests.support.live import ROOT

SHIPPED = checkpoint.newest_versions(ROOT / "model_repository")


def name_of(path: Path) -> str:
    """Name of the model of a file."""
    return path.parts[-3]


def difference(answer: Tensor, exact: Tensor) -> float:
    """Relative L2 norm of a difference."""
    return float(np.linalg.norm(answer - exact) / np.linalg.norm(exact))


OpenVinoErrors = dict[tuple[str, Precision], float | str]
"""Relative L2 against torch, or why it was refused, by model and precision."""


def compare_openvino(_folder: Path) -> OpenVinoErrors:
    """Run each model on simulated, registered and encoded inputs by OpenVINO and by torch."""
    from export.inputs import parity_inputs
    from farside.model.engines.openvino import OpenVinoEngine
    from farside.model.engines.openvino_network import open_network
    from farside.model.engines.torch import TorchEngine

    errors: OpenVinoErrors = {}
    for path in SHIPPED:
        name, model, network = name_of(path), checkpoint.read(path), open_network(path)
        tensor = parity_inputs(model.recipe).tensor
        exact = TorchEngine({name: model}).infer(name, tensor)
        for precision in get_args(Precision):
            try:
                answer = OpenVinoEngine({name: network}, precision=precision).infer(name, tensor)
            except EngineFailedError as error:
                errors[name, precision] = str(error)
            else:
                errors[name, precision] = difference(answer, exact)
    return errors
