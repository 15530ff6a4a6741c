"""Engine protocol: inference on numpy tensors, independent of the library that runs a network."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from farside.errors import InputShapeError, UnknownModelError
from farside.model.recipe import Recipe

Tensor = NDArray[np.float32]
"""Batch of images in network units, (n, channel, y, x), float32."""


@dataclass(frozen=True)
class Model:
    """A model loaded by an engine.

    Attributes
    ----------
    recipe
        Input and output specification of the network.
    identity
        Hexadecimal sha256 of the tensors in sorted key order.
    precision
        Precision of this model in an engine that mixes precisions; else empty.
    pinned
        Name for exactly this version in an engine with several versions; else empty.
    """

    recipe: Recipe
    identity: str
    precision: str = ""
    pinned: str = ""

    @property
    def handle(self) -> str:
        """Name that selects exactly this model in `buffer` and `infer`."""
        return self.pinned or self.recipe.name


class Engine(Protocol):
    """Inference backend; thread-safe.

    Attributes
    ----------
    name, precision
        Name of the backend and its arithmetic (``"float32"`` or ``"bfloat16"``), recorded in the
        header of the product.
    batch
        Largest batch that is faster than single images; 1 where batching gains nothing.
    """

    name: str
    precision: str
    batch: int

    def models(self) -> Mapping[str, Model]:
        """Loaded models by name; older versions that are loaded too as ``name:version``.

        Raises
        ------
        EngineUnavailableError
            The loaded models are not known yet.
        """
        ...

    def ready(self) -> bool:
        """Whether every model has answered a small input."""
        ...

    def buffer(self, model: str, batch: int = 1) -> Tensor:
        """Input array (batch, channel, y, x) to encode into, which `infer` reads without a copy."""
        ...

    def infer(self, model: str, tensor: Tensor) -> Tensor:
        """Run the network: (n, channel, y, x) → (n, output, y, x), in network units.

        Raises
        ------
        UnknownModelError
            No such model; the message lists the loaded ones.
        InputShapeError
            Channels or grid differ from those of the Recipe.
        EngineFailedError
            The network failed, for example out of memory, or its output is not finite.
        EngineUnavailableError
            The engine is closed; Triton is unreachable, is full, or unloaded the model.
        DeadlineError
            No answer within the deadline.
        """
        ...

    def close(self) -> None:
        """Release memory and connections of the engine."""
        ...


def find_model(engine: Engine, name: str) -> Model:
    """Look up a loaded model by name or handle.

    Raises
    ------
    UnknownModelError
        No such model; the message lists the loaded ones.
    """
    models = engine.models()
    by_handle = {model.handle: model for model in models.values()}
    found = models.get(name) or by_handle.get(name)
    if found is None:
        loaded = ", ".join(sorted(models)) or "none"
        raise UnknownModelError(f"no model {name!r} is loaded: got {loaded}")
    return found


def only_model(names: Collection[str]) -> str:
    """Name of the model to use where none is named: the only one there is.

    Raises
    ------
    UnknownModelError
        There are several, or none.
    """
    if len(names) != 1:
        known = ", ".join(sorted(names)) or "none, as none is loaded"
        raise UnknownModelError(f"no model is named: expected one of {known}")
    return next(iter(names))


def input_shape(model: Model) -> tuple[int, int, int]:
    """Shape (channel, y, x) of one input of a model."""
    size = model.recipe.side_px
    return model.recipe.input_planes, size, size


def check_tensor(model: Model, tensor: Tensor) -> None:
    """Check that a tensor is float32 (n, channel, y, x) with the channels and grid of the model.

    Raises
    ------
    InputShapeError
        The tensor has another type or shape.
    """
    expected = input_shape(model)
    if tensor.ndim != 4 or tensor.shape[1:] != expected or tensor.dtype != np.float32:
        raise InputShapeError(
            f"{model.recipe.name}: got {tensor.dtype} {tensor.shape}, "
            f"expected float32 {('n', *expected)}"
        )
