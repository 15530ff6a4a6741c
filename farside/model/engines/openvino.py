"""In-process OpenVINO engine for the CPU, the faster of the two embedded engines."""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import openvino as ov
import torch
from torch.jit._trace import TracerWarning

from farside.errors import EngineFailedError
from farside.model import checkpoint
from farside.model.checkpoint import Checkpoint
from farside.model.defaults import Precision
from farside.model.engine import Tensor, input_shape
from farside.model.engines.inprocess import InProcessEngine
from farside.model.engines.openvino_graph import normalise_exactly, use_winograd
from farside.model.engines.processor import openvino_has_bfloat16
from farside.model.networks import Network
from farside.model.repository import read_repository

GATES: Mapping[Precision, float] = {"float32": 5e-4, "bfloat16": 3e-2}
"""Maximum relative L2 norm of the difference from torch in float32."""

_TYPES = {"float32": ov.Type.f32, "bfloat16": ov.Type.bf16}


class OpenVinoEngine(InProcessEngine[ov.InferRequest]):
    """OpenVINO engine: models are converted at load time and run one forward pass at a time.

    Input shapes are static, one image on the Recipe's grid; the images of a batch run one after
    the other. Each model is compared with torch on a small input when it is loaded. Nothing is
    cached on disk.

    Parameters
    ----------
    checkpoints
        Models to load, by name.
    threads
        Threads of one forward pass; by default one for each core.
    precision
        ``"float32"``, or ``"bfloat16"``: twice as fast on processors that support it, with a
        relative error of 2e-2.
    winograd
        In float32, run wide convolutions by
        :func:`~farside.model.engines.openvino_graph.use_winograd`: faster, with four times the
        memory for their weights.

    Raises
    ------
    CheckpointError
        The weights do not fit their Recipe.
    EngineFailedError
        A model does not convert, its output is outside :data:`GATES`, or the processor does not
        support the precision.
    """

    name = "openvino"

    def __init__(
        self,
        checkpoints: Mapping[str, Checkpoint],
        threads: int | None = None,
        precision: Precision = "float32",
        winograd: bool = False,
    ) -> None:
        if precision == "bfloat16" and not openvino_has_bfloat16():
            raise EngineFailedError(
                "OpenVINO has no bfloat16 on this processor: expected float32, the faster one here"
            )
        with _one_torch_thread():
            requests = {
                name: _load(c, threads or os.cpu_count() or 1, precision, winograd)
                for name, c in checkpoints.items()
            }
        super().__init__(checkpoints, requests, precision)

    @classmethod
    def from_repository(
        cls,
        folder: Path,
        threads: int | None = None,
        precision: Precision = "float32",
        winograd: bool = False,
        names: Collection[str] = (),
    ) -> OpenVinoEngine:
        """Load the highest version of every model in a repository, of `names` if given.

        Raises
        ------
        EngineUnavailableError
            No model in the folder.
        UnknownModelError
            One of `names` is not in it.
        EngineFailedError, CheckpointError, RecipeError
            A model does not load, or its Recipe contradicts the name or version of its folders.
        """
        return cls(read_repository(folder, names), threads, precision, winograd)

    def _canary(self, name: str) -> Tensor:
        return np.zeros((1, *input_shape(self._models[name])), dtype=np.float32)  # static shape

    def _answer(self, network: ov.InferRequest, tensor: Tensor) -> Tensor:
        shape = (len(tensor), *network.get_output_tensor().shape[1:])
        answer = np.empty(shape, dtype=np.float32)
        for index, one in enumerate(tensor):
            answer[index] = _of_one(network, one[None])
        return answer


def _load(read: Checkpoint, threads: int, precision: Precision, winograd: bool) -> ov.InferRequest:
    network = checkpoint.build(read.recipe, read.state)
    name, size = read.recipe.name, read.recipe.side_px
    try:
        graph = _resized(_convert(network), size)
        if winograd and precision == "float32":
            use_winograd(graph)
        side = min(8 * network.side_multiple, size)  # another size than the traced one
        error = _difference(_compile(graph, side, threads, precision), network, side)
        if not error <= GATES[precision]:
            raise EngineFailedError(
                f"{name}: OpenVINO in {precision} differs from torch by a relative L2 norm of "
                f"{error:.2g}, expected at most {GATES[precision]:g}"
            )
        return _compile(graph, size, threads, precision)
    except RuntimeError as error:
        raise EngineFailedError(f"{name} does not convert to OpenVINO: {error}") from error


def _convert(network: Network) -> ov.Model:
    """Trace a network for a single image of any size."""
    side = network.min_side
    example = torch.zeros(1, network.input_channels, side, side)
    with warnings.catch_warnings():
        # torch recommends torch.export, but OpenVINO then expands each normalisation into ten
        # operations. The traced sizes that become constants are those of the input checks.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", TracerWarning)
        traced = torch.jit.trace(network, example, check_trace=False)  # type: ignore[no-untyped-call]
        return ov.convert_model(traced, input=[(1, network.input_channels, -1, -1)])


@contextmanager
def _one_torch_thread() -> Iterator[None]:
    """Limit torch to one thread: busy-waiting threads cost seconds on small inputs."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _resized(graph: ov.Model, side: int) -> ov.Model:
    copy = graph.clone()
    channels = graph.input(0).get_partial_shape()[1].get_length()
    copy.reshape([1, channels, side, side])
    return copy


@cache
def core() -> ov.Core:
    """The one OpenVINO core of this process.

    Each core installs an alternate signal stack for the thread that creates it and restores the
    former one when destroyed. Destroying several cores in another order than the reverse leaves a
    freed stack, and the next signal ends the process (openvinotoolkit/openvino#11894).
    """
    return ov.Core()


def compiled(graph: ov.Model, precision: Precision, threads: int) -> ov.CompiledModel:
    """Compile a graph with the settings that all networks share.

    By default OpenVINO would use bfloat16 where the processor has it, and pin its threads to
    cores, so that several processes share the same cores while others are idle.
    """
    properties = {
        "INFERENCE_PRECISION_HINT": _TYPES[precision],
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
    }
    return core().compile_model(graph, "CPU", properties)


def _compile(graph: ov.Model, side: int, threads: int, precision: Precision) -> ov.InferRequest:
    """Compile for a square input of `side` pixels."""
    still = _resized(graph, side)
    if precision == "float32":
        normalise_exactly(still)
    return compiled(still, precision, threads).create_infer_request()


def _difference(request: ov.InferRequest, network: Network, side: int) -> float:
    """Relative L2 norm of the difference from torch, on noise, of the worst output plane."""
    shape = (1, network.input_channels, side, side)
    noise = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    with torch.inference_mode():
        exact = network(torch.from_numpy(noise)).numpy()
    apart, size = (
        np.linalg.norm(x[0], axis=(1, 2)) for x in (_of_one(request, noise) - exact, exact)
    )
    return float((apart / size).max())


def _of_one(request: ov.InferRequest, tensor: Tensor) -> Tensor:
    """(1, channel, y, x) → (1, output, y, x); valid until the next call."""
    answer: Tensor = request.infer([tensor], share_inputs=True, share_outputs=True)[0]
    return answer
