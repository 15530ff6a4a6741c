"""Options that several commands have, and the engine that they choose."""

from __future__ import annotations

import os
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from farside.model.engine import Engine
    from farside.model.models import Models

Repository = Annotated[
    Path,
    typer.Option(envvar="FARSIDE_MODEL_REPOSITORY", help="Folder of models."),
]
Server = Annotated[
    str | None, typer.Option(help="Address of a Farside service; without it, all happens here.")
]
ModelName = Annotated[
    str | None, typer.Option(envvar="FARSIDE_DEFAULT_MODEL", help="Name, see `farside models`.")
]


class Precision(StrEnum):
    """Arithmetic of the network."""

    float32 = "float32"
    bfloat16 = "bfloat16"


def embedded_engine(repository: Path) -> Engine:
    """Load a whole repository in this process."""
    from farside.model.engines import embedded

    return embedded(repository, _threads())


def embedded_models(repository: Path, precision: Precision = Precision.float32) -> Models:
    """Open a repository; its models are loaded in this process when they are first used."""
    from farside.model.models import Models

    return Models(repository, (), _threads(), precision.value)


def _threads() -> int | None:
    threads = os.environ.get("FARSIDE_THREADS")
    return int(threads) if threads else None


def only_model(models: Iterable[str]) -> str:
    """Name of the only model.

    Raises
    ------
    BadParameter
        There are several.
    """
    names = sorted(models)
    if len(names) != 1:
        raise typer.BadParameter(f"--model is needed: the repository holds {', '.join(names)}")
    return names[0]
