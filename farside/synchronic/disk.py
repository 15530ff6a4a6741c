"""Disks of the line-of-sight field, observed or generated, as inputs of a synchronic map."""

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
from farside.io.source import Source, bytes_of, naming_errors
from farside.magnetogram.magnetogram import Magnetogram, ModelProvenance
from farside.observation.image import read
from farside.quality import Quality
from farside.sun.grid import Grid, Image
from farside.sun.observer import View

MAP_GRID = Grid(1024, 450.0)
"""Grid that observed disks are registered on for a map: 0.13° a pixel at disk centre."""


@dataclass(frozen=True, eq=False)
class MapDisk:
    """Registered line-of-sight magnetogram, observed or generated.

    Attributes
    ----------
    image
        Field in gauss, positive towards the observer, (y, x) on `grid`, finite on the disk.
    view
        Observer and time.
    instrument
        Instrument, as in ``"HMI"``; the spacecraft, as in ``"STEREO_A"``, if a model made it.
    name, sha256
        Name and hash of the file; empty where there is none.
    sigma
        Standard deviation of the line-of-sight field in gauss, (y, x), where the model gives it.
    unsigned, positive
        Expected |B| in gauss and probability of positive polarity, (y, x), where the model gives
        both.
    generator
        Provenance of a generated field; None for an observed one.
    """

    image: Image
    grid: Grid
    view: View
    instrument: str
    name: str = ""
    sha256: str = ""
    quality: Quality = Quality.GOOD
    sigma: Image | None = None
    unsigned: Image | None = None
    positive: Image | None = None
    generator: ModelProvenance | None = None

    @property
    def is_generated(self) -> bool:
        """Whether a network made it."""
        return self.generator is not None

    def __str__(self) -> str:
        kind = "generated" if self.is_generated else "observed"
        named = f" ({self.name})" if self.name else ""
        return f"{kind} {self.instrument} {self.view.time.isot[:19]}{named}"


def observed_disk(disk: Disk) -> MapDisk:
    """Observed disk of a map from a registered magnetogram.

    Raises
    ------
    UnexpectedImageError
        The disk is an EUV image, or was reprojected to another observer.
    DamagedImageError
        A pixel on the disk has no value.
    """
    origin = disk.origin
    if not origin.is_magnetogram or disk.reprojected_to:
        found = f"{origin}, rotated" if disk.reprojected_to else str(origin)
        raise UnexpectedImageError(
            f"observed disk: got {found}, expected a magnetogram in its own view", (str(origin),)
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


def generated_disk(product: Magnetogram, name: str = "", sha256: str = "") -> MapDisk:
    """Generated disk of a map from a product of Farside.

    Parameters
    ----------
    name, sha256
        Name and hash of its file, where it has one.

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
            unsigned=product.unsigned,
            positive=product.positive,
            generator=product.generator,
        )
    )


def read_observed(source: Source, name: str = "") -> MapDisk:
    """Read and register a line-of-sight magnetogram of HMI.

    Raises
    ------
    InputError
        The file is not such a magnetogram, or is damaged.
    """
    data, name = bytes_of(source, name, MAX_BYTES)
    try:
        observation = read(data, name)
    except UnsupportedImageError as error:
        raise _in_its_role(data, error) from error
    return observed_disk(register(observation, MAP_GRID))


def read_generated(source: Source, name: str = "") -> MapDisk:
    """Read a far-side magnetogram that Farside wrote.

    Raises
    ------
    InputError
        The file is not such a product, or is damaged.
    """
    data, name = bytes_of(source, name, MAX_BYTES)
    with naming_errors(name or "file without a name"):
        return generated_disk(Magnetogram.read(data), name, hashlib.sha256(data).hexdigest())


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
        f"{', '.join(error.files)}: {found}, to be given as `{role}`; expected as observed a"
        " line-of-sight magnetogram of HMI",
        error.files,
    )


def _whole(disk: MapDisk) -> MapDisk:
    values = disk.image[disk.grid.on_disk()]
    for plane in (disk.sigma, disk.unsigned, disk.positive):
        if plane is not None:
            values = values + plane[disk.grid.on_disk()]
    missing = int(np.count_nonzero(~np.isfinite(values)))
    if missing:
        raise DamagedImageError(
            f"{disk}: got {missing} of {values.size} pixels on the disk without a finite value, "
            "expected none",
            (str(disk),),
        )
    return disk
