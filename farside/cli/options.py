"""Options that several commands have, and the engine that they choose."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from farside.model.engine import Engine

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


def embedded_engine(repository: Path, precision: Precision = Precision.float32) -> Engine:
    """Load a repository in this process."""
    from farside.model.engines import embedded

    threads = os.environ.get("FARSIDE_THREADS")
    count = int(threads) if threads else None
    return embedded(repository, count, precision.value)


def only_model(engine: Engine) -> str:
    """Name of the only model of an engine.

    Raises
    ------
    BadParameter
        There are several.
    """
    names = sorted(engine.models())
    if len(names) != 1:
        raise typer.BadParameter(f"--model is needed: the repository holds {', '.join(names)}")
    return names[0]
