"""Magnetograms of the side of the Sun that no magnetograph sees.

Verbs
-----
read            an image of EUVI, AIA or HMI, or a drawing → Observation
load_models     a folder of models; each is compiled when it is first used
generate        images → Magnetogram
synchronic_map  magnetograms of both sides and a base map → SynchronicMap
write           a product → FITS, PNG, or a file of GONG, ADAPT or WSA
read_product    a file of Farside → the product
reference_time  epoch of the front-side images for an observation (Eq. 5)

Nouns
-----
Observation     one image of the Sun: pixels, pointing, observer, time, quality
Magnetogram     line-of-sight field of one disk, in gauss
SynchronicMap   radial field of the whole Sun at one time, in gauss
Models          models of a folder, by name
Recipe          description of the inputs and outputs of a model
Quality         bits of QUALITY, from a file to the product
Client          the same verbs through a service
FarsideError    base of all errors; each says what was found and what is expected

The products have ``.to_map()`` (sunpy), ``.to_hdus()`` (astropy), ``.plot()`` and ``.field`` (a
Quantity). docs/python.md shows them in use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from farside.api import (
        generate,
        load_models,
        read,
        read_product,
        reference_time,
        synchronic_map,
        write,
    )
    from farside.client import Client
    from farside.errors import FarsideError
    from farside.magnetogram.magnetogram import Magnetogram
    from farside.model.models import Models
    from farside.model.recipe import Recipe
    from farside.observation.image import Observation
    from farside.quality import Quality
    from farside.synchronic.map import SynchronicMap

__version__ = "0.1.0"

__all__ = [
    "Client",
    "FarsideError",
    "Magnetogram",
    "Models",
    "Observation",
    "Quality",
    "Recipe",
    "SynchronicMap",
    "generate",
    "load_models",
    "read",
    "read_product",
    "reference_time",
    "synchronic_map",
    "write",
]

_MODULES = {
    "Client": "farside.client",
    "FarsideError": "farside.errors",
    "Magnetogram": "farside.magnetogram.magnetogram",
    "Models": "farside.model.models",
    "Observation": "farside.observation.image",
    "Quality": "farside.quality",
    "Recipe": "farside.model.recipe",
    "SynchronicMap": "farside.synchronic.map",
}
"""Modules that define the nouns; the verbs are those of :mod:`farside.api`."""


if not TYPE_CHECKING:  # type checkers know the names from the imports above, and no others

    def __getattr__(name: str) -> object:
        """Import a public name when it is first used: the libraries behind it take seconds."""
        if name not in __all__:
            raise AttributeError(f"module 'farside' has no attribute {name!r}")
        found = getattr(import_module(_MODULES.get(name, "farside.api")), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
