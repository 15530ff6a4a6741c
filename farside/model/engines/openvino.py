"""The fast embedded engine: OpenVINO on the CPU, in this process."""

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
from farside.model.engine import Tensor, input_shape
from farside.model.engines.inprocess import InProcessEngine
from farside.model.engines.openvino_graph import multiply_less, normalise_exactly
from farside.model.engines.processor import openvino_has_bfloat16
from farside.model.engines.torch import Precision
from farside.model.networks import Network
from farside.model.repository import read_repository

GATES: Mapping[Precision, float] = {"float32": 5e-4, "bfloat16": 3e-2}
"""Largest relative L2 norm of the difference from torch in float32."""

_TYPES = {"float32": ov.Type.f32, "bfloat16": ov.Type.bf16}


class OpenVinoEngine(InProcessEngine[ov.InferRequest]):
    """Models of a repository, converted when they are loaded, one forward at a time.

    The shape is static, one input of the Recipe's grid; those of a batch run one after the other.
    Each model is compared with torch on a small input before it is taken. Nothing is kept on disk.

    Parameters
    ----------
    checkpoints
        The models to load.
    threads
        Of one forward; by default one for each core.
    precision
        ``"float32"``, or ``"bfloat16"``: twice as fast on processors that have it, with a relative
        error of 2e-2.
    winograd
        In float32, run convolutions of many channels by
        :func:`~farside.model.engines.openvino_graph.multiply_less`: faster, with four times their
        weights.

    Raises
    ------
    CheckpointError
        Weights that do not fit their Recipe.
    EngineFailedError
        A model that does not convert or whose answer is outside of :data:`GATES`, or a precision
        that the processor does not have.
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
            A model that does not load, or whose Recipe says another name or version than the
            folders it lies in.
        """
        return cls(read_repository(folder, names), threads, precision, winograd)

    def _canary(self, name: str) -> Tensor:
        return np.zeros((1, *input_shape(self._models[name])), dtype=np.float32)  # it is static

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
            multiply_less(graph)
        side = min(8 * network.side_multiple, size)  # another than the one that was traced
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
    """Trace a network for one input of any size."""
    side = network.least_side
    example = torch.zeros(1, network.input_channels, side, side)
    with warnings.catch_warnings():
        # torch would rather be exported, but then OpenVINO spells out the normalisations in ten
        # operations each; the sizes that become constants are the checks of the input.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", TracerWarning)
        traced = torch.jit.trace(network, example, check_trace=False)  # type: ignore[no-untyped-call]
        return ov.convert_model(traced, input=[(1, network.input_channels, -1, -1)])


@contextmanager
def _one_torch_thread() -> Iterator[None]:
    """Spare small inputs the threads of torch, which wait busily: seconds on a busy machine."""
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
    """Give the one of this process.

    Each gives the thread that makes it a stack for signals, and takes it back when it goes. Where
    several go in another order than the reverse, a stack that is no more is what remains, and the
    next signal ends the process (openvinotoolkit/openvino#11894).
    """
    return ov.Core()


def compiled(graph: ov.Model, precision: Precision, threads: int) -> ov.CompiledModel:
    """Compile as every network is.

    Left alone, OpenVINO would take bfloat16 where the processor has it, and bind its threads to
    processors, which several processes then share while others are idle.
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
    """Relative L2 norm of the difference from torch, on noise."""
    shape = (1, network.input_channels, side, side)
    noise = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    with torch.inference_mode():
        exact = network(torch.from_numpy(noise)).numpy()
    return float(np.linalg.norm(_of_one(request, noise) - exact) / np.linalg.norm(exact))


def _of_one(request: ov.InferRequest, tensor: Tensor) -> Tensor:
    """(1, channel, y, x) → (1, output, y, x); valid until the next call."""
    answer: Tensor = request.infer([tensor], share_inputs=True, share_outputs=True)[0]
    return answer
