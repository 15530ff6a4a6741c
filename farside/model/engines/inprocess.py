"""Common base of the in-process engines (torch, OpenVINO)."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from threading import Lock
from typing import Generic, TypeVar

import numpy as np

from farside.errors import EngineError, EngineFailedError, EngineUnavailableError
from farside.model.engine import Model, Tensor, check_tensor, find_model, input_shape

Loaded = TypeVar("Loaded")

_log = logging.getLogger(__name__)


class InProcessEngine(ABC, Generic[Loaded]):
    """Engine with all models in this process, one forward pass at a time.

    Parameters
    ----------
    models
        Models by name.
    networks
        Executable networks by the model's name.
    precision
        ``"float32"`` or ``"bfloat16"``.
    """

    name: str
    batch = 1  # on a CPU larger batches gain no speed and cost memory

    def __init__(
        self, models: Mapping[str, Model], networks: dict[str, Loaded], precision: str
    ) -> None:
        self.precision = precision
        self._models = models
        self._networks = networks
        self._answered: set[str] = set()
        self._forward = Lock()

    @abstractmethod
    def _canary(self, name: str) -> Tensor:
        """Smallest all-zero input that a model takes, for the readiness check."""

    @abstractmethod
    def _answer(self, network: Loaded, tensor: Tensor) -> Tensor:
        """Run a network; its library must raise RuntimeError, out of memory included."""

    def models(self) -> Mapping[str, Model]:
        """Loaded models by name."""
        return self._models

    def ready(self) -> bool:
        """Whether every model has answered; the reason of a failure is logged.

        A model that has not been run yet is tried on zeros.
        """
        try:
            for name in self._models.keys() - self._answered:
                self._run(name, self._canary(name))
        except EngineError as error:
            _log.error("not ready: %s", error)
            return False
        return bool(self._networks)

    def buffer(self, model: str, batch: int = 1) -> Tensor:
        """New input array (batch, channel, y, x)."""
        return np.empty((batch, *input_shape(find_model(self, model))), dtype=np.float32)

    def infer(self, model: str, tensor: Tensor) -> Tensor:
        """Run the network, see :meth:`farside.model.engine.Engine.infer`."""
        check_tensor(find_model(self, model), tensor)
        return self._run(model, tensor)

    def close(self) -> None:
        """Release the networks."""
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
