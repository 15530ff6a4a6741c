"""OpenVINO graph of a network: stored beside its model file, cached on disk, or traced by torch.

Tracing takes seconds and needs torch. A stored graph has no weights, hence its few kilobytes; they
are read from the model file, whose identity the graph names. The answer of torch to noise is stored
with it, so that an engine can be compared with torch where torch is not installed.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as ops

from farside.errors import EngineUnavailableError
from farside.io.atomic import NamedFile
from farside.model import checkpoint
from farside.model.defaults import cache_folder
from farside.model.engine import Tensor
from farside.model.engines.openvino_core import core
from farside.model.recipe import Recipe
from farside.model.repository import check_place

FILE_NAME = "openvino.npz"
"""Name of a graph that lies beside its model file."""

MAX_CACHED = 64
"""Most graphs in the cache, of 30 to 300 kB; the oldest are removed."""

COMPARED_PIXELS = 32
"""Most pixels a side, evenly spaced, of torch's answer that are kept."""

_COMPARED = "noise in [-1, 1]"
"""What torch's answer is to: an answer to anything else is of no use."""

_LEAST_BYTES = 64
"""Smallest constant that is looked for among the weights."""

_SEPARATOR = ":"
_NETWORKS = Path(checkpoint.__file__).with_name("networks")


class NetworkGraph(NamedTuple):
    """Network as OpenVINO runs it, and what torch answers to noise.

    Attributes
    ----------
    recipe, identity
        Those of the model.
    graph
        For one image of any size, float32.
    side_px
        Side of the noise of :func:`noise`.
    answer
        Every n-th pixel of torch's answer to it, (output, y, x).
    """

    recipe: Recipe
    identity: str
    graph: ov.Model
    side_px: int
    answer: NDArray[np.float32]


def noise(channels: int, side_px: int) -> Tensor:
    """Noise like images in network units, (1, channel, y, x), always the same.

    It is strongest on large scales (power as 1/frequency²) and clipped to [-1, 1], one deviation.
    """
    white = np.random.default_rng(0).normal(size=(1, channels, side_px, side_px))
    frequency = np.hypot(np.fft.fftfreq(side_px)[:, None], np.fft.rfftfreq(side_px))
    spectrum = np.fft.rfft2(white) / np.maximum(frequency, 1 / side_px)
    red = np.fft.irfft2(spectrum, s=white.shape[-2:])
    red /= red.std(axis=(-2, -1), keepdims=True)
    return red.clip(-1, 1).astype(np.float32)


