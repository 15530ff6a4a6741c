"""The models of a folder: described at once, compiled at their first use."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from threading import Lock

from farside.errors import UnknownModelError
from farside.model import checkpoint
from farside.model.defaults import Precision
from farside.model.engine import Engine, Model, only_model
from farside.model.engines import embedded
from farside.model.repository import find_models


class Models(Mapping[str, Model]):
    """Models of a folder by name; each is compiled when it is first used, and kept.

    Parameters
    ----------
    folder
        Holds ``<model>/<version>/model.safetensors``; the highest version of each counts.
    names
        Only these models, if any are given.
    threads
        Of one forward pass; by default one for each core.
    precision
        ``"float32"`` or ``"bfloat16"``.

    Raises
    ------
    EngineUnavailableError
        No model in the folder.
    UnknownModelError
        One of `names` is not in it.

    Examples
    --------
    >>> import farside
    >>> models = farside.load_models(names=["pix2pixcc-demo"])
    >>> list(models)
    ['pix2pixcc-demo']
    >>> models["pix2pixcc-demo"].recipe.training.data
    'SIMULATED'
    """

    def __init__(
        self,
        folder: Path,
        names: Collection[str] = (),
        threads: int | None = None,
        precision: Precision = "float32",
    ) -> None:
        self._folder, self._threads, self._precision = folder, threads, precision
        self._paths = find_models(folder, names)
        self._engines: dict[str, Engine] = {}
        self._compiling = Lock()

    def __getitem__(self, name: str) -> Model:
        if name not in self._paths:
            raise KeyError(name)
        return Model(*checkpoint.describe(self._paths[name]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    def __repr__(self) -> str:
        return f"<Models of {self._folder}: {', '.join(self)}>"

    def default(self) -> str:
        """Name of the model to use where none is named.

        It is the one that the environment variable FARSIDE_DEFAULT_MODEL names, or the only one.

        Raises
        ------
        UnknownModelError
            There are several, and none is the default.
        """
        return os.environ.get("FARSIDE_DEFAULT_MODEL") or only_model(self)

    def engine(self, name: str) -> Engine:
        """Compile a model, unless it was before, and give the engine that runs it.

        Raises
        ------
        UnknownModelError
            There is no such model.
        CheckpointError, RecipeError
            Its file does not load.
        """
        if name not in self._paths:
            raise UnknownModelError(
                f"no model {name!r} in {self._folder}: expected one of {', '.join(sorted(self))}"
            )
        with self._compiling:
            if name not in self._engines:
                self._engines[name] = embedded(
                    self._folder, self._threads, self._precision, names=(name,)
                )
            return self._engines[name]
