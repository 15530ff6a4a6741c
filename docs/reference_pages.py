"""Pages of docs/reference/, made from the code when the manual is built.

Command line, HTTP, header cards, settings, Recipe and API are declared once, in the code; nothing
of them is typed into the manual.
"""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast, get_args

import numpy as np
import typer.main
from astropy.io import fits
from astropy.time import Time
from pydantic import BaseModel

import farside
from farside.api import synchronic_map
from farside.cli.app import app
from farside.io.formats import MapFormat
from farside.magnetogram.magnetogram import Input, Magnetogram, ModelProvenance
from farside.model.recipe import Recipe
from farside.observation.image import Origin
from farside.quality import Quality
from farside.solarwind import pack
from farside.sun.grid import Grid
from farside.sun.observer import Observer
from service.openapi import METHODS, document
from service.settings import PREFIX, Settings
from training.config import Config

Schema = Mapping[str, object]
"""A JSON schema or a part of an OpenAPI document."""


class Parameter(Protocol):
    """Option or argument of a command."""

    name: str
    opts: Sequence[str]
    secondary_opts: Sequence[str]
    required: bool
    default: object
    envvar: str | None
    help: str | None
    param_type_name: str


class Command(Protocol):
    """Command of the command line."""

    help: str | None
    epilog: str | None
    params: Sequence[Parameter]


