"""Model files: weights and Recipe in one safetensors file; import of the authors' ``*_G.pt``."""

from __future__ import annotations

import hashlib
import importlib
import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from farside.errors import CheckpointError, RecipeError
from farside.io.atomic import atomic_path
from farside.model.recipe import Recipe

if TYPE_CHECKING:
    from farside.model.networks import Network, StateDict

# torch and the networks are imported where they are used: that takes seconds, and an engine that
# has the graph of a network needs neither.

RECIPE_KEY = "recipe"
"""Key of the safetensors metadata that holds the Recipe as JSON."""

FILE_NAME = "model.safetensors"

MAX_ARGUMENT = 1024
"""Limit on the absolute value of a network argument, a choice; the papers' largest is 64."""


class Checkpoint(NamedTuple):
    """Content of a model file: the Recipe, the identity of the weights, and the weights."""

    recipe: Recipe
    identity: str
    state: StateDict


def write(path: Path, state: StateDict, recipe: Recipe, half: bool = False) -> str:
    """Write weights and Recipe as one safetensors file; return the identity of the weights.

    Parameters
    ----------
    path
        File to write, atomically.
    state
        Tensors by key, checked against the network that the Recipe names.
    recipe
        Stored in the metadata of the file.
    half
        Store float16: half the size and another identity.

    Returns
    -------
    str
        Identity of the weights, see :func:`identify`.

    Raises
    ------
    CheckpointError
        The weights are not finite as stored, or do not fit the network or the Recipe.
    """
    import torch
    from safetensors.torch import save_file

    from farside.model.networks import cast_floats

    build(recipe, state)
    dtype = torch.float16 if half else torch.float32
    stored = {
        k: cast_floats(tensor.detach().cpu(), dtype).contiguous() for k, tensor in state.items()
    }
    infinite = [key for key, tensor in stored.items() if not bool(tensor.isfinite().all())]
    if infinite:
        raise CheckpointError(f"weights are not finite as {dtype}: {', '.join(infinite)}")
    with atomic_path(path) as temporary:
        save_file(stored, temporary, metadata={RECIPE_KEY: recipe.to_json()})
    return identify(path)


def read(path: Path) -> Checkpoint:
    """Read a model file.

    Raises
    ------
    CheckpointError
        The file is not safetensors, is damaged, has no Recipe, or has weights that are not finite.
    RecipeError
        The Recipe does not parse.
    """
    try:
        with safe_open(path, framework="pt") as file:
            recipe = _recipe(file.metadata() or {}, path)
            # Copies: tensors of `safe_open` map the file, and fault when it is overwritten.
            state = {key: file.get_tensor(key).clone() for key in file.keys()}  # noqa: SIM118  no mapping
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{_place(path)} does not read: {error}", (path.name,)) from error
    _check_finite(path, [key for key, tensor in state.items() if not bool(tensor.isfinite().all())])
    return Checkpoint(recipe, identify(path), state)


def describe(path: Path) -> tuple[Recipe, str]:
    """Read the Recipe and the identity of a model file; its weights are not loaded.

    Raises
    ------
    CheckpointError
        Not a safetensors file, damaged, or without a Recipe.
    RecipeError
        Its Recipe does not parse.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            recipe = _recipe(file.metadata() or {}, path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{_place(path)} does not read: {error}", (path.name,)) from error
    return recipe, identify(path)


def read_arrays(path: Path) -> Mapping[str, NDArray[np.float32]]:
    """Read the floating-point tensors of a model file as arrays, without torch.

    Raises
    ------
    CheckpointError
        The file is not safetensors, is damaged, or has weights that are not finite.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            stored = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  no mapping
    except (SafetensorError, OSError, TypeError) as error:
        raise CheckpointError(f"{_place(path)} does not read: {error}", (path.name,)) from error
    arrays = {k: a.astype(np.float32) for k, a in stored.items() if a.dtype.kind == "f"}
    _check_finite(path, [key for key, array in arrays.items() if not np.isfinite(array).all()])
    return arrays


