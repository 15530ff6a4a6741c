"""``farside fetch``: the files of one time from the public archives."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from farside.cli.options import ModelName, Repository, parse_time
from farside.cli.watch import log_to_standard_error
from farside.model.defaults import default_folder

if TYPE_CHECKING:
    from farside.fetch import Archives
    from farside.fetch.fetch import What as Kind
    from farside.model.recipe import Recipe


Spacecraft = Literal["A", "B", "Earth"]


class What(StrEnum):
    """Files to fetch: typer takes no list of a Literal."""

    set = "set"
    beacon = "beacon"
    observed = "observed"
    base = "base"


def fetch(
    time: Annotated[
        str | None, typer.Option(help="Time of observation, UTC, e.g. 2026-11-01T00:00:00.")
    ] = None,
    spacecraft: Annotated[
        Spacecraft, typer.Option(help="Spacecraft of the observation: STEREO-A, -B, or SDO.")
    ] = "A",
    out: Annotated[Path | None, typer.Option(file_okay=False, help="Folder to write to.")] = None,
    what: Annotated[
        list[What] | None,
        typer.Option(
            help="set: images of the model's channels, references at the epoch of Eq. 5; beacon: "
            "the same from beacon data only; observed: HMI of the time itself; base: a GONG map. "
            "Repeat for several. Default: set."
        ),
    ] = None,
    model: ModelName = None,
    repository: Repository = None,
    archives: Annotated[
        Path | None,
        typer.Option(
            envvar="FARSIDE_ARCHIVES",
            exists=True,
            dir_okay=False,
            help="TOML file of changes to the table of archives, see docs/fetch.md.",
        ),
    ] = None,
    mirror: Annotated[
        str | None,
        typer.Option(
            envvar="FARSIDE_MIRROR",
            help="Address of a mirror that has each archive below its host name.",
        ),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            file_okay=False,
            help="Folder of downloads. Default: downloads in FARSIDE_CACHE, or in farside in the "
            "user's cache folder.",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether each archive answers.")
    ] = False,
) -> None:
    """Fetch the files of one time from the archives of STEREO, SDO and GONG.

    Prints role and path of each file, and writes a record of what was chosen and why (JSON).
    """
    from farside.fetch import fetch as fetch_files
    from farside.fetch import load_archives
    from farside.fetch.fetch import A_SET

    log_to_standard_error("farside.fetch")
    table = load_archives(archives, mirror)
    if check:
        check_archives(table, cache)
        return
    if time is None or out is None:
        raise typer.BadParameter("expected --time and --out, or --check")
    recipe = _recipe(repository, model)
    kinds = cast("list[Kind]", [each.value for each in what or []])
    fetched = fetch_files(
        parse_time(time), spacecraft, out, recipe, what=kinds or A_SET, archives=table, cache=cache
    )
    for file in fetched.files:
        typer.echo(f"{file.role} {file.path}")


def check_archives(archives: Archives, cache: Path | None) -> None:
    """Print the state of each source; exit code 1 if one cannot be used."""
    from farside.fetch import check_sources

    states = []
    for state in check_sources(archives, cache):
        typer.echo(state)
        states.append(state)
    if any(state.error is not None for state in states):
        raise typer.Exit(1)


def _recipe(repository: Path | None, name: str | None) -> Recipe:
    from farside.model.checkpoint import describe
    from farside.model.engine import only_model
    from farside.model.repository import find_models

    paths = find_models(repository or default_folder(), (name,) if name else ())
    return describe(paths[name or only_model(paths)])[0]
