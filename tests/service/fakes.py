"""A network in one line, and the service around it without a server."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import numpy as np
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.types import ASGIApp

from deploy.local_triton.processes import PATIENCE_S
from farside.model.engine import Engine, Model, Tensor
from service.metrics import Metrics
from service.middleware import ErrorEnvelope
from service.routes import ENDPOINTS, ROUTES
from service.settings import Settings
from service.worker import Worker
from tests.support.tiny_recipe import recipe


class FakeEngine:
    """Answers with its last channel, the reference magnetogram, once it is let go.

    Attributes
    ----------
    go
        Set: a forward runs through. Clear: it waits.
    begun
        One release for each forward that has begun.
    sizes
        How many stacks each finished forward had.
    """

    name = "fake"
    precision = "float32"

    def __init__(self, *names: str, batch: int = 1, error: Exception | None = None) -> None:
        self.batch = batch
        self.go = threading.Event()
        self.go.set()
        self.begun = threading.Semaphore(0)
        self.at_once = self.most_at_once = 0
        self.sizes: list[int] = []
        self._error = error
        self._models = {name: Model(recipe(name), "ab" * 32) for name in names or ("tiny",)}

    def models(self) -> Mapping[str, Model]:
        return self._models

    def ready(self) -> bool:
        return True

    def buffer(self, model: str, batch: int = 1) -> Tensor:
        return np.empty((batch, len(self._models[model].recipe.channels), 64, 64), np.float32)

    def infer(self, model: str, tensor: Tensor) -> Tensor:
        assert model in self._models
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.begun.release()
        self.go.wait(PATIENCE_S)
        self.at_once -= 1
        self.sizes.append(len(tensor))
        if self._error:
            raise self._error
        return tensor[:, -1:]

    def close(self) -> None:
        self._models = {}


def worker_of(engine: Engine, settings: Settings | None = None) -> Worker:
    """A worker that counts for itself."""
    return Worker(settings or Settings(), engine, Metrics(CollectorRegistry()))


def service(engine: Engine, settings: Settings | None = None) -> ASGIApp:
    """The endpoints and the error contract around an engine."""
    return service_of(worker_of(engine, settings))


def service_of(worker: Worker) -> ASGIApp:
    """The endpoints and the error contract around a worker, as `service.app` puts them."""
    app = Starlette(routes=ROUTES)
    app.state.worker = worker
    return ErrorEnvelope(app, worker=lambda: worker, endpoints=ENDPOINTS)