def compared(answer: Tensor) -> NDArray[np.float32]:
    """Pixels of an answer (1, output, y, x) that are compared, (output, y, x)."""
    step = -(-answer.shape[-1] // COMPARED_PIXELS)
    return np.ascontiguousarray(answer[0, :, ::step, ::step])


def open_network(path: Path) -> NetworkGraph:
    """Open the network of a model file: stored beside it, cached, or traced by torch.

    Raises
    ------
    CheckpointError, RecipeError
        The file does not load, or its Recipe contradicts the name or version of its folders.
    EngineUnavailableError
        No graph is stored, and torch, which traces one, is not installed.
    """
    recipe, identity = checkpoint.describe(path)
    check_place(recipe, path)
    beside, cached = path.with_name(FILE_NAME), _cached(recipe, identity)
    for stored in (beside, *cached):
        found = _read(stored, path, recipe, identity)
        if found is not None:
            return found
    made = _traced(path)
    for stored in cached:
        _keep(made, path, stored)
    return made


def _traced(path: Path) -> NetworkGraph:
    """Trace the network of a model file by torch.

    Raises
    ------
    CheckpointError, RecipeError
        The file does not load.
    EngineUnavailableError
        torch is not installed.
    """
    if find_spec("torch") is None:
        raise EngineUnavailableError(
            f"{'/'.join(path.parts[-3:])}: no {FILE_NAME} of these weights beside it, and no torch "
            "to trace the network: expected either one"
        )
    from farside.model.engines.openvino_trace import trace

    return trace(checkpoint.read(path))


def store_network(path: Path) -> Path:
    """Trace the network of a model file and store its graph beside it; return where.

    Raises
    ------
    CheckpointError, RecipeError
        The file does not load.
    EngineUnavailableError
        torch is not installed.
    """
    packed = pack(_traced(path), checkpoint.read_arrays(path))
    return NamedFile(FILE_NAME, packed).write_to(path.parent)


def pack(network: NetworkGraph, weights: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Pack a graph without its weights: the content of :data:`FILE_NAME`.

    Parameters
    ----------
    network
        Graph with its weights.
    weights
        Tensors of the model file.
    """
    bare = network.graph.clone()
    _take_weights(bare, {array.tobytes(): key for key, array in weights.items()})
    structure, constants = _serialised(bare)
    file = BytesIO()
    np.savez_compressed(
        file,
        model=np.array(_described(network.recipe, network.identity)),
        structure=np.frombuffer(structure, np.uint8),
        constants=np.frombuffer(constants, np.uint8),
        side_px=np.array(network.side_px),
        answer=network.answer,
    )
    return file.getvalue()


def _described(recipe: Recipe, identity: str) -> str:
    """What a graph depends on: it is of no use to a model of which any of it differs."""
    planes = (recipe.input_planes, len(recipe.outputs), recipe.odd_planes, recipe.side_px)
    parts = [identity, recipe.network.model_dump(), planes, _COMPARED]
    return json.dumps(parts, sort_keys=True)


def _read(stored: Path, model: Path, recipe: Recipe, identity: str) -> NetworkGraph | None:
    """Read a stored graph; None if there is none for this model, or a damaged one."""
    try:
        # Zip verifies its checksums.
        with np.load(BytesIO(stored.read_bytes()), allow_pickle=False) as file:
            if str(file["model"]) != _described(recipe, identity):
                return None
            graph = core().read_model(file["structure"].tobytes(), ov.Tensor(file["constants"]))
            side_px, answer = int(file["side_px"]), np.asarray(file["answer"], np.float32)
        _put_weights(graph, checkpoint.read_arrays(model))
    except _DAMAGED:
        return None
    return NetworkGraph(recipe, identity, graph, side_px, answer)


_DAMAGED = (OSError, EOFError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""Errors of a file that is missing or no graph; those of the model file are not among them."""


def _take_weights(graph: ov.Model, keys: Mapping[bytes, str]) -> None:
    """Replace each constant that is a weight by an input with its key as name."""
    for index, node in enumerate(graph.get_ordered_ops()):
        if node.get_type_name() != "Constant" or node.data.nbytes < _LEAST_BYTES:
            continue
        key = keys.get(node.data.tobytes())
        if key is not None:
            # Two weights may have the same values, and nodes their names only once.
            name = f"{index}{_SEPARATOR}{key}"
            given = ops.parameter(node.get_output_shape(0), node.get_element_type(), name=name)
            node.output(0).replace(given.output(0))
            graph.add_parameters([given])


def _put_weights(graph: ov.Model, weights: Mapping[str, NDArray[np.float32]]) -> None:
    for given in graph.get_parameters()[1:]:
        key = given.get_friendly_name().partition(_SEPARATOR)[2]
        array = weights[key].reshape(given.get_output_shape(0))
        given.output(0).replace(ops.constant(array, shared_memory=True).output(0))
        graph.remove_parameter(given)


def _serialised(graph: ov.Model) -> tuple[bytes, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        structure, constants = Path(folder, "graph.xml"), Path(folder, "graph.bin")
        ov.serialize(graph, structure, constants)
        return structure.read_bytes(), constants.read_bytes()


def _cached(recipe: Recipe, identity: str) -> tuple[Path, ...]:
    """Place of a graph in the cache, none if there is no cache.

    A cached graph is of one version of OpenVINO and of the code of the networks.
    """
    folder = cache_folder()
    if folder is None:
        return ()
    code = b"".join(path.read_bytes() for path in sorted(_NETWORKS.glob("*.py")))
    key = "\n".join((_described(recipe, identity), version("openvino"))).encode() + code
    return (folder / f"{hashlib.sha256(key).hexdigest()[:32]}.npz",)


def _keep(made: NetworkGraph, model: Path, stored: Path) -> None:
    """Store a graph in the cache and remove the oldest beyond its bound; ignore a full disk."""
    try:
        NamedFile(stored.name, pack(made, checkpoint.read_arrays(model))).write_to(stored.parent)
        for old in sorted(stored.parent.glob("*.npz"), key=os.path.getmtime)[:-MAX_CACHED]:
            old.unlink(missing_ok=True)
    except OSError:
        pass
