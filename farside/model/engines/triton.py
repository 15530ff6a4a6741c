"""Engine for a GPU host: client of a Triton Inference Server over gRPC.

On the same host tensors are encoded in shared memory that the server reads, elsewhere they are sent
as bytes. Whether memory can be shared is found by asking the server to open it.
"""

from __future__ import annotations

import logging
import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from threading import Lock

import numpy as np

from farside.errors import (
    DeadlineError,
    EngineError,
    EngineFailedError,
    EngineUnavailableError,
    RecipeError,
    UnknownModelError,
)
from farside.model.defaults import DEADLINE_S
from farside.model.engine import Model, Tensor, check_tensor, input_shape
from farside.model.engines import shared_memory
from farside.model.engines.shared_memory import RegionPool, SharedRegion
from farside.model.engines.triton_wire import (
    NotServedError,
    NotSharedError,
    ServerUnreachableError,
    Target,
    TritonConnection,
    UnknownRegionError,
)
from farside.model.recipe import Recipe

FORMATS = ("tensorrt", "torchscript", "onnx")
"""Order of preference where a model is loaded in several formats."""

PRECISIONS = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}

MODEL_LIST_LIFETIME_S = 1.0
"""Lifetime of the cached list of models, seconds, a choice."""

_WAITS_S = (0.0, 0.01, 0.1, 0.5)
"""Seconds before each attempt to unregister a region, a choice: in use it is for milliseconds."""

