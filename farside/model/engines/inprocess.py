"""What the engines that run in this process share; each brings its forward."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from threading import Lock
from typing import Generic, TypeVar

import numpy as np

from farside.errors import EngineError, EngineFailedError, EngineUnavailableError
from farside.model.checkpoint import Checkpoint
from farside.model.engine import Model, Tensor, check_tensor, find_model, input_shape

Loaded = TypeVar("Loaded")

_log = logging.getLogger(__name__)


class InProcessEngine(ABC, Generic[Loaded]):
    """Models that were loaded once, one forward at a time.

    Parameters
    ----------
    checkpoints
        Where the models come from.
    networks
        What runs, by the model's name.
    precision
        ``"float32"`` or ``"bfloat16"``.
    """

    name: str
    batch = 1  # on a CPU more are no faster each, and cost memory

    def __init__(
        self, checkpoints: Mapping[str, Checkpoint], networks: dict[str, Loaded], precision: str
    ) -> None:
        self.precision = precision
        self._models = {name: Model(c.recipe, c.identity) for name, c in checkpoints.items()}
        self._networks = networks
        self._answered: set[str] = set()
        self._forward = Lock()

    @abstractmethod
    def _canary(self, name: str) -> Tensor:
        """Zeros to see whether a model answers, as few as it takes."""

    @abstractmethod
    def _answer(self, network: Loaded, tensor: Tensor) -> Tensor:
        """Run a network; what its library raises is a RuntimeError, out of memory included."""

    def models(self) -> Mapping[str, Model]:
        """Name the loaded models."""
        return self._models

    def ready(self) -> bool:
        """Say whether every model has answered; the reason of a failure is logged.

        A model that has not yet is given zeros.
        """
        try:
            for name in self._models.keys() - self._answered:
                self._run(name, self._canary(name))
        except EngineError as error:
            _log.error("not ready: %s", error)
            return False
        return bool(self._networks)

    def buffer(self, model: str, batch: int = 1) -> Tensor:
        """Give a new array (batch, channel, y, x) to encode into."""
        return np.empty((batch, *input_shape(find_model(self, model))), dtype=np.float32)

    def infer(self, model: str, tensor: Tensor) -> Tensor:
        """Run the network: (n, channel, y, x) → (n, output, y, x), in network units.

        Raises
        ------
        UnknownModelError
            Lists the models that are loaded.
        InputShapeError
            Another number of channels or another grid than the Recipe's.
        EngineFailedError
            The network's library failed, for lack of memory say, or the answer is not finite.
        EngineUnavailableError
            The engine was closed.
        """
        check_tensor(find_model(self, model), tensor)
        return self._run(model, tensor)

    def close(self) -> None:
        """Let go of the networks."""
        self._networks.clear()

    def _run(self, name: str, tensor: Tensor) -> Tensor:
        network = self._networks.get(name)
        if network is None:
            raise EngineUnavailableError(f"the {self.name} engine is closed")
        try:
            with self._forward:
                answer = self._answer(network, tensor)
        except RuntimeError as error:
            raise EngineFailedError(f"{name} failed: {error}") from error
        if not np.isfinite(answer).all():
            raise EngineFailedError(f"{name} answered values that are not finite")
        self._answered.add(name)
        return answer
