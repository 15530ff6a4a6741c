"""Synchronic maps in the files that coronal and heliospheric models read."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol, get_args

from farside.errors import FormatError
from farside.solarwind import adapt, gong, native, wsa
from farside.synchronicmap import SynchronicMap

Format = Literal["native", "gong", "adapt", "wsa"]


class Writer(Protocol):
    """Writes a map into a folder, under the name that its format wants."""

    def __call__(self, made: SynchronicMap, folder: Path, *, flux_scale: float = 1.0) -> Path:
        """Give the path of the file."""
        ...


FORMATS: dict[Format, Writer] = {
    "native": native.write_into,
    "gong": gong.write,
    "adapt": adapt.write,
    "wsa": wsa.write,
}
"""What a map can be written as."""


def write(made: SynchronicMap, format: str, folder: Path, flux_scale: float = 1.0) -> Path:  # noqa: A002  # the word of the command line
    """Write a map into the folder of its format, ``folder/format``: emulations never mix.

    Raises
    ------
    FormatError
        There is no such format, or it cannot hold the map or the flux scale.
    """
    known: Format
    for known in get_args(Format):
        if format == known:
            return FORMATS[known](made, folder / known, flux_scale=flux_scale)
    raise FormatError(f"the format is {format!r}, wanted one of {get_args(Format)}")
