"""The embedded engine: torch on the CPU, in this process."""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Literal

import numpy as np
import torch

from farside import checkpoint
from farside.checkpoint import Checkpoint
from farside.engine import Model, Tensor, check_tensor, find_model, input_shape
from farside.engines.repository import read_repository
from farside.errors import EngineError, EngineFailedError, EngineUnavailableError
from farside.networks import Network

Precision = Literal["float32", "bfloat16"]

# Parameters of mallopt(3), from glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4
_M_ARENA_MAX = -8

_log = logging.getLogger(__name__)


class TorchEngine:
    """Models of a repository, one forward at a time.

    Peak memory of a process that runs Pix2PixCC with n_downsample 4 on 1024² pixels, torch itself
    (280 MB) and the weights included, measured by ``python -m benchmarks.engines``:

    ====  =======  ========
    n_gf  float32  bfloat16
    ====  =======  ========
    16     680 MB    500 MB
    32    1030 MB    840 MB
    ====  =======  ========

    What a forward has used is kept for the next one.

    Parameters
    ----------
    checkpoints
        The models to load.
    precision
        ``"float32"``, or ``"bfloat16"``: twice as fast on processors that have it, with a relative
        error of 2e-2.
    """

    name = "torch"
    batch = 1  # on a CPU more are no faster each, and cost memory

    def __init__(
        self, checkpoints: Mapping[str, Checkpoint], precision: Precision = "float32"
    ) -> None:
        self.precision: str = precision
        self._dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
        self._models = {name: Model(c.recipe, c.identity) for name, c in checkpoints.items()}
        self._networks: dict[str, Network] = {
            name: checkpoint.build(c.recipe, c.state).to(self._dtype)
            for name, c in checkpoints.items()
        }
        # The smallest inputs that the networks take, not the whole grid: ready() shall be quick.
        self._canaries = {
            name: np.zeros((1, n.input_channels, n.least_side, n.least_side), dtype=np.float32)
            for name, n in self._networks.items()
        }
        self._answered: set[str] = set()
        self._forward = Lock()

    @classmethod
    def from_repository(
        cls, folder: Path, threads: int | None = None, precision: Precision = "float32"
    ) -> TorchEngine:
        """Load the highest version of every model in a repository.

        For the whole process this tunes the allocator (:func:`keep_freed_memory`) and sets the
        threads of one forward, by default torch's choice: one for each core.

        Raises
        ------
        EngineUnavailableError
            No model in the folder.
        CheckpointError, RecipeError
            A model file that does not load, or whose Recipe says another name or version than the
            folders it lies in.
        """
        keep_freed_memory()
        if threads is not None:
            torch.set_num_threads(threads)
        return cls(read_repository(folder), precision)

    def models(self) -> Mapping[str, Model]:
        """Name the loaded models."""
        return self._models

    def ready(self) -> bool:
        """Say whether every model has answered a small input; the reason of a failure is logged."""
        try:
            for name in self._models.keys() - self._answered:
                self._run(name, self._canaries[name])
                self._answered.add(name)
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
            torch failed, for lack of memory say, or the answer is not finite.
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
            raise EngineUnavailableError("the torch engine is closed")
        given = torch.from_numpy(np.require(tensor, requirements="W"))  # torch warns of read-only
        try:
            with self._forward, torch.inference_mode():
                answer: Tensor = network(given.to(self._dtype)).float().numpy()
        except RuntimeError as error:  # what torch raises, out of memory included
            raise EngineFailedError(f"{name} failed: {error}") from error
        if not np.isfinite(answer).all():
            raise EngineFailedError(f"{name} answered values that are not finite")
        return answer


def keep_freed_memory() -> bool:
    """Tell glibc's malloc to keep what is freed, for the whole process.

    A forward allocates and frees hundreds of megabytes. By default each large block is mapped anew
    and zeroed by page faults. Threads other than the first would map large blocks whatever their
    arena allows, hence one arena.

    Returns
    -------
    bool
        False where the C library is not glibc: nothing is changed.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    settings = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, -1), (_M_ARENA_MAX, 1))
    return all(mallopt(parameter, value) == 1 for parameter, value in settings)
