"""``farside quicklook``: draw a product, or an input file, as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from farside.cli.options import check_output

if TYPE_CHECKING:
    from farside.plots.products import Drawable


def quicklook(
    product: Annotated[
        Path,
        typer.Argument(
            help="A file that Farside writes (magnetogram, map in any format, flux curve, boundary "
            "of the solar wind), or an image or map of an instrument."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="PNG file to write. Default: the file's name with .png.")
    ] = None,
) -> None:
    """Draw a product, or an input file, as a PNG picture."""
    from farside.io.atomic import NamedFile
    from farside.plots.products import picture

    path = out or product.with_name(f"{product.name.removesuffix('.gz').rpartition('.')[0]}.png")
    check_output(path, [product], [".png"])
    typer.echo(NamedFile(path.name, picture(_read(product))).write_to(path.parent))


def _read(path: Path) -> Drawable:
    """Read a product; else a map of another observatory; else an image of the Sun."""
    from farside.api import read, read_product
    from farside.errors import MissingMetadataError, NotFitsError, UnsupportedImageError
    from farside.synchronic.base import read_base

    try:
        return read_product(path)
    except NotFitsError:
        return read(path)  # a scanned drawing
    except MissingMetadataError:
        try:
            return read_base(path)
        except UnsupportedImageError:
            return read(path)
