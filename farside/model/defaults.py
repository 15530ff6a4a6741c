"""Folders, arithmetic, deadline and tensor names of models, for engines, export and service."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path
from typing import Literal

Precision = Literal["float32", "bfloat16"]
"""Arithmetic of an in-process engine."""

DEADLINE_S = 120.0
"""Longest time of a request: in the service, at Triton, and in Triton's queue, seconds."""

INPUT, OUTPUT = "INPUT__0", "OUTPUT__0"
"""Names of the tensors at Triton, whose pytorch backend requires such an index."""

FOLDER = "model_repository"


def default_folder() -> Path:
    """Folder of models where none is named.

    It is the first of these that there is: the one that the environment variable
    FARSIDE_MODEL_REPOSITORY names, ``model_repository`` in the current folder, that of the clone
    that Farside runs from, and the demonstration models that were installed with it.
    """
    named = os.environ.get("FARSIDE_MODEL_REPOSITORY")
    if named:
        return Path(named)
    here = Path(FOLDER)
    clone = Path(__file__).parents[2] / FOLDER
    installed = Path(sysconfig.get_path("data")) / "share" / "farside" / FOLDER
    return next((folder for folder in (here, clone, installed) if folder.is_dir()), here)


def cache_folder() -> Path | None:
    """Folder of what can be made again: FARSIDE_CACHE, else that of the user; None where it is off.

    The user's is ``$XDG_CACHE_HOME/farside``, by default ``~/.cache/farside``.
    """
    named = os.environ.get("FARSIDE_CACHE", "")
    if named.lower() == "off":
        return None
    base = os.environ.get("XDG_CACHE_HOME", "")
    home = Path(base) if base.startswith("/") else Path("~/.cache").expanduser()
    return Path(named) if named else home / "farside"
