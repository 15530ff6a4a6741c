"""Read a set of files: instrument images, and drawings with their side-cars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from farside.errors import MissingMetadataError, SideCarError
from farside.io.fits import MAX_BYTES
from farside.io.source import Source, bytes_of, plain_name
from farside.observation.drawing.read import is_drawing, read_drawing
from farside.observation.drawing.scan import is_picture
from farside.observation.drawing.sidecar import MAX_BYTES as MAX_SIDE_CAR_BYTES
from farside.observation.drawing.sidecar import SUFFIX, says_drawing, side_car_of
from farside.observation.image import Observation, read


def read_each(sources: Sequence[Source]) -> Iterator[Observation]:
    """Read images one by one; a drawing is read with the side-car of its name.

    The side-car is among `sources`, or beside the path of its drawing. Reading is lazy: if an image
    is refused, none of those after it are in memory.

    Parameters
    ----------
    sources
        Images and side-cars, in any order.

    Raises
    ------
    InputError
        A file cannot be used; the first one is reported.
    SideCarError
        A side-car has no drawing.
    """
    cars = {PurePath(_name_of(source)).stem: source for source in sources if _is_side_car(source)}
    images = [source for source in sources if not _is_side_car(source)]
    alone = sorted(cars.keys() - {PurePath(_name_of(source)).stem for source in images})
    if alone:
        name = alone[0] + SUFFIX
        raise SideCarError(f"{name}: no drawing of this name, expected one", (name,))
    # Sequentially: decompressing Rice tiles in two threads takes longer.
    for source in images:
        yield _read(source, cars.get(PurePath(_name_of(source)).stem))


def _read(source: Source, beside: Source | None) -> Observation:
    data, name = bytes_of(source, "", MAX_BYTES)
    side_car = None if beside is None else bytes_of(beside, "", MAX_SIDE_CAR_BYTES)[0]
    drawn = says_drawing(data) and is_drawing(data)
    if drawn and side_car is None and isinstance(source, str | Path):
        side_car = side_car_of(Path(source))
    if side_car is None and is_picture(data):
        raise MissingMetadataError(
            f"{name or 'file without a name'}: a picture (PNG or JPEG), expected a FITS file; a"
            f" drawing needs a side-car of its name ({SUFFIX}) beside it, with its date",
            (name,),
        )
    return read_drawing(data, side_car, name) if drawn or side_car else read(data, name)


def _is_side_car(source: Source) -> bool:
    return PurePath(_name_of(source)).suffix.lower() == SUFFIX


def _name_of(source: Source) -> str:
    """Plain name of a source; empty for bytes, which have none."""
    if isinstance(source, str | Path):
        return plain_name(str(source))
    name = getattr(source, "name", "")
    return plain_name(name) if isinstance(name, str) else ""
