"""Disks of the line-of-sight field, observed or generated, as inputs of a synchronic map."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from farside.disk.registration import Disk, register
from farside.errors import (
    DamagedImageError,
    ImplausibleGeometryError,
    InputError,
    MissingMetadataError,
    UnexpectedImageError,
    UnsupportedImageError,
)
from farside.io.fits import MAX_BYTES, Cards, FitsImage, open_cards, open_image, text, unpack
from farside.io.product_reader import number_of, observer_of, time_of
from farside.io.source import Source, bytes_of, naming_errors
from farside.io.wcs import pointing_of
from farside.magnetogram.magnetogram import Magnetogram, ModelProvenance
from farside.observation.image import read
from farside.observation.instruments import identify
from farside.quality import Quality
from farside.sun.grid import Grid, Image
from farside.sun.observer import View
from farside.synchronic.magnetographs import HMI, MAGNETOGRAPHS

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
    """Observed disk of a map from a registered magnetogram, brought to the scale of HMI.

    Raises
    ------
    UnexpectedImageError
        The disk is an EUV image, or was reprojected to another observer.
    DamagedImageError
        A pixel on the disk has no value, or all have the same.
    """
    origin = disk.origin
    if not origin.is_magnetogram or disk.reprojected_to:
        found = f"{origin}, rotated" if disk.reprojected_to else str(origin)
        raise UnexpectedImageError(
            f"observed disk: got {found}, expected a magnetogram in its own view", (str(origin),)
        )
    scale = MAGNETOGRAPHS.get(origin.instrument, HMI).to_hmi
    return _whole(
        MapDisk(
            image=disk.image * np.float32(scale),
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
        A pixel on the disk has no value, or all have the same.
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
            sigma=product.deviation,
            unsigned=product.unsigned,
            positive=product.positive,
            generator=product.generator,
        )
    )


def read_observed(source: Source, name: str = "") -> MapDisk:
    """Read and register a line-of-sight magnetogram of HMI, MDI, PHI-FDT or GONG.

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
    """Read a far-side magnetogram that Farside wrote, or one of the AISFM archive.

    Raises
    ------
    InputError
        The file is not such a product, or is damaged.
    """
    data, name = bytes_of(source, name, MAX_BYTES)
    with naming_errors(name or "file without a name"):
        digest = hashlib.sha256(data).hexdigest()
        unpacked = unpack(data)
        if is_archive_disk(open_cards(unpacked)):
            return _whole(archive_disk(open_image(unpacked), name, digest))
        try:
            return generated_disk(Magnetogram.read(data), name, digest)
        except MissingMetadataError as error:
            raise _measured(open_cards(unpacked), error) from error


AISFM = ModelProvenance("AISFM (archive)", "3.0", "", "OBSERVED", "", "")
"""Provenance of disks of the archive of Jeong et al. (2022): weights and inputs are not in them."""


def is_archive_disk(cards: Cards) -> bool:
    """Whether a header is of a product of the AISFM archive (Jeong et al. 2022, Table A1)."""
    return text(cards, "INPUTDAT") in ("STEREO_A", "STEREO_B") and "AIMODEL" not in cards


def archive_disk(image: FitsImage, name: str = "", sha256: str = "") -> MapDisk:
    """Generated disk of a map from a product of the AISFM archive, marked as theirs.

    It has the mask of its own file: the largest disk on which every pixel has a value.

    Raises
    ------
    MissingMetadataError, ImplausibleGeometryError, UnsupportedImageError
        Time, observer or geometry are missing, or not those of a registered disk, north up.
    """
    cards = image.cards
    time, observer = time_of(cards, "DATE-OBS"), observer_of(cards)
    pointing = pointing_of({"CROTA2": 0.0} | dict(cards))
    side, radius_px = image.pixels.shape[0], number_of(cards, "R_SUN", 32, image.pixels.shape[0])
    middle = (side - 1) / 2
    apart_px = float(np.abs(pointing.sun_centre_px - middle).max())
    scaled = pointing.disk_radius_px(observer.distance_m) / radius_px
    if image.pixels.shape != (side, side) or apart_px > 1 or abs(scaled - 1) > 0.005:
        raise ImplausibleGeometryError(
            f"{image.pixels.shape} pixels, Sun {apart_px:.1f} px off their centre, disk of"
            f" {scaled:.3f} R_SUN; expected a square with the Sun at its centre and a disk of R_SUN"
        )
    if abs(pointing.roll_deg) > 0.1:
        raise ImplausibleGeometryError(f"roll is {pointing.roll_deg:.1f}°, expected north up")
    grid = Grid(side, radius_px)
    lost = np.argwhere(~np.isfinite(image.pixels)) - grid.centre_px
    edge_px = float(np.hypot(*lost.T).min()) if lost.size else radius_px
    if edge_px < 0.9 * radius_px:
        raise DamagedImageError(f"a pixel without a value at {edge_px / radius_px:.2f} R_SUN")
    return MapDisk(
        image=image.pixels,
        grid=Grid(side, radius_px, min(0.999, (edge_px - 1) / radius_px)),
        view=View(observer, time),
        instrument=text(cards, "INPUTDAT"),
        name=name,
        sha256=sha256,
        generator=AISFM,
    )


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
        " line-of-sight magnetogram of HMI, MDI, PHI-FDT or GONG",
        error.files,
    )


def _measured(cards: Cards, error: MissingMetadataError) -> InputError:
    """Error that says where a measured magnetogram belongs that was given as a generated one."""
    try:
        instrument, band = identify(cards)
    except InputError:
        return error
    if band != "LOS":
        return error
    return UnsupportedImageError(
        f"a measured magnetogram of {instrument.name}, to be given as `observed`; expected as"
        " generated a far-side magnetogram made by Farside"
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
    field = disk.image[disk.grid.on_disk()]
    if field.min() == field.max():
        raise DamagedImageError(
            f"{disk}: every pixel on the disk is {field[0]:g}, expected a field of both signs",
            (str(disk),),
        )
    return disk
