"""Tracing of networks by torch into OpenVINO graphs."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import openvino as ov
import torch
from openvino.frontend import FrontEndManager
from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder
from torch.jit._trace import TracerWarning

from farside.errors import EngineFailedError
from farside.model import checkpoint
from farside.model.checkpoint import Checkpoint
from farside.model.engines.openvino_network import NetworkGraph, compared, noise
from farside.model.networks import Network


def trace(read: Checkpoint) -> NetworkGraph:
    """Trace a network into a graph, and run it on noise.

    Raises
    ------
    CheckpointError
        The weights do not fit their Recipe.
    EngineFailedError
        The network does not convert.
    """
    network = checkpoint.build(read.recipe, read.state)
    # Another size than the traced one, unless it is that of the images.
    side_px = min(8 * network.side_multiple, read.recipe.side_px)
    given = torch.from_numpy(noise(network.input_channels, side_px))
    try:
        with _one_torch_thread(), torch.inference_mode():
            answer = compared(network(given).numpy())
            graph = _convert(network)
    except RuntimeError as error:
        name = read.recipe.name
        raise EngineFailedError(f"{name} does not convert to OpenVINO: {error}") from error
    return NetworkGraph(read.recipe, read.identity, graph, side_px, answer)


def _convert(network: Network) -> ov.Model:
    """Trace a network for a single image of any size.

    By the frontend alone: ``openvino.convert_model`` would fold normalisations into the weights,
    which are then no longer those of the model file. Compiling folds them as well.
    """
    side, channels = network.min_side, network.input_channels
    with warnings.catch_warnings():
        # torch recommends torch.export, but OpenVINO then expands each normalisation into ten
        # operations. The traced sizes that become constants are those of the input checks.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", TracerWarning)
        example = torch.zeros(1, channels, side, side)
        traced = torch.jit.trace(network, example, check_trace=False)  # type: ignore[no-untyped-call]
        decoder = TorchScriptPythonDecoder(traced)  # named: the frontend holds no reference to it
    frontend = _frontends().load_by_framework("pytorch")
    given = frontend.load(decoder)
    image = given.get_inputs()[-1]
    given.set_partial_shape(image, ov.PartialShape([1, channels, -1, -1]))
    given.set_element_type(image, ov.Type.f32)
    return ov.Model(frontend.convert(given))


@cache
def _frontends() -> FrontEndManager:
    """Frontends of this process; what one converted must not outlive it."""
    return FrontEndManager()


@contextmanager
def _one_torch_thread() -> Iterator[None]:
    """Limit torch to one thread: busy-waiting threads cost seconds on small inputs."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
