"""Read a file into an Observation: checked, calibrated, observer and time certain."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO

from astropy.time import Time
from sunpy.map import GenericMap

from farside.observer import Observer
from farside.quality import Quality

Source = str | Path | bytes | IO[bytes]
"""What :func:`read` takes: a path, the bytes of a file or an open binary file."""


@dataclass(frozen=True)
class Origin:
    """What is known of an image whatever becomes of its pixels.

    Attributes
    ----------
    instrument
        ``"EUVI-A"``, ``"EUVI-B"``, ``"AIA"`` or ``"HMI"``.
    band
        Wavelength in ångström (``"304"``), or ``"LOS"`` for a line-of-sight magnetogram.
    time
        Middle of the exposure, UTC, to the millisecond.
    observer
        Where the image was taken from.
    name
        Name of the file, empty if it had none.
    sha256
        Hash of the file as it was given, before any unpacking.
    quality
        The quality bits that this file brings to a product.
    notes
        What was accepted or repaired, a sentence each.
    """

    instrument: str
    band: str
    time: Time
    observer: Observer
    name: str
    sha256: str
    quality: Quality = Quality.GOOD
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.instrument} {self.band} {self.time.isot[:19]}"


@dataclass(frozen=True, eq=False)
class Observation:
    """One full-disk image: a thin wrap of a sunpy Map.

    Attributes
    ----------
    origin
        Instrument, band, time, observer, quality, file.
    map
        Float32 pixels, calibrated (bias removed, DN or gauss; NaN where HMI has no value), and the
        geometry of the header.
    """

    origin: Origin
    map: GenericMap


def read(source: Source, name: str = "") -> Observation:
    raise NotImplementedError
