"""In-process torch engine for the CPU."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import torch

from farside.model import checkpoint
from farside.model.checkpoint import Checkpoint
from farside.model.defaults import Precision
from farside.model.engine import Model, Tensor
from farside.model.engines import allocator
from farside.model.engines.inprocess import InProcessEngine
from farside.model.networks import Network
from farside.model.repository import read_repository


class TorchEngine(InProcessEngine[Network]):
    """Torch engine: one forward pass at a time on the CPU.

    Peak memory of a process that runs Pix2PixCC with n_downsample 4 on 1024² pixels, torch itself
    (280 MB) and the weights included, measured with ``python -m benchmarks.engines``:

    ====  =======  ========
    n_gf  float32  bfloat16
    ====  =======  ========
    16     680 MB    500 MB
    32    1030 MB    840 MB
    ====  =======  ========

    Memory of a forward pass is kept for the next one.

    Parameters
    ----------
    checkpoints
        Models to load, by name.
    precision
        ``"float32"``, or ``"bfloat16"``: twice as fast on processors that support it, with a
        relative error of 2e-2.
    """

    name = "torch"

    def __init__(
        self, checkpoints: Mapping[str, Checkpoint], precision: Precision = "float32"
    ) -> None:
        self._dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
        networks = {
            name: checkpoint.build(c.recipe, c.state).to(self._dtype)
            for name, c in checkpoints.items()
        }
        models = {name: Model(c.recipe, c.identity) for name, c in checkpoints.items()}
        super().__init__(models, networks, precision)
        # The smallest inputs that the networks take, not the whole grid: ready() must be quick.
        self._canaries = {
            name: np.zeros((1, n.input_channels, n.min_side, n.min_side), dtype=np.float32)
            for name, n in networks.items()
        }

    @classmethod
    def from_repository(
        cls,
        folder: Path,
        threads: int | None = None,
        precision: Precision = "float32",
        names: Collection[str] = (),
    ) -> TorchEngine:
        """Load the highest version of every model in a repository, of `names` if given.

        This tunes the allocator of the whole process
        (:func:`~farside.model.engines.allocator.keep_freed_memory`) and sets the number of torch
        threads; the default is torch's choice, one for each core.

        Raises
        ------
        EngineUnavailableError
            No model in the folder.
        UnknownModelError
            One of `names` is not in it.
        CheckpointError, RecipeError
            A model file does not load, or its Recipe contradicts the name or version of its
            folders.
        """
        allocator.keep_freed_memory()
        if threads is not None:
            torch.set_num_threads(threads)
        return cls(read_repository(folder, names), precision)

    def _canary(self, name: str) -> Tensor:
        return self._canaries[name]

    def _answer(self, network: Network, tensor: Tensor) -> Tensor:
        # torch warns about read-only arrays.
        given = torch.from_numpy(np.require(tensor, requirements="W"))
        with torch.inference_mode():
            answer: Tensor = network(given.to(self._dtype)).float().numpy()
        return answer
