"""The Engine protocol: where a tensor becomes another tensor. Numpy only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from farside.errors import UnknownModelError
from farside.recipe import Recipe

Tensor = NDArray[np.float32]
"""Network units, (n, channel, y, x)."""


@dataclass(frozen=True)
class Model:
    """A model that an engine has loaded.

    Attributes
    ----------
    recipe
        What the network expects and gives.
    identity
        sha256 of the tensors in sorted key order, hexadecimal.
    """

    recipe: Recipe
    identity: str


class Engine(Protocol):
    """Five verbs, safe to call from several threads.

    `name` and `precision` (``"float32"`` or ``"bfloat16"``) go into the product.
    """

    name: str
    precision: str

    def models(self) -> Mapping[str, Model]:
        """Name the loaded models."""
        ...

    def ready(self) -> bool:
        """Say whether every model has answered a small input."""
        ...

    def buffer(self, model: str, batch: int = 1) -> Tensor:
        """Give an array (batch, channel, y, x) to encode into; `infer` reads it without a copy."""
        ...

    def infer(self, model: str, tensor: Tensor) -> Tensor:
        """Run the network: (n, channel, y, x) → (n, output, y, x), in network units.

        Raises
        ------
        UnknownModelError, InputShapeError, EngineFailedError, EngineUnavailableError, DeadlineError
        """
        ...

    def close(self) -> None:
        """Release what the engine holds."""
        ...


def find_model(engine: Engine, name: str) -> Model:
    """Look up a loaded model.

    Raises
    ------
    UnknownModelError
        Lists the models that are loaded.
    """
    models = engine.models()
    if name not in models:
        loaded = ", ".join(sorted(models)) or "none"
        raise UnknownModelError(f"no model {name!r} is loaded: got {loaded}")
    return models[name]
