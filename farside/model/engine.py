"""The Engine protocol: where a tensor becomes another tensor. Numpy only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from farside.errors import InputShapeError, UnknownModelError
from farside.model.recipe import Recipe

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
    precision
        Where one engine holds models of several precisions; else empty.
    pinned
        The name under which an engine with several versions runs these very weights; else empty.
    """

    recipe: Recipe
    identity: str
    precision: str = ""
    pinned: str = ""

    @property
    def handle(self) -> str:
        """The name to give to `buffer` and `infer` for exactly this model."""
        return self.pinned or self.recipe.name


class Engine(Protocol):
    """Five verbs, safe to call from several threads.

    `name` and `precision` (``"float32"`` or ``"bfloat16"``) go into the product. `batch` is how
    many stacks are worth running in one `infer`: 1 where each takes as long as it would alone.
    """

    name: str
    precision: str
    batch: int

    def models(self) -> Mapping[str, Model]:
        """Name the loaded models; ``name:version`` where an older version is loaded too.

        Raises
        ------
        EngineUnavailableError
            It is not known yet which.
        """
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
    """Look up a loaded model, by its name or by its handle.

    Raises
    ------
    UnknownModelError
        Lists the models that are loaded.
    """
    models = engine.models()
    by_handle = {model.handle: model for model in models.values()}
    found = models.get(name) or by_handle.get(name)
    if found is None:
        loaded = ", ".join(sorted(models)) or "none"
        raise UnknownModelError(f"no model {name!r} is loaded: got {loaded}")
    return found


def input_shape(model: Model) -> tuple[int, int, int]:
    """Shape of one input of a model: (channel, y, x)."""
    size = model.recipe.side_px
    return model.recipe.input_planes, size, size


def check_tensor(model: Model, tensor: Tensor) -> None:
    """Refuse what is no float32 (n, channel, y, x) of the model's channels and grid.

    Raises
    ------
    InputShapeError
        Says what was given and what is expected.
    """
    wanted = input_shape(model)
    if tensor.ndim != 4 or tensor.shape[1:] != wanted or tensor.dtype != np.float32:
        raise InputShapeError(
            f"{model.recipe.name}: got {tensor.dtype} {tensor.shape}, "
            f"expected float32 {('n', *wanted)}"
        )