READY_LIFETIME_S = 10.0
"""Time for which an answer proves a model alive, seconds, a choice; at least twenty forwards."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Served:
    """Model and its location at the server."""

    model: Model
    target: Target
    format: str
    max_batch: int

    def output_shape(self, tensor: Tensor) -> tuple[int, ...]:
        return len(tensor), len(self.model.recipe.outputs), *tensor.shape[2:]


class TritonEngine:
    """Triton engine: the models of a server whose configuration contains a Recipe.

    The connection is made on first use. While the server is unreachable every call raises
    :class:`~farside.errors.EngineUnavailableError`; calls succeed again once it is back.

    Parameters
    ----------
    url
        ``host:port`` of the server's gRPC endpoint.
    slots
        Number of shared-memory regions, that is, of concurrent requests without a copy.
    deadline_s
        Maximum duration of one `infer`, retries included, seconds.
    patience_s
        Maximum time during which `infer` retries while the server is unreachable or loads the
        model, seconds.
    formats
        Formats to use, in order of preference.
    """

    name = "triton"
    batch = 1  # concurrent requests are batched by the server
    precision = "float32"  # default where a model's configuration gives none

    def __init__(
        self,
        url: str,
        slots: int = 4,
        deadline_s: float = DEADLINE_S,
        patience_s: float = 15.0,
        formats: Sequence[str] = FORMATS,
    ) -> None:
        self._wire = TritonConnection(url)
        self._pool = RegionPool(slots, retire=_Retire(self._wire))
        self._deadline_s = deadline_s
        self._patience_s = patience_s
        self._formats = tuple(formats)
        self._table: dict[str, _Served] = {}
        self._known: dict[Target, _Served] = {}  # every version ever seen loaded
        self._fresh_until = 0.0
        self._refreshing = Lock()
        self._alive_until: dict[Target, float] = {}
        self._canary = Lock()
        self._shares = True
        self._swept = False
        shared_memory.remove_stale()
        self._release = weakref.finalize(self, _release, self._pool, self._wire)

    def models(self) -> Mapping[str, Model]:
        """Loaded models: ``name`` is the newest version, ``name:version`` an older one.

        While the server is unreachable the last known models are returned.

        Raises
        ------
        EngineUnavailableError
            The server has never been reached, or serves no model with a Recipe.
        """
        return {name: served.model for name, served in self._served().items()}

    def ready(self) -> bool:
        """Whether every model answers; the reason of a failure is logged.

        The server's own readiness is not used: it reports a model ready whose backend has died.
        Instead, zeros are sent to each model that has not answered for some seconds.
        """
        try:
            with self._canary:
                self._refresh()
                for served in self._served().values():
                    if time.monotonic() > self._alive_until.get(served.target, 0.0):
                        self._attempt(served, self._zeros(served), self._deadline_s)
        except EngineError as error:
            _log.error("not ready: %s", error)
            return False
        return True

    def buffer(self, model: str, batch: int = 1) -> Tensor:
        """Input array (batch, channel, y, x), in shared memory if a region is free.

        The region is free again when the array is no longer referenced.
        """
        served = self._find(model)
        shape = (batch, *input_shape(served.model))
        return self._slot(shape, served) if self._shares else np.empty(shape, np.float32)

    def infer(self, model: str, tensor: Tensor) -> Tensor:
        """Run the network, see :meth:`farside.model.engine.Engine.infer`.

        A name selects the newest version at each attempt, a handle one fixed version.
        """
        begun = time.monotonic()
        pause, failure = 0.05, None
        while True:
            served = self._find(model, failure)
            check_tensor(served.model, tensor)
            spent = time.monotonic() - begun
            try:
                return self._attempt(served, tensor, self._deadline_s - spent)
            except (ServerUnreachableError, NotServedError) as error:
                failure = error
            self._fresh_until = 0.0
            spent = time.monotonic() - begun
            if spent + pause > min(self._patience_s, self._deadline_s):
                raise failure
            time.sleep(pause)
            pause = min(2 * pause, 1.0)

    def close(self) -> None:
        """Release the shared memory and close the connection."""
        self._release()

    def _find(self, name: str, failure: EngineUnavailableError | None = None) -> _Served:
        """Look up a model by name or handle; `failure` is the error of the previous attempt."""
        table = self._served()
        by_handle = {served.model.handle: served for served in table.values()}
        found = table.get(name) or by_handle.get(name)
        if found is None and failure is not None:
            raise failure
        if found is None:
            loaded = ", ".join(sorted(table))
            raise UnknownModelError(f"no model {name!r} is loaded: got {loaded}")
        return found

    def _served(self) -> dict[str, _Served]:
        # A thread that finds another one refreshing uses the known table.
        if time.monotonic() > self._fresh_until and self._refreshing.acquire(not self._table):
            try:
                self._refresh()
            except (ServerUnreachableError, DeadlineError) as error:
                if not self._table:
                    raise
                _log.warning("%s", error)
            finally:
                self._refreshing.release()
        if not self._table:
            raise EngineUnavailableError(
                f"Triton at {self._wire.url} serves no model with a Recipe yet; expected one made "
                f"by `python -m export`, in one of the formats {', '.join(self._formats)}"
            )
        return self._table

    def _refresh(self) -> None:
        if not self._release.alive:
            raise EngineUnavailableError("the Triton engine is closed")
        index = self._wire.index()
        ready = {t: self._described(t) for t, state in index.items() if state == "READY"}
        self._known |= {target: served for target, served in ready.items() if served}
        # A version that is being reloaded stays in the table although it is unavailable for now.
        back = [self._known.get(t) for t, state in index.items() if state == "LOADING"]
        self._table = _by_name([s for s in (*ready.values(), *back) if s], self._formats)
        self._fresh_until = time.monotonic() + MODEL_LIST_LIFETIME_S

    def _described(self, target: Target) -> _Served | None:
        """Read Recipe and parameters from a model's configuration; None if it has no Recipe."""
        try:
            configuration = self._wire.configuration(target)
            parameters = configuration.parameters
            recipe = Recipe.from_json(parameters["recipe"])
        except (KeyError, NotServedError):
            return None
        except RecipeError as error:
            _log.warning("%s in Triton: %s", target, error)
            return None
        if recipe.version != target.version:
            return None
        stated = parameters.get("precision", "fp32")
        model = Model(
            recipe,
            parameters.get("identity", ""),
            precision=PRECISIONS.get(stated, stated),
            pinned=f"{recipe.name}:{recipe.version}",
        )
        return _Served(model, target, parameters.get("format", ""), configuration.max_batch)

    def _attempt(self, served: _Served, tensor: Tensor, seconds: float) -> Tensor:
        begun = time.monotonic()
        most = served.max_batch
        try:
            parts = [
                self._ask(served, tensor[i : i + most], seconds - (time.monotonic() - begun))
                for i in range(0, len(tensor), most)
            ]
        except EngineError:
            self._alive_until.pop(served.target, None)
            raise
        answer = np.concatenate(parts) if len(parts) > 1 else parts[0]
        if not np.isfinite(answer).all():
            raise EngineFailedError(f"{served.target} answered values that are not finite")
        now = time.monotonic()
        self._alive_until[served.target] = now + max(READY_LIFETIME_S, 20 * (now - begun))
        return answer

    def _ask(self, served: _Served, tensor: Tensor, seconds: float) -> Tensor:
        if seconds <= 0:
            raise DeadlineError(f"{served.target}: the deadline passed before Triton was asked")
        shape = served.output_shape(tensor)
        if self._shares:
            shared = self._in_shared_memory(tensor, served)
            region = self._pool.region_of(shared)
            if region is not None and self._registered(region):
                return self._ask_shared(served.target, shared, region, shape, seconds)
        return self._wire.infer_bytes(served.target, tensor, shape, seconds)

    def _ask_shared(
        self,
        target: Target,
        tensor: Tensor,
        region: SharedRegion,
        shape: tuple[int, ...],
        seconds: float,
    ) -> Tensor:
        answer = region.bytes()[region.size - 4 * prod(shape) :].view(np.float32).reshape(shape)
        try:
            try:
                self._wire.infer_shared(target, tensor, region, answer, seconds)
            except UnknownRegionError:  # the server was restarted
                self._wire.register(region)
                self._wire.infer_shared(target, tensor, region, answer, seconds)
        except ServerUnreachableError:
            self._pool.discard(region)  # if only the connection is lost, the server may still write
            self._swept = False
            raise
        return answer.copy()

    def _registered(self, region: SharedRegion) -> bool:
        if region.registered:
            return True
        try:
            self._wire.register(region)
        except NotSharedError as error:
            self._shares = False
            _log.warning("tensors go to Triton at %s as bytes: %s", self._wire.url, error)
            return False
        self._sweep()
        return True

    def _sweep(self) -> None:
        """Unregister, once, the regions of processes that have ended without doing so."""
        if self._swept:
            return
        self._swept = True
        for name in self._wire.regions():
            if name.startswith(shared_memory.PREFIX) and not shared_memory.is_held(name):
                _unregister(self._wire, name)

    def _in_shared_memory(self, tensor: Tensor, served: _Served) -> Tensor:
        """Return the tensor itself if it lies in a usable region, else a copy in a free one."""
        region = self._pool.region_of(tensor)
        room = tensor.nbytes + 4 * prod(served.output_shape(tensor))
        if region is not None and not (region.discarded or region.busy) and region.size >= room:
            return tensor
        slot = self._slot(tensor.shape, served)
        slot[...] = tensor
        return slot

    def _slot(self, shape: tuple[int, ...], served: _Served) -> Tensor:
        size = 4 * prod(shape)
        outputs = len(served.model.recipe.outputs)
        memory = self._pool.lend(size + size // shape[1] * outputs)
        if memory is None:
            return np.empty(shape, np.float32)
        return memory[:size].view(np.float32).reshape(shape)

    def _zeros(self, served: _Served) -> Tensor:
        zeros = self._slot((1, *input_shape(served.model)), served)
        zeros[...] = 0
        return zeros


class _Retire:
    """Callback that unregisters an unused region from the server."""

    def __init__(self, wire: TritonConnection) -> None:
        self._wire = wire

    def __call__(self, region: SharedRegion) -> None:
        if region.registered:
            _unregister(self._wire, region.name)


def _unregister(wire: TritonConnection, name: str) -> None:
    """Unregister a region; the server may hold it for a moment after its last answer."""
    for wait_s in _WAITS_S:
        time.sleep(wait_s)
        try:
            wire.unregister(name)
        except EngineFailedError as error:  # in use
            reason: EngineError = error
        except EngineError as error:
            reason = error
            break
        else:
            return
    _log.info("%s: the next start tries again", reason)


def _release(pool: RegionPool, wire: TritonConnection) -> None:
    pool.close()
    wire.close()


def _by_name(served: Sequence[_Served], formats: Sequence[str]) -> dict[str, _Served]:
    """Table of models: each version in its preferred format, the newest under its bare name."""
    usable = [s for s in served if s.format in formats]
    table: dict[str, _Served] = {}
    for one in sorted(usable, key=lambda s: (int(s.target.version), -formats.index(s.format))):
        table[one.model.handle] = one
    for handle, one in list(table.items()):  # older before newer
        older = table.pop(one.model.recipe.name, None)
        if older is not None:
            table[older.model.handle] = older
        del table[handle]
        table[one.model.recipe.name] = one
    return table
