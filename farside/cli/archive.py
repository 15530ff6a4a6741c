"""``farside archive``: list, find and show the products of an archive."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from farside.cli.options import parse_time

if TYPE_CHECKING:
    from farside.archive.entry import ArchivedProduct
    from farside.archive.index import Index
    from farside.quality import Quality

archive = typer.Typer(
    help="List, find, show and copy the products of an archive.",
    no_args_is_help=True,
    epilog="Example: farside archive find archive --latest 1",
)

Root = Annotated[
    Path,
    typer.Argument(metavar="ARCHIVE", exists=True, file_okay=False, help="Folder of the archive."),
]
Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


@archive.command("list", epilog="Example: farside archive list archive")
def list_series(root: Root, as_json: Json = False) -> None:
    """List the series: number of products, first and last time, superseded issues."""
    from farside.archive.index import reading

    with reading(root) as index:
        products = sorted(index.products(superseded=True), key=lambda each: each.name)
    rows = [
        _summary(series, tuple(group))
        for series, group in groupby(products, key=lambda product: product.name.series)
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    if rows:
        for line in _table(
            [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]
        ):
            typer.echo(line)


@archive.command(
    epilog="Example: farside archive find archive --from 2026-11-01 --without BEACON --latest 10"
)
def find(
    root: Root,
    first: Annotated[str | None, typer.Option("--from", help="Earliest time, UTC.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Latest time, UTC, exclusive.")] = None,
    series: Annotated[str | None, typer.Option(help="Series, see `farside archive list`.")] = None,
    spacecraft: Annotated[str | None, typer.Option(help="Spacecraft, e.g. STEREO_A.")] = None,
    having: Annotated[
        list[str] | None,
        typer.Option(help="Quality flag of the products, e.g. BEACON. Repeat for each flag."),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(help="Quality flag that no product has. Repeat for each flag."),
    ] = None,
    superseded: Annotated[
        bool, typer.Option("--superseded", help="Include superseded issues.")
    ] = False,
    latest: Annotated[int | None, typer.Option(min=1, help="Only the N latest.")] = None,
    as_json: Json = False,
) -> None:
    """Print the paths of products, one per line, sorted by time; exit code 1 if there are none."""
    from farside.archive.index import reading
    from farside.archive.times import to_datetime

    start, stop = (None if t is None else to_datetime(parse_time(t)) for t in (first, end))
    required, excluded = _quality(having), _quality(without)
    with reading(root) as index:
        found = [
            product
            for product in index.products(superseded=superseded)
            if (start is None or start <= product.name.slot)
            and (stop is None or product.name.slot < stop)
            and series in (None, product.name.series)
            and (spacecraft is None or spacecraft.upper() == product.spacecraft)
            and required in product.quality
            and not excluded & product.quality
        ]
    _print(root, found[-latest:] if latest else found, as_json)
    if not found:
        raise typer.Exit(1)


@archive.command(
    epilog="Example: farside archive show archive pix2pixcc_demo_v2_stereo_a_20261101T000000_i1"
)
def show(
    root: Root,
    name: Annotated[str, typer.Argument(help="Path or name of a product.")],
    as_json: Json = False,
) -> None:
    """Print the index entry of one product, and its input files."""
    from farside.archive.index import reading

    with reading(root) as index:
        card = _whole_card(root, index, _named(index, Path(name).name.removesuffix(".fits")))
    if as_json:
        typer.echo(json.dumps(card, indent=1))
        return
    for key, value in card.items():
        if value in (None, ""):
            continue
        for line in value if isinstance(value, list) else [value]:
            text = "  ".join(map(str, line.values())) if isinstance(line, dict) else line
            typer.echo(f"{key:<14}{text}")


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Format rows as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _summary(series: str, products: Sequence[ArchivedProduct]) -> dict[str, str | int]:
    from farside.archive.times import isoformat

    current = [product for product in products if product.superseded_by is None]
    return {
        "series": series,
        "products": len(current),
        "first": isoformat(products[0].name.slot)[:19],
        "last": isoformat(products[-1].name.slot)[:19],
        "superseded": len(products) - len(current),
    }


@archive.command(epilog="Example: farside archive copy archive s3://bucket/archive")
def copy(
    root: Root,
    address: Annotated[
        str, typer.Argument(help="Address to copy to: s3://bucket/prefix or file:///folder.")
    ],
) -> None:
    """Copy the products that an object store does not have yet; print the address of each."""
    from farside.archive.copy import copy as copy_products
    from farside.io.objects import is_address

    if not is_address(address):
        raise typer.BadParameter(f"got {address!r}, expected s3://bucket/prefix or file:///folder")
    for written in copy_products(root, address):
        typer.echo(written)


def _quality(names: Iterable[str] | None) -> Quality:
    from farside.quality import Quality

    found = Quality.GOOD
    for name in names or ():
        if name.upper() not in Quality.__members__:
            known = ", ".join(bit.name or "" for bit in Quality)
            raise typer.BadParameter(f"{name!r} is not a quality flag; expected one of {known}")
        found |= Quality[name.upper()]
    return found


def _print(root: Path, found: Sequence[ArchivedProduct], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([_card(root, product) for product in found], indent=1))
        return
    for product in found:
        typer.echo(root / product.name.path)


def _card(root: Path, product: ArchivedProduct) -> dict[str, object]:
    from farside.archive.times import isoformat

    later = product.superseded_by
    return {
        "path": str(root / product.name.path),
        "series": product.name.series,
        "slot": isoformat(product.name.slot)[:19],
        "issue": product.name.issue,
        "kind": product.kind,
        "spacecraft": product.spacecraft,
        "model": product.model,
        "version": product.version,
        "identity": product.identity,
        "time": isoformat(product.time),
        "made": isoformat(product.made)[:19],
        "quality": list(product.quality.names()),
        "sha256": product.sha256,
        "superseded_by": None if later is None else str(root / later.path),
    }


def _named(index: Index, name: str) -> ArchivedProduct:
    for product in index.products(superseded=True):
        if str(product.name) == name:
            return product
    raise typer.BadParameter(f"no product {name!r} in the archive; farside archive find lists them")


def _whole_card(root: Path, index: Index, product: ArchivedProduct) -> dict[str, object]:
    from farside.archive.times import isoformat

    inputs = [
        {
            "role": each.role,
            "instrument": each.instrument,
            "time": isoformat(each.time),
            "quality": ",".join(each.quality.names()) or "good",
            "filename": each.filename,
            "sha256": each.sha256,
        }
        for each in index.inputs(product.name)
    ]
    return _card(root, product) | {"made_from": inputs}
