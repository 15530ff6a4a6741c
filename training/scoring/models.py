"""Models to be scored, from a repository or from a model file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from farside.errors import CheckpointError
from farside.model import checkpoint
from farside.model.engine import Engine, Model, find_model
from farside.model.engines.torch import TorchEngine


def load(model: str, repository: Path) -> tuple[Model, Engine]:
    """Load a model by the name it has in a repository, or by its file.

    Raises
    ------
    ModelError, EngineUnavailableError
        The model does not exist, or does not load.
    """
    path = Path(model)
    if path.is_file():
        file = checkpoint.read(path)
        engine = TorchEngine({file.recipe.name: file})
        return find_model(engine, file.recipe.name), engine
    if path.suffix:
        raise CheckpointError(f"no model file {model}", (model,))
    engine = TorchEngine.from_repository(repository)
    return find_model(engine, model), engine


@dataclass(frozen=True)
class ScoredModel:
    """Model that was scored."""

    name: str
    version: str
    identity: str
    title: str


def scored_model(model: Model) -> ScoredModel:
    """Describe a model for a page of scores."""
    recipe = model.recipe
    return ScoredModel(recipe.name, recipe.version, model.identity, recipe.title)


def check_names(names: Iterable[str]) -> None:
    """Refuse models of which two have one name.

    Raises
    ------
    ValueError
        A name comes twice.
    """
    names = list(names)
    if len(set(names)) < len(names):
        raise ValueError(f"models: got {', '.join(names)}, expected each name once")
