"""Cards of the shipped models in the form of model hubs, from their Recipes: ``make cards``.

A card is Markdown with YAML front matter, ``<repository>/<name>/README.md``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from farside.io.atomic import atomic_path
from farside.model.checkpoint import describe, newest_versions
from farside.model.defaults import FOLDER
from farside.model.recipe import NativeTiling, Recipe

TAGS = ("solar-physics", "magnetogram", "space-weather")

LIMITS = {
    "SIMULATED": "It was trained on a simulated Sun and has not seen the real one: its products "
    "are not fit for operations.",
    "OBSERVED": "It was trained on observations.",
    "NONE": "Its weights are random.",
}
"""What the kind of training data means for the use of a product."""


def card(path: Path) -> str:
    """Card of a model file.

    Parameters
    ----------
    path
        ``<repository>/<name>/<version>/model.safetensors``.
    """
    recipe, identity = describe(path)
    return "\n".join((*_front_matter(recipe), "", *_body(recipe, identity, path))) + "\n"


def _front_matter(recipe: Recipe) -> Iterator[str]:
    yield "---"
    yield f"license: {recipe.licence.lower()}"
    yield "library_name: farside"
    yield "pipeline_tag: image-to-image"
    yield "tags:"
    yield from (f"- {tag}" for tag in TAGS)
    if recipe.scores:
        yield "model-index:"
        yield f"- name: {recipe.name}"
        yield "  results:"
        yield "  - task:"
        yield "      type: image-to-image"
        yield "    dataset:"
        yield "      name: suns not trained on"
        yield f"      type: {recipe.training.data.lower()}"
        yield "    metrics:"
        for score in recipe.scores:
            yield f"    - name: {json.dumps(score.measure, ensure_ascii=False)}"
            yield f"      type: {score.measure.split()[0]}"
            yield f"      value: {score.value}"
    yield "---"


def _body(recipe: Recipe, identity: str, path: Path) -> Iterator[str]:
    first, last = recipe.training.dates
    least, greatest = recipe.training.reference_age_days
    yield f"# {recipe.name} {recipe.version}"
    yield ""
    yield f"{recipe.title}."
    yield ""
    yield f"**{LIMITS[recipe.training.data]}** Every product says so in AITRAIN and QUALITY."
    yield ""
    yield "| | |"
    yield "|---|---|"
    yield f"| identity | `{identity}`, sha256 of the tensors |"
    yield f"| licence of the weights | {recipe.licence} |"
    yield f"| size | {path.stat().st_size / 1e6:.1f} MB |"
    yield f"| network | `{recipe.network.name}` |"
    yield f"| grid | {_grid(recipe)} |"
    yield f"| training | {recipe.training.description} |"
    yield f"| dates | {first} to {last} |"
    yield f"| age of the reference | {least:g} to {greatest:g} days |"
    yield ""
    yield "## Input"
    yield ""
    for channel in recipe.channels:
        yield f"- {channel}{', may be missing' if channel.optional else ''}"
    yield ""
    yield "## Output"
    yield ""
    for output in recipe.outputs:
        band = getattr(output, "band", "")
        yield f"- {output.quantity}{f' of {band}' if band else ''}, {output.unit}"
    yield ""
    yield "## Use"
    yield ""
    yield "```python"
    yield "import farside"
    yield ""
    yield f'product = farside.generate(observations, references, "{recipe.name}")'
    yield "```"
    if recipe.scores:
        yield ""
        yield "## Scores"
        yield ""
        yield "| measure | value | command |"
        yield "|---|--:|---|"
        for score in recipe.scores:
            measure = score.measure.replace("|", "\\|")
            yield f"| {measure} | {score.value:g} | `{score.command}` |"


def _grid(recipe: Recipe) -> str:
    grid = recipe.grid
    if isinstance(grid, NativeTiling):
        return f"pixels of {grid.pixel_arcsec:g} arcsec, in tiles of {grid.tile_px}²"
    return f"{grid.size_px}² pixels, disk radius {grid.disk_radius_px:g}"


def cards(repository: Path) -> Iterator[tuple[Path, str]]:
    """Yield path and text of the card of every model of a repository, its highest version."""
    for path in newest_versions(repository):
        yield path.parents[1] / "README.md", card(path)


def main() -> None:
    """Write the cards of the shipped models."""
    for path, text in cards(Path(FOLDER)):
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
