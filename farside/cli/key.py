"""``farside key``: make an API key for a client of the service."""

from __future__ import annotations

from typing import Annotated

import typer


def key(
    name: Annotated[
        str, typer.Argument(help="Name of the client, for the service's log and metrics.")
    ],
    per_minute: Annotated[
        int | None, typer.Option(min=1, help="Most uploads in a minute. Default: no limit.")
    ] = None,
    places: Annotated[
        int | None, typer.Option(min=1, help="Most uploads at a time. Default: no limit.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="Endpoint that the key opens, e.g. metrics. Repeat for each. Default: all."
        ),
    ] = None,
) -> None:
    """Make an API key: its line for the service on standard output, the key on standard error.

    The key is shown this once; the service keeps its hash alone.
    """
    from farside.keys import make_key

    try:
        made, known = make_key(name, per_minute, places, tuple(only or ()))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(known.line())
    typer.echo(made, err=True)