def write_pages(folder: Path) -> None:
    """Write every page that has changed; Sphinx then renders only those again."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {
        "cli.md": command_line(),
        "http.md": http(),
        "settings.md": settings(),
        "fits-cards.md": fits_cards(),
        "recipe.md": models_page("Recipe", "A Recipe is what travels with the weights.", Recipe),
        "training-configuration.md": models_page(
            "Training configuration", "Keys of `training/configs/*.toml`.", Config
        ),
        "contributing.md": _from_root("CONTRIBUTING.md"),
        "changes.md": _from_root("CHANGELOG.md"),
        "security.md": _from_root("SECURITY.md"),
        **dict(api()),
    }
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
    for path in set(folder.glob("*.md")) - {folder / name for name in pages}:
        path.unlink()


def command_line() -> str:
    """Page of every command with its options and its example."""
    top = typer.main.get_command(app)
    return _page(
        "Command line", "As `farside COMMAND --help` prints it.", _commands("farside", top)
    )


def _commands(name: str, command: object) -> Iterator[str]:
    for word, each in getattr(command, "commands", {}).items():
        if hasattr(each, "commands"):
            yield from _commands(f"{name} {word}", each)
            continue
        found = cast("Command", each)
        yield f"## {name} {word}"
        yield _escaped(re.sub(r"\s*\n\s*", " ", inspect.cleandoc(found.help or "")))
        shown = [p for p in found.params if p.name != "help"]
        yield _table(("option", "default", "meaning"), map(_option, shown))
        if found.epilog:
            yield f"```bash\n{found.epilog.removeprefix('Example: ')}\n```"


def _option(given: Parameter) -> tuple[str, str, str]:
    if given.param_type_name == "argument":
        names = f"`{(given.name or '').upper()}`"
    else:
        names = ", ".join(f"`{each}`" for each in (*given.opts, *given.secondary_opts))
    simple = isinstance(given.default, str | int | float | Path) and given.default != ""
    default = "required" if given.required else f"`{given.default}`" if simple else ""
    variable = f" Environment: `{given.envvar}`." if given.envvar else ""
    return names, default, _escaped(given.help or "") + variable


def http() -> str:
    """Page of the endpoints and their forms, from the OpenAPI document."""
    found = cast("Mapping[str, Mapping[str, object]]", document(Settings()))
    schemas = cast("Mapping[str, Schema]", found["components"]["schemas"])
    paths = cast("Mapping[str, Mapping[str, Schema]]", found["paths"])
    head = (
        "The OpenAPI document (`GET /docs.json`) in words; [the service](../service.md) explains."
    )

    def parts() -> Iterator[str]:
        for path, methods in paths.items():
            for method in (each for each in METHODS if each in methods):
                operation = methods[method]
                yield f"## {method.upper()} {path}"
                yield _escaped(str(operation.get("description", operation["summary"])))
                yield from _form_of(operation, schemas)
                responses = cast("Mapping[str, Schema]", operation["responses"])
                rows = ((status, _content(answer)) for status, answer in responses.items())
                yield _table(("status", "answer"), rows)
        yield "## Error"
        yield _properties(schemas["Error"])

    return _page("HTTP", head, parts())


def _form_of(operation: Schema, schemas: Mapping[str, Schema]) -> Iterator[str]:
    for name in re.findall(r"'#/components/schemas/(\w+)'", str(operation.get("requestBody"))):
        yield _properties(schemas[name])


def _content(answer: Schema) -> str:
    kinds = ", ".join(f"`{kind}`" for kind in cast("Schema", answer.get("content", {})))
    headers = ", ".join(f"`{name}`" for name in cast("Schema", answer.get("headers", {})))
    text = _escaped(str(answer["description"]))
    return f"{text} {kinds}" + (f"; headers {headers}" if headers else "")


def settings() -> str:
    """Page of the environment variables of the service."""
    rows = (
        (f"`{PREFIX}{name.upper()}`", _default(field.default), _escaped(field.description or ""))
        for name, field in Settings.model_fields.items()
    )
    head = "Environment variables of the service, read once at its start."
    return _page("Settings", head, [_table(("variable", "default", "meaning"), rows)])


def _default(value: object) -> str:
    return "" if value is None or "Undefined" in repr(value) else f"`{value}`"


def models_page(title: str, head: str, model: type[BaseModel]) -> str:
    """Page of a pydantic model and its parts."""
    schema = model.model_json_schema()
    parts = cast("Mapping[str, Schema]", schema.get("$defs", {}))

    def sections() -> Iterator[str]:
        yield _properties(schema)
        for name, part in parts.items():
            if "properties" in part:
                yield f"## {name}"
                yield _escaped(str(part.get("description", "")).split("\n\n", maxsplit=1)[0])
                yield _properties(part)

    return _page(title, head, sections())


def _properties(schema: Schema) -> str:
    required = set(cast("Iterable[str]", schema.get("required", ())))
    properties = cast("Mapping[str, Schema]", schema.get("properties", {}))
    rows = (
        (
            f"`{name}`",
            _type(field),
            "required" if name in required else _default(field.get("default")),
            _escaped(str(field.get("description", ""))),
        )
        for name, field in properties.items()
    )
    return _table(("key", "type", "default", "meaning"), rows)


def _type(field: Schema) -> str:
    if "$ref" in field:
        return str(field["$ref"]).rsplit("/", 1)[-1]
    if "enum" in field or "const" in field:
        values = cast("Sequence[object]", field.get("enum", (field.get("const"),)))
        return ", ".join(f"`{value}`" for value in values)
    for key in ("anyOf", "oneOf"):
        if key in field:
            return " or ".join(map(_type, cast("Sequence[Schema]", field[key])))
    if field.get("type") == "array" and isinstance(field.get("items"), dict):
        return f"array of {_type(cast('Schema', field['items']))}"
    return str(field.get("format", field.get("type", "")))


def fits_cards() -> str:
    """Page of the header cards of products, read from products that are made here."""
    far = _magnetogram()
    sun = synchronic_map(generated=far, time=far.time, allow_saturating=True)
    products = {
        "Generated magnetogram": far.to_hdus(),
        **{
            f"Synchronic map, {name}": fits.HDUList.fromstring(_unpacked(pack(sun, name).content))
            for name in get_args(MapFormat)
        },
    }

    def parts() -> Iterator[str]:
        for title, hdus in products.items():
            yield f"## {title}"
            names = ", ".join(f"`{hdu.name or 'PRIMARY'}`" for hdu in hdus)
            yield f"HDUs: {names}."
            yield _table(("card", "example", "comment"), _cards(hdus[0].header))

    head = "Cards of the primary header of each product, with the values of a made-up example."
    return _page("Header cards", head, parts())


def _magnetogram() -> Magnetogram:
    """Small magnetogram with one bipole, every optional plane and card."""
    grid = Grid(64, 28.125)
    time, observer = Time("2026-11-01T00:00:20", scale="utc"), Observer(70.0, 5.0, 1.44e11)
    y, x = np.mgrid[:64, :64]
    field = 300 * (np.exp(-((x - 28) ** 2 + (y - 40) ** 2) / 8))
    field -= 300 * (np.exp(-((x - 36) ** 2 + (y - 41) ** 2) / 8))
    image = np.where(grid.on_disk(), field, np.nan).astype(np.float32)
    sha256 = "0123456789abcdef" * 4
    made_by = ModelProvenance(
        "farside-1", "1", sha256, "SIMULATED", "openvino", "float32", 3000.0, 0.6, 6.0
    )
    given = Origin("EUVI-A", "304", time, observer, "euvi304.fts", sha256)
    quality = Quality.SIMULATED_TRAINING | Quality.MISSING_CHANNEL
    return Magnetogram(
        image=image,
        grid=grid,
        time=time,
        observer=observer,
        spacecraft="STEREO_A",
        quality=quality,
        generator=made_by,
        inputs=(Input("observation", given),),
        sigma=np.where(grid.on_disk(), 10, np.nan).astype(np.float32),
        unsigned=np.abs(image),
        positive=np.where(grid.on_disk(), 0.5, np.nan).astype(np.float32),
        missing=("HMI LOS as reference",),
    )


def _unpacked(content: bytes) -> bytes:
    import gzip

    return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content


def _cards(header: fits.Header) -> Iterator[tuple[str, str, str]]:
    for card in header.cards:
        if card.keyword not in ("HISTORY", "COMMENT", "") and not card.keyword.startswith("NAXIS"):
            yield f"`{card.keyword}`", f"`{card.value}`", _escaped(card.comment)


PAGES = {
    "farside": "Public names",
    "pipeline": "Main path",
    "client": "Client of the service",
    "fetch": "Public archives",
    "observation": "Observations",
    "disk": "Registered disks",
    "model": "Models and Recipes",
    "magnetogram": "Magnetograms",
    "synchronic": "Synchronic maps",
    "solarwind": "Formats of solar-wind models",
    "corona": "Corona and solar wind",
    "tracking": "Tracking of regions",
    "evaluation": "Scores",
    "denoising": "Denoising",
    "plots": "Pictures",
    "simulation": "Simulated Sun",
    "sun": "Coordinates and times",
    "quality": "Quality bits",
    "progress": "Progress",
    "errors": "Errors",
}
"""Packages and modules of the API reference, and their titles."""

INNER = {
    "farside.model.networks",
    "farside.model.engines",
    *(
        f"farside.simulation.{part}"
        for part in ("drawings", "emission", "instruments", "magnetic", "grid")
    ),
}
"""Packages that architecture.md describes and the reference leaves out."""


def api() -> Iterator[tuple[str, str]]:
    """Yield a page for each package of the library, and the page that lists them."""
    entries = "\n".join(f"api-{name}" for name in PAGES)
    rows = "\n".join(
        f"| [{title}](api-{name}.md) | `{_module(name)}` |" for name, title in PAGES.items()
    )
    head = "`import farside` has the public names; the other pages are the modules behind."
    table = f"| | |\n|---|---|\n{rows}"
    toctree = f"```{{toctree}}\n:hidden:\n\n{entries}\n```"
    yield "api.md", _page("Python", head, [table, toctree])
    for name, title in PAGES.items():
        blocks = _public() if name == "farside" else map(_automodule, _modules(_module(name)))
        yield f"api-{name}.md", _page(title, "", blocks)


def _from_root(name: str) -> str:
    """Page of a file of the repository's root, with links that hold in docs/reference/."""
    text = (Path(__file__).parents[1] / name).read_text()
    return text.replace("](docs/", "](../").replace("](SECURITY.md)", "](security.md)")


