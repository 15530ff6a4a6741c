"""``farside page``: show an archive in the browser, without the service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from farside.cli.options import Repository, embedded_models

MEGABYTE = 10**6


def page(
    archive: Annotated[
        Path,
        typer.Argument(
            metavar="ARCHIVE", exists=True, file_okay=False, help="Folder of the archive."
        ),
    ],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8300,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    cache_mb: Annotated[
        float, typer.Option(min=0, help="Memory for layers and files once made, MB.")
    ] = 64.0,
    repository: Repository = None,
) -> None:
    """Show an archive in the browser: the whole Sun, its active regions, quality and downloads.

    The same page as at / of the service, but for the upload.
    """
    from farside.archive.index import reading
    from farside.page.api import ArchiveApi
    from farside.page.server import page_server
    from farside.page.tiles import Tiles

    with reading(archive):  # an archive that cannot be read is said at once
        pass
    api = ArchiveApi(archive, Tiles(int(cache_mb * MEGABYTE)))
    with page_server(api, host, port, {"/models": lambda: _cards(repository)}) as server:
        typer.echo(f"http://{host}:{server.server_address[1]}/")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            typer.echo("stopped", err=True)


def _cards(repository: Path | None) -> dict[str, list[object]]:
    """Identity and Recipe of each model of a repository, as ``/models`` of the service has them."""
    models = embedded_models(repository).values()
    return {
        "models": [
            {"identity": each.identity} | each.recipe.model_dump(mode="json") for each in models
        ]
    }
