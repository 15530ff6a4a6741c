"""The Engine protocol: where a tensor becomes another tensor. Numpy only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

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
        """The loaded models by name."""
        ...

    def ready(self) -> bool:
        """True once every model has answered a small input."""
        ...

    def buffer(self, model: str, batch: int = 1) -> Tensor:
        """An array (batch, channel, y, x) to encode into, which `infer` reads without a copy."""
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
