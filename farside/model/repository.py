"""Read a model repository for the in-process engines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from farside.errors import CheckpointError, EngineUnavailableError
from farside.model import checkpoint
from farside.model.checkpoint import Checkpoint


def read_repository(folder: Path) -> Mapping[str, Checkpoint]:
    """Read the highest version of every model in a repository, by name.

    Raises
    ------
    EngineUnavailableError
        The folder holds no model.
    CheckpointError, RecipeError
        A model file does not load, or its Recipe contradicts the name or version of its folders.
    """
    paths = checkpoint.newest(folder)
    if not paths:
        raise EngineUnavailableError(
            f"no model in {folder}: expected <model>/<version>/{checkpoint.FILE_NAME}"
        )
    return {path.parts[-3]: _read_in_place(path) for path in paths}


def _read_in_place(path: Path) -> Checkpoint:
    read = checkpoint.read(path)
    stated, found = (read.recipe.name, read.recipe.version), path.parts[-3:-1]
    if stated != found:
        raise CheckpointError(
            f"{path.name} in {'/'.join(found)} says that it is {'/'.join(stated)}", (path.name,)
        )
    return read
