"""What a synchronic map is made from: a disk of the field, measured or generated."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from farside.disk.registration import Disk, register
from farside.errors import (
    DamagedImageError,
    InputError,
    UnexpectedImageError,
    UnsupportedImageError,
)
from farside.io.fits import MAX_BYTES, open_cards, text, unpack
from farside.io.source import Source, about, bytes_of
from farside.magnetogram.magnetogram import Generator, Magnetogram
from farside.observation.image import read
from farside.quality import Quality
from farside.sun.grid import Grid, Image
from farside.sun.observer import View

MAP_GRID = Grid(1024, 450.0)
"""On which measured disks are registered for a map: its pixels are an eighth of a degree."""


@dataclass(frozen=True, eq=False)
class MapDisk:
    """A registered line-of-sight magnetogram, measured or generated.

    Attributes
    ----------
    image
        Gauss, positive towards the observer, (y, x) on `grid`, finite inside the mask.
    view
        From where, and when, it shows the Sun.
    instrument
        As in ``"HMI"``; the spacecraft, ``"STEREO_A"``, of a generated one.
    name, sha256
        Of the file; empty where there is none.
    sigma
        One standard deviation, line of sight, gauss, of a generated field whose model gives it.
    generator
        The model, of a generated field.
    """

    image: Image
    grid: Grid
    view: View
    instrument: str
    name: str = ""
    sha256: str = ""
    quality: Quality = Quality.GOOD
    sigma: Image | None = None
    generator: Generator | None = None

    @property
    def is_generated(self) -> bool:
        """Whether a network made it."""
        return self.generator is not None

    def __str__(self) -> str:
        kind = "generated" if self.is_generated else "observed"
        named = f" ({self.name})" if self.name else ""
        return f"{kind} {self.instrument} {self.view.time.isot[:19]}{named}"


def measured(disk: Disk) -> MapDisk:
    """A registered magnetogram as a map takes it.

    Raises
    ------
    UnexpectedImageError
        It is an EUV image, or was rotated into another view.
    DamagedImageError
        A pixel on the disk has no value.
    """
    origin = disk.origin
    if not origin.is_magnetogram or disk.rotated_to:
        found = f"{origin}, rotated" if disk.rotated_to else str(origin)
        raise UnexpectedImageError(
            f"observed disk: got {found}, a magnetogram as it was taken is expected", (str(origin),)
        )
    return _whole(
        MapDisk(
            image=disk.image,
            grid=disk.grid,
            view=disk.view,
            instrument=origin.instrument,
            name=origin.name,
            sha256=origin.sha256,
            quality=origin.quality,
        )
    )


def generated(product: Magnetogram, name: str = "", sha256: str = "") -> MapDisk:
    """A product as a map takes it.

    Parameters
    ----------
    name, sha256
        Of its file, where it has one.

    Raises
    ------
    DamagedImageError
        A pixel on the disk has no value.
    """
    return _whole(
        MapDisk(
            image=product.image,
            grid=product.disk,
            view=View(product.observer, product.time),
            instrument=product.spacecraft,
            name=name,
            sha256=sha256,
            quality=product.quality,
            sigma=product.sigma,
            generator=product.generator,
        )
    )


def read_measured(source: Source, name: str = "") -> MapDisk:
    """Read and register a magnetogram of HMI.

    Raises
    ------
    InputError
        Names the file and says what is wrong with it.
    """
    data, name = bytes_of(source, name, MAX_BYTES)
    try:
        observation = read(data, name)
    except UnsupportedImageError as error:
        raise _in_its_role(data, error) from error
    return measured(register(observation, MAP_GRID))


def read_generated(source: Source, name: str = "") -> MapDisk:
    """Read a product of Farside.

    Raises
    ------
    InputError
        Names the file and says what is wrong with it.
    """
    data, name = bytes_of(source, name, MAX_BYTES)
    with about(name or "file without a name"):
        return generated(Magnetogram.read(data), name, hashlib.sha256(data).hexdigest())


def _in_its_role(data: bytes, error: UnsupportedImageError) -> UnsupportedImageError:
    """Error that says where a file belongs that was given as a measured magnetogram."""
    try:
        cards = open_cards(unpack(data))
    except InputError:
        return error
    if text(cards, "CONTENT") == "GENERATED MAGNETOGRAM":
        found, role = "a far-side magnetogram made by Farside", "generated"
    elif text(cards, "CTYPE1").startswith("CRLN") or text(cards, "MODEL") == "ADAPT":
        found, role = "a map of the whole Sun", "base"
    else:
        return error
    return UnsupportedImageError(
        f"{', '.join(error.files)}: {found}, to be given as `{role}`; as observed, a line-of-sight"
        " magnetogram of HMI is expected",
        error.files,
    )


def _whole(disk: MapDisk) -> MapDisk:
    values = disk.image[disk.grid.on_disk()]
    if disk.sigma is not None:
        values = values + disk.sigma[disk.grid.on_disk()]
    missing = int(np.count_nonzero(~np.isfinite(values)))
    if missing:
        raise DamagedImageError(
            f"{disk}: got {missing} of {values.size} pixels on the disk without a finite value, "
            "none is expected",
            (str(disk),),
        )
    return disk