def _check_finite(path: Path, infinite: Sequence[str]) -> None:
    if infinite:
        raise CheckpointError(
            f"{_place(path)} holds weights that are not finite: {', '.join(infinite[:5])}",
            (path.name,),
        )


def _place(path: Path) -> str:
    """Name of a model file with the folders that tell its model and version."""
    return "/".join(path.parts[-3:])


def _recipe(metadata: dict[str, str], path: Path) -> Recipe:
    if RECIPE_KEY not in metadata:
        raise CheckpointError(
            f"{_place(path)} carries no Recipe: got metadata {sorted(metadata)}, "
            f"expected {RECIPE_KEY!r}",
            (path.name,),
        )
    try:
        return Recipe.from_json(metadata[RECIPE_KEY])
    except RecipeError as error:
        raise RecipeError(f"{_place(path)}: {error}", (path.name,)) from error


def identify(path: Path) -> str:
    """Identity of a model: hexadecimal sha256 of the tensors of a safetensors file.

    The hash covers, for each tensor in sorted key order, the line
    ``["<key>", "<dtype>", [<shape>]]`` as JSON, a newline, and the tensor's bytes as stored
    (little-endian, row-major). Metadata are excluded, so that scores can be added to a Recipe
    later; the order of the tensors in the file does not matter.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        for key in sorted(header.keys() - {"__metadata__"}):
            entry = header[key]
            begin, end = entry["data_offsets"]
            digest.update(json.dumps([key, entry["dtype"], entry["shape"]]).encode() + b"\n")
            file.seek(8 + length + begin)
            digest.update(file.read(end - begin))
    return digest.hexdigest()


def build(recipe: Recipe, state: StateDict) -> Network:
    """Build the network named by a Recipe with the weights of `state`, ready for inference.

    Raises
    ------
    CheckpointError
        The network does not exist, rejects its arguments, has other keys or shapes than `state`,
        or contradicts the channels, outputs or grid of the Recipe.
    """
    import torch

    from farside.model.networks import load_state

    try:
        with torch.device("meta"):
            network = initialise(recipe)
        load_state(network, state)
    except CheckpointError as error:
        raise CheckpointError(f"{recipe.name} {recipe.version}: {error}") from error
    return network.eval().requires_grad_(False)


def initialise(recipe: Recipe) -> Network:
    """Build the network named by a Recipe with random weights, ready for training.

    Raises
    ------
    CheckpointError
        The network does not exist, rejects its arguments, or contradicts the channels, outputs or
        grid of the Recipe.
    """
    _check_arguments(recipe)
    try:
        network = _resolve(recipe.network.name)(**recipe.network.arguments)
    except (TypeError, ValueError, RuntimeError, OverflowError, MemoryError) as error:
        raise CheckpointError(
            f"{recipe.network.name} does not take {recipe.network.arguments}: {error}"
        ) from error
    _check_agreement(recipe, network)
    return network


def _check_arguments(recipe: Recipe) -> None:
    """Refuse numbers of layers or channels that would exhaust time or memory."""
    for name, value in recipe.network.arguments.items():
        # Negated, so that NaN is refused too. A seed is not a size.
        if not isinstance(value, str) and name != "seed" and not abs(value) <= MAX_ARGUMENT:
            raise CheckpointError(
                f"{recipe.network.name} does not take {name} = {value}: expected at most "
                f"{MAX_ARGUMENT}"
            )


def _resolve(name: str) -> type[Network]:
    from farside.model.networks import Network

    # The Recipe's pattern allows no dot and no slash: nothing outside farside.model.networks is
    # imported.
    module_name, class_name = name.split(":")
    try:
        module = importlib.import_module(f"farside.model.networks.{module_name}")
    except ModuleNotFoundError as error:
        raise CheckpointError(f"no module {module_name!r} in farside.model.networks") from error
    found = getattr(module, class_name, None)
    if not (isinstance(found, type) and issubclass(found, Network) and found is not Network):
        raise CheckpointError(f"no network {class_name!r} in farside.model.networks.{module_name}")
    return found


def _check_agreement(recipe: Recipe, network: Network) -> None:
    size = recipe.side_px
    for what, in_recipe, in_network in (
        ("input planes", recipe.input_planes, network.input_channels),
        ("outputs", len(recipe.outputs), network.output_channels),
    ):
        if in_recipe != in_network:
            raise CheckpointError(
                f"Recipe and network disagree: got {in_recipe} {what} in the Recipe, "
                f"{in_network} in the network"
            )
    odd = network.odd_planes
    if odd is not None and odd != recipe.odd_planes:
        raise CheckpointError(
            f"Recipe and network disagree on the planes that change sign with the hemisphere: got "
            f"{recipe.odd_planes} in the Recipe, {odd} in the network"
        )
    if size % network.side_multiple or size < network.min_side:
        raise CheckpointError(
            f"grid of {size} px does not suit the network: expected a multiple of "
            f"{network.side_multiple} from {network.min_side}"
        )


def import_weights(weights: Path, recipe_toml: Path, out: Path, half: bool = False) -> str:
    """Convert the authors' ``<iteration>_G.pt`` and a Recipe to a model file; return its identity.

    Hyper-parameters of the network are inferred from the shapes of the tensors and written into
    the Recipe, so its ``network.arguments`` may be omitted.

    Raises
    ------
    CheckpointError
        The file is not a plain state dict of the network named by the Recipe; lists the keys that
        do not fit.
    RecipeError
        The Recipe does not parse.
    """
    from farside.model.networks import network_name

    recipe = Recipe.from_toml(recipe_toml.read_text(encoding="utf-8"))
    network = _resolve(recipe.network.name).from_authors(_load_weights(weights))
    found = recipe.network.model_copy(update={"arguments": dict(network.arguments)})
    stated = recipe.network.arguments
    differing = sorted(k for k in stated if stated[k] != network.arguments.get(k))
    if differing:
        raise CheckpointError(
            f"{weights.name} and the Recipe disagree on the network: got {recipe.network} in the "
            f"Recipe, the weights are of {network_name(type(network))} {network.arguments}",
            (weights.name,),
        )
    return write(out, network.state_dict(), recipe.model_copy(update={"network": found}), half)


def _load_weights(weights: Path) -> StateDict:
    import torch

    try:
        loaded = torch.load(weights, map_location="cpu", weights_only=True)
    except OSError as error:
        raise CheckpointError(f"{weights.name} does not open: {error}", (weights.name,)) from error
    except Exception as error:  # the unpickler raises any type of error on untrusted bytes
        raise CheckpointError(
            f"{weights.name} is not a plain state dict, and nothing else is unpickled: "
            f"{str(error).splitlines()[0] if str(error) else type(error).__name__}",
            (weights.name,),
        ) from error
    if not isinstance(loaded, dict) or not all(
        isinstance(key, str) and isinstance(tensor, torch.Tensor) for key, tensor in loaded.items()
    ):
        raise CheckpointError(
            f"{weights.name} is not a plain state dict: got {type(loaded).__name__}, expected "
            "tensors by name",
            (weights.name,),
        )
    return loaded


def newest_versions(repository: Path) -> tuple[Path, ...]:
    """Paths ``<model>/<version>/model.safetensors`` of the highest version of each model."""
    versions: dict[str, Path] = {}
    for path in repository.glob(f"*/*/{FILE_NAME}"):
        version = path.parent.name
        best = versions.get(path.parts[-3])
        if version.isdecimal() and (best is None or int(version) > int(best.parent.name)):
            versions[path.parts[-3]] = path
    return tuple(versions[model] for model in sorted(versions))
