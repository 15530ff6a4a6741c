"""A map of the Sun from its form: what runs in a process of its own."""

from __future__ import annotations

from farside.io.atomic import NamedFile
from farside.pipeline import map_sun
from farside.solarwind import pack
from farside.synchronic.map import SynchronicMap
from service.schemas import SynchronicForm
from service.unpacked import check_unpacked


def make_map(form: SynchronicForm) -> tuple[SynchronicMap, NamedFile]:
    """Merge the files of a form into a map, and write it in the format that it asks for."""
    check_unpacked(form.files())
    made = map_sun(
        form.observed,
        form.generated,
        form.base,
        form.time,
        allow_saturating=form.allow_saturating,
    )
    return made, pack(made, form.format, form.flux_scale)
