"""Read a set of files: instrument images, and drawings with their side-cars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import TypeGuard

from farside.errors import MissingMetadataError, SideCarError
from farside.io.fits import MAX_BYTES
from farside.io.source import Source, bytes_of, name_of
from farside.observation.drawing.read import is_drawing, read_drawing
from farside.observation.drawing.scan import is_picture
from farside.observation.drawing.sidecar import MAX_BYTES as MAX_SIDE_CAR_BYTES
from farside.observation.drawing.sidecar import SUFFIX, may_be_drawing, side_car_of
from farside.observation.image import Observation, read


def read_each(sources: Sequence[Source | Observation]) -> Iterator[Observation]:
    """Read images one after another; a drawing with the side-car that has its name.

    The side-car is among `sources`, or beside the path of its drawing. An Observation is passed on
    as it is. Reading is lazy: if an image is refused, none of those after it are in memory.

    Raises
    ------
    InputError
        A file cannot be used; the first one is reported.
    SideCarError
        A side-car has no drawing.
    """
    cars = {_stem(source): source for source in sources if _is_side_car(source)}
    images = [source for source in sources if not _is_side_car(source)]
    alone = sorted(cars.keys() - {_stem(source) for source in images})
    if alone:
        name = alone[0] + SUFFIX
        raise SideCarError(f"{name}: no drawing of this name, expected one", (name,))
    # Sequentially: decompressing Rice tiles in two threads takes longer.
    for source in images:
        if isinstance(source, Observation):
            yield source
        else:
            yield _read(source, cars.get(_stem(source)))


def _read(source: Source, beside: Source | None) -> Observation:
    data, name = bytes_of(source, "", MAX_BYTES)
    side_car = None if beside is None else bytes_of(beside, "", MAX_SIDE_CAR_BYTES)[0]
    drawn = may_be_drawing(data) and is_drawing(data)
    if drawn and side_car is None and isinstance(source, str | Path):
        side_car = side_car_of(Path(source))
    if side_car is None and is_picture(data):
        raise MissingMetadataError(
            f"{name or 'file without a name'}: a picture (PNG or JPEG), expected a FITS file; a"
            f" drawing needs a side-car of its name ({SUFFIX}) beside it, with its date",
            (name,),
        )
    return read_drawing(data, side_car, name) if drawn or side_car else read(data, name)


def _is_side_car(source: Source | Observation) -> TypeGuard[Source]:
    return not isinstance(source, Observation) and _path(source).suffix.lower() == SUFFIX


def _stem(source: Source | Observation) -> str:
    return source.origin.name if isinstance(source, Observation) else _path(source).stem


def _path(source: Source) -> PurePath:
    return PurePath(name_of(source))
