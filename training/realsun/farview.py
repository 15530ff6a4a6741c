"""Far sides generated from real EUVI images, with their active regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from farside.disk.registration import Disk, register
from farside.io.fits import open_image, text, unpack
from farside.magnetogram.magnetogram import Magnetogram
from farside.model.engine import Engine, Model
from farside.observation.image import read
from farside.pipeline import generate
from training.realsun.measures import GRID
from training.realsun.places import Place, SeismicRegion, places, seismic_regions
from training.realsun.sets import files_for, may_be_published


@dataclass(frozen=True, eq=False)
class FarView:
    """Products of all models from one spacecraft's images of one time.

    Attributes
    ----------
    name
        Name of the folder.
    images
        EUV images used by the models, registered.
    products
        Product of each model, with its regions.
    seismic
        Strong far-side regions of the helioseismic list.
    may_be_published
        Whether the licence in the headers allows redistribution of pictures.
    """

    name: str
    images: tuple[Disk, ...]
    products: tuple[tuple[Magnetogram, tuple[Place, ...]], ...]
    seismic: tuple[SeismicRegion, ...]
    may_be_published: bool


def far_views(
    folder: Path, models: Sequence[Model], engine: Engine, catalogue: Path
) -> list[FarView]:
    """Generate from each folder of EUVI files with every model whose channels it has."""
    views = (_view(each, models, engine, catalogue) for each in sorted(folder.glob("*/")))
    return [view for view in views if view.products]


def _view(folder: Path, models: Sequence[Model], engine: Engine, catalogue: Path) -> FarView:
    files = [(path, read(path).origin) for path in sorted(folder.glob("*.fits"), reverse=True)]
    made, used = [], set()
    for model in models:
        chosen = files_for(model.recipe, files)
        needs_reference = any(not each.optional for each in model.recipe.channels_of("reference"))
        if chosen and not needs_reference:
            made.append(generate(chosen, [], model.recipe.name, engine))
            used |= {*chosen}
    return FarView(
        name=folder.name,
        images=tuple(register(read(path), GRID) for path, _ in files if path in used),
        products=tuple((each, tuple(places(each))) for each in made),
        seismic=tuple(seismic_regions(catalogue, made[0].time)) if made else (),
        may_be_published=all(may_be_published(_licence(path)) for path in used),
    )


def _licence(path: Path) -> str:
    return text(open_image(unpack(path.read_bytes())).cards, "PACKLIC")
