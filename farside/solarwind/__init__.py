"""Synchronic maps in the files that coronal and heliospheric models read."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol, get_args

from farside.errors import FormatError
from farside.io.atomic import NamedFile
from farside.solarwind import adapt, gong, wsa
from farside.synchronic import fits as native
from farside.synchronic.map import SynchronicMap

Format = Literal["native", "gong", "adapt", "wsa"]


class Packer(Protocol):
    """Makes the file of a map, with the name that its format wants."""

    def __call__(self, made: SynchronicMap, *, flux_scale: float = 1.0) -> NamedFile:
        """Give name and content."""
        ...


FORMATS: dict[Format, Packer] = {
    "native": native.pack,
    "gong": gong.pack,
    "adapt": adapt.pack,
    "wsa": wsa.pack,
}
"""What a map can be written as."""


def pack(made: SynchronicMap, format: str, flux_scale: float = 1.0) -> NamedFile:  # noqa: A002  # the word of the command line
    """Make the file of a map in memory.

    Raises
    ------
    FormatError
        There is no such format, or it cannot hold the map or the flux scale.
    """
    known: Format
    for known in get_args(Format):
        if format == known:
            return FORMATS[known](made, flux_scale=flux_scale)
    raise FormatError(f"the format is {format!r}, expected one of {get_args(Format)}")


def write(made: SynchronicMap, format: str, folder: Path, flux_scale: float = 1.0) -> Path:  # noqa: A002  # the word of the command line
    """Write a map into the folder of its format, ``folder/format``: emulations never mix.

    Raises
    ------
    FormatError
        As :func:`pack`.
    """
    return pack(made, format, flux_scale).put(folder / format)
