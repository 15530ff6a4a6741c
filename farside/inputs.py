"""Read a set of files: images of the instruments, and drawings with their side-cars."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath

from farside.drawing import is_drawing, read_drawing
from farside.errors import MissingMetadataError, SideCarError
from farside.fitsfile import MAX_BYTES
from farside.observation import Observation, Source, bytes_of, read
from farside.picture import is_picture
from farside.sidecar import SUFFIX, says_drawing, side_car_of


def read_all(sources: Sequence[Source]) -> list[Observation]:
    """Read images; a drawing with the side-car that has its name, given too or beside its path.

    Raises
    ------
    InputError
        Of the first file that cannot be used.
    SideCarError
        A side-car is given without its drawing.
    """
    files = [(source, *bytes_of(source, "", MAX_BYTES)) for source in sources]
    cars = {PurePath(name).stem: data for _, data, name in files if _is_side_car(name)}
    images = [each for each in files if not _is_side_car(each[2])]
    alone = sorted(cars.keys() - {PurePath(name).stem for *_, name in images})
    if alone:
        name = alone[0] + SUFFIX
        raise SideCarError(f"{name}: no drawing of this name, expected one", (name,))
    # One after another: unpacking Rice tiles in two threads takes longer.
    return [_read(*each, cars.get(PurePath(each[2]).stem)) for each in images]


def _read(source: Source, data: bytes, name: str, side_car: bytes | None) -> Observation:
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


def _is_side_car(name: str) -> bool:
    return PurePath(name).suffix.lower() == SUFFIX
