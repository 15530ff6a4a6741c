"""Read a model repository for the in-process engines."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from farside.errors import CheckpointError, EngineUnavailableError, UnknownModelError
from farside.model import checkpoint
from farside.model.checkpoint import Checkpoint
from farside.model.recipe import Recipe


def find_models(folder: Path, names: Collection[str] = ()) -> Mapping[str, Path]:
    """Find the file of the highest version of every model in a repository, by name.

    Parameters
    ----------
    names
        Only these models, if any are given.

    Raises
    ------
    EngineUnavailableError
        No model in the folder.
    UnknownModelError
        One of `names` is not in it; lists those that are.
    """
    paths = {path.parts[-3]: path for path in checkpoint.newest_versions(folder)}
    if not paths:
        found = f"{len(list(folder.iterdir()))} other entries" if folder.is_dir() else "no folder"
        raise EngineUnavailableError(
            f"no model in {folder}: got {found}, expected <model>/<version>/{checkpoint.FILE_NAME}"
        )
    missing = sorted(set(names) - paths.keys())
    if missing:
        raise UnknownModelError(
            f"no model {missing[0]!r} in {folder}: expected one of {', '.join(sorted(paths))}"
        )
    return {name: path for name, path in paths.items() if not names or name in names}


def read_repository(folder: Path, names: Collection[str] = ()) -> Mapping[str, Checkpoint]:
    """Read the highest version of every model in a repository, by name; of `names` if given.

    Raises
    ------
    EngineUnavailableError
        No model in the folder.
    UnknownModelError
        One of `names` is not in it.
    CheckpointError, RecipeError
        A model file that does not load, or whose Recipe says another name or version than the
        folders it lies in.
    """
    return {name: _read_in_place(path) for name, path in find_models(folder, names).items()}


def _read_in_place(path: Path) -> Checkpoint:
    read = checkpoint.read(path)
    check_place(read.recipe, path)
    return read


def check_place(recipe: Recipe, path: Path) -> None:
    """Check that a Recipe has the name and version of the folders that its file lies in.

    Raises
    ------
    CheckpointError
        It says another name or version.
    """
    stated, found = (recipe.name, recipe.version), path.parts[-3:-1]
    if stated != found:
        raise CheckpointError(
            f"{path.name} in {'/'.join(found)} says that it is {'/'.join(stated)}", (path.name,)
        )
