"""Shared parts of the commands: options, times, models and the progress bar."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from farside.io.formats import FITS_SUFFIXES
from farside.model.defaults import Precision, default_folder
from farside.progress import Progress

if TYPE_CHECKING:
    from astropy.time import Time

    from farside.model.models import Models

FILE = "PATH|ADDRESS"
"""Metavariable of an option that takes a path, or an address such as s3://bucket/key."""

Repository = Annotated[
    Path | None,
    typer.Option(
        envvar="FARSIDE_MODEL_REPOSITORY",
        help="Folder of the models. Default: model_repository here, in the clone, or as installed.",
    ),
]
Server = Annotated[
    str | None,
    typer.Option(
        help="Address of a Farside service, e.g. http://localhost:3000; without it, this process "
        "does the work. Its API key, if it wants one, is that of the environment variable "
        "FARSIDE_API_KEY."
    ),
]
ModelName = Annotated[
    str | None,
    typer.Option(
        envvar="FARSIDE_DEFAULT_MODEL",
        help="Name of the model, see `farside models`; may be left out if there is only one.",
    ),
]


def embedded_models(repository: Path | None, precision: Precision = "float32") -> Models:
    """Open a folder of models; each is loaded in this process when it is first used."""
    from farside.model.models import Models

    threads = os.environ.get("FARSIDE_THREADS")
    return Models(repository or default_folder(), (), int(threads) if threads else None, precision)


def parse_time(text: str) -> Time:
    """Parse the time of an option, UTC.

    Raises
    ------
    BadParameter
        If `text` is not a time.
    """
    from farside.sun import times

    try:
        return times.parse_time(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def parse_time_if_any(text: str | None) -> Time | None:
    """Parse the time of an option that may be left out."""
    return None if text is None else parse_time(text)


def check_output(
    out: str | Path, inputs: Iterable[str | Path], suffixes: Sequence[str] = FITS_SUFFIXES
) -> None:
    """Refuse a file to write that is a folder, has another suffix, or is one that is to be read.

    Parameters
    ----------
    out
        Path or address; the suffix of an address may be any.
    inputs
        Files that are read, by path or address.

    Raises
    ------
    BadParameter
        What was got, and what was expected.
    """
    from farside.io.objects import is_address

    path = Path(out)
    if is_address(out):
        is_input = out in inputs
    elif path.is_dir():
        raise typer.BadParameter(f"{out} is a folder, expected --out with the name of a file")
    elif path.suffix.lower() not in suffixes:
        raise typer.BadParameter(f"--out is {out}, expected a name in {' or '.join(suffixes)}")
    else:
        is_input = path.resolve() in {Path(each).resolve() for each in inputs}
    if is_input:
        raise typer.BadParameter(f"{out} is one of the inputs, expected --out with another name")


@contextmanager
def progress_bar(what: str) -> Iterator[Progress]:
    """Show the progress of `what` as a bar on standard error, from the first report on."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None, visible=False)

        def tell(done: int, number: int) -> None:
            bar.update(task, completed=done, total=number, visible=True)

        yield tell


def working(what: str) -> AbstractContextManager[object]:
    """Show on standard error that a step whose length is not known runs, until the block ends."""
    from rich.console import Console

    return Console(stderr=True).status(what)
