"""In-process OpenVINO engine for the CPU, the faster of the two embedded engines."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import openvino as ov

from farside.errors import EngineFailedError
from farside.model.defaults import Precision
from farside.model.engine import Model, Tensor, input_shape
from farside.model.engines.inprocess import InProcessEngine
from farside.model.engines.openvino_core import compiled
from farside.model.engines.openvino_graph import normalise_exactly, use_winograd
from farside.model.engines.openvino_network import NetworkGraph, compared, noise, open_network
from farside.model.engines.processor import openvino_has_bfloat16
from farside.model.repository import find_models

GATES: Mapping[Precision, float] = {"float32": 5e-4, "bfloat16": 3e-2}
"""Maximum relative L2 norm of the difference from torch in float32."""


class OpenVinoEngine(InProcessEngine[ov.InferRequest]):
    """OpenVINO engine: models are compiled at load time and run one forward pass at a time.

    Input shapes are static, one image on the Recipe's grid; the images of a batch run one after
    the other. When a model is loaded, its answer to a small input is compared with torch's.

    Parameters
    ----------
    networks
        Networks to load, by the names of their models.
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
    EngineFailedError
        A network does not compile, its output is outside :data:`GATES`, or the processor does not
        support the precision.
    """

    name = "openvino"

    def __init__(
        self,
        networks: Mapping[str, NetworkGraph],
        threads: int | None = None,
        precision: Precision = "float32",
        winograd: bool = False,
    ) -> None:
        if precision == "bfloat16" and not openvino_has_bfloat16():
            raise EngineFailedError(
                "OpenVINO has no bfloat16 on this processor: expected float32, the faster one here"
            )
        requests = {
            name: _load(network, threads or os.cpu_count() or 1, precision, winograd)
            for name, network in networks.items()
        }
        models = {name: Model(n.recipe, n.identity) for name, n in networks.items()}
        super().__init__(models, requests, precision)

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
            No model in the folder, or one without a stored graph where torch is not installed.
        UnknownModelError
            One of `names` is not in it.
        EngineFailedError, CheckpointError, RecipeError
            A model does not load, or its Recipe contradicts the name or version of its folders.
        """
        paths = find_models(folder, names)
        networks = {name: open_network(path) for name, path in paths.items()}
        return cls(networks, threads, precision, winograd)

    def _canary(self, name: str) -> Tensor:
        return np.zeros((1, *input_shape(self._models[name])), dtype=np.float32)  # static shape

    def _answer(self, network: ov.InferRequest, tensor: Tensor) -> Tensor:
        shape = (len(tensor), *network.get_output_tensor().shape[1:])
        answer = np.empty(shape, dtype=np.float32)
        for index, one in enumerate(tensor):
            answer[index] = _of_one(network, one[None])
        return answer


def _load(
    network: NetworkGraph, threads: int, precision: Precision, winograd: bool
) -> ov.InferRequest:
    name, size = network.recipe.name, network.recipe.side_px
    try:
        graph = _resized(network.graph, size)
        if winograd and precision == "float32":
            use_winograd(graph)
        request = _compile(graph, size, threads, precision)
        whole = network.side_px == size
        small = request if whole else _compile(graph, network.side_px, threads, precision)
        error = _difference(small, network)
    except RuntimeError as failure:
        raise EngineFailedError(f"{name} does not compile in OpenVINO: {failure}") from failure
    if not error <= GATES[precision]:
        raise EngineFailedError(
            f"{name}: OpenVINO in {precision} differs from torch by a relative L2 norm of "
            f"{error:.2g}, expected at most {GATES[precision]:g}"
        )
    return request


def _resized(graph: ov.Model, side: int) -> ov.Model:
    copy = graph.clone()
    channels = graph.input(0).get_partial_shape()[1].get_length()
    copy.reshape([1, channels, side, side])
    return copy


def _compile(graph: ov.Model, side: int, threads: int, precision: Precision) -> ov.InferRequest:
    """Compile for a square input of `side` pixels."""
    still = _resized(graph, side)
    if precision == "float32":
        normalise_exactly(still)
    return compiled(still, precision, threads).create_infer_request()


def _difference(request: ov.InferRequest, network: NetworkGraph) -> float:
    """Relative L2 norm of the difference from torch, on noise, of the worst output plane."""
    given = noise(network.recipe.input_planes, network.side_px)
    apart, size = (
        np.linalg.norm(planes, axis=(1, 2))
        for planes in (compared(_of_one(request, given)) - network.answer, network.answer)
    )
    return float((apart / size).max())


def _of_one(request: ov.InferRequest, tensor: Tensor) -> Tensor:
    """(1, channel, y, x) → (1, output, y, x); valid until the next call."""
    answer: Tensor = request.infer([tensor], share_inputs=True, share_outputs=True)[0]
    return answer
