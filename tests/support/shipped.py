"""Shipped models, and inputs for each."""

from __future__ import annotations

from pathlib import Path

import pytest

from farside.model import checkpoint
from farside.model.engine import Tensor
from tests.support.live import ROOT
from tests.support.once import once

SHIPPED = checkpoint.newest_versions(ROOT / "model_repository")


def name_of(path: Path) -> str:
    """Name of the model of a file."""
    return path.parts[-3]


def registered_inputs(_folder: Path) -> dict[str, Tensor]:
    """Simulated, registered and encoded inputs, by model."""
    from export.inputs import parity_inputs

    return {name_of(path): parity_inputs(checkpoint.read(path).recipe).tensor for path in SHIPPED}


@pytest.fixture(scope="session")
def shipped_inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tensor]:
    """Inputs in network units, (2, channel, y, x), by model."""
    return once(tmp_path_factory, "shipped-inputs", registered_inputs)