def _module(name: str) -> str:
    return name if name == "farside" else f"farside.{name}"


def _public() -> Iterator[str]:
    """Yield the public names; where each is defined has its page too, which is the one indexed."""
    for name in farside.__all__:
        found = getattr(farside, name)
        kind = "autoclass" if inspect.isclass(found) else "autofunction"
        options = "" if kind == "autofunction" else ":members:\n"
        yield f"```{{eval-rst}}\n.. {kind}:: farside.{name}\n{_indented(options)}```"


def _indented(options: str) -> str:
    return "".join(f"   {line}\n" for line in options.splitlines())


def _modules(name: str) -> Iterator[str]:
    """Yield a package and its public modules, in the order of the alphabet."""
    yield name
    found = import_module(name)
    for each in pkgutil.iter_modules(getattr(found, "__path__", ()), f"{name}."):
        if not each.name.rsplit(".", 1)[-1].startswith("_") and each.name not in INNER:
            yield from _modules(each.name)


def _automodule(name: str) -> str:
    return f"## {name}\n\n```{{eval-rst}}\n.. automodule:: {name}\n```"


def _page(title: str, head: str, parts: Iterable[str]) -> str:
    return "\n\n".join(filter(None, (f"# {title}", head, *parts))) + "\n"


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_line(row) for row in rows]
    if not lines:
        return ""
    return "\n".join([_line(titles), _line(["---"] * len(titles)), *lines])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _escaped(text: str) -> str:
    """Text in which Markdown sees no HTML, no emphasis and, outside of backticks, no links."""
    return re.sub(r"([<\[*_])", r"\\\1", text) if "`" not in text else text
