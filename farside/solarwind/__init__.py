"""Writing synchronic maps in the file formats that coronal and heliospheric models read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from farside.errors import FormatError
from farside.io.atomic import NamedFile
from farside.solarwind import adapt, gong, wsa
from farside.synchronic import fits as synchronic_fits
from farside.synchronic.map import SynchronicMap


class Packer(Protocol):
    """Function that builds the file of a map, with the name that its format prescribes."""

    def __call__(self, sun_map: SynchronicMap, *, flux_scale: float = 1.0) -> NamedFile:
        """Build name and content of the file."""
        ...


FORMATS: Mapping[str, Packer] = {
    "native": synchronic_fits.pack,
    "gong": gong.pack,
    "adapt": adapt.pack,
    "wsa": wsa.pack,
}
"""Formats of a synchronic map, and the functions that build their files."""


def pack(sun_map: SynchronicMap, format: str, flux_scale: float = 1.0) -> NamedFile:  # noqa: A002  # the word of the command line
    """Build the file of a map in memory.

    Parameters
    ----------
    format
        One of `FORMATS`.
    flux_scale
        Factor applied to the field.

    Raises
    ------
    FormatError
        There is no such format, or it cannot hold the map or the flux scale.
    """
    if format not in FORMATS:
        raise FormatError(f"the format is {format!r}, expected one of {tuple(FORMATS)}")
    return FORMATS[format](sun_map, flux_scale=flux_scale)


def write(sun_map: SynchronicMap, format: str, folder: Path, flux_scale: float = 1.0) -> Path:  # noqa: A002  # the word of the command line
    """Write a map into ``folder/format``: each format has its own folder.

    Raises
    ------
    FormatError
        As :func:`pack`.
    """
    return pack(sun_map, format, flux_scale).write_to(folder / format)
