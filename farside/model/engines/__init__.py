"""Inference engines, each an optional dependency, and the choice of the in-process one."""

from __future__ import annotations

import logging
import sys
from collections.abc import Collection
from importlib.util import find_spec
from pathlib import Path

from farside.errors import EngineFailedError, EngineUnavailableError
from farside.model.defaults import Precision
from farside.model.engine import Engine

# Importing openvino sends usage data to its makers if this package is installed.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # "is not there"

_log = logging.getLogger(__name__)


def embedded(
    repository: Path,
    threads: int | None = None,
    precision: Precision = "float32",
    winograd: bool = False,
    names: Collection[str] = (),
) -> Engine:
    """Load a model repository into the fastest installed engine: OpenVINO, else torch.

    Where OpenVINO fails on a model, torch is used and the reason logged; `Engine.name` tells which
    one runs.

    Parameters
    ----------
    repository
        Folder of models, ``<model>/<version>/model.safetensors``.
    threads
        Threads of one forward pass; by default the engine's choice.
    precision
        Arithmetic of the networks.
    winograd
        Use Winograd convolutions, OpenVINO only.
    names
        Models to load; by default all.

    Raises
    ------
    EngineUnavailableError
        No model in the folder, or neither of the engines' packages is installed.
    UnknownModelError
        One of `names` is not in it.
    CheckpointError, RecipeError
        A model file does not load.
    """
    if find_spec("openvino") is not None:
        from farside.model.engines.openvino import OpenVinoEngine

        try:
            return OpenVinoEngine.from_repository(repository, threads, precision, winograd, names)
        except EngineFailedError as error:
            if find_spec("torch") is None:
                raise
            _log.warning("torch instead of OpenVINO: %s", error)
    elif find_spec("torch") is None:
        raise EngineUnavailableError(
            "got neither of the packages openvino and torch, expected one: pip install openvino "
            "runs the shipped models in this process; farside.Client and --server use a service"
        )
    from farside.model.engines.torch import TorchEngine

    return TorchEngine.from_repository(repository, threads, precision, names)
