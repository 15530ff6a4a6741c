"""Options shared by several commands, and the models that they select."""

from __future__ import annotations

import os
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from farside.model.models import Models

Repository = Annotated[
    Path,
    typer.Option(envvar="FARSIDE_MODEL_REPOSITORY", help="Folder of the models."),
]
Server = Annotated[
    str | None,
    typer.Option(
        help="Address of a Farside service, e.g. http://localhost:3000; without it, the network "
        "runs in this process."
    ),
]
ModelName = Annotated[
    str | None,
    typer.Option(
        envvar="FARSIDE_DEFAULT_MODEL",
        help="Name of the model, see `farside models`; may be left out if there is only one.",
    ),
]


class Precision(StrEnum):
    """Floating-point format of the network's arithmetic."""

    float32 = "float32"
    bfloat16 = "bfloat16"


def embedded_models(repository: Path, precision: Precision = Precision.float32) -> Models:
    """Open a repository; its models are loaded in this process when they are first used."""
    from farside.model.models import Models

    threads = os.environ.get("FARSIDE_THREADS")
    return Models(repository, (), int(threads) if threads else None, precision.value)


def only_model(models: Iterable[str]) -> str:
    """Name of the only model.

    Raises
    ------
    BadParameter
        If there are several.
    """
    names = sorted(models)
    if len(names) != 1:
        raise typer.BadParameter(f"no --model, expected one of {', '.join(names)}")
    return names[0]
