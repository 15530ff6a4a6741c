"""Engines, one optional extra each, and the choice of the one that runs in this process."""

from __future__ import annotations

import logging
import sys
from collections.abc import Collection
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from farside.errors import EngineFailedError
from farside.model.engine import Engine

# Where this package is found, importing openvino sends usage data to its makers.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # "is not there"

_log = logging.getLogger(__name__)


def embedded(
    repository: Path,
    threads: int | None = None,
    precision: Literal["float32", "bfloat16"] = "float32",
    winograd: bool = False,
    names: Collection[str] = (),
) -> Engine:
    """Load a repository into the fastest engine at hand: OpenVINO where it is installed, or torch.

    torch also takes over, and the reason is logged, where OpenVINO fails on a model. The engine's
    name tells which it is. `winograd` is for OpenVINO alone; what it means, the engine says.
    Only the models of `names` are loaded, if any are given.

    Raises
    ------
    EngineUnavailableError
        No model in the folder.
    UnknownModelError
        One of `names` is not in it.
    CheckpointError, RecipeError
        A model file that does not load.
    """
    if find_spec("openvino") is not None:
        from farside.model.engines.openvino import OpenVinoEngine

        try:
            return OpenVinoEngine.from_repository(repository, threads, precision, winograd, names)
        except EngineFailedError as error:
            _log.warning("torch instead of OpenVINO: %s", error)
    from farside.model.engines.torch import TorchEngine

    return TorchEngine.from_repository(repository, threads, precision, names)
