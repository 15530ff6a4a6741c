"""Read a sunspot drawing and its side-car into an Observation.

The observer is Earth at the time of the drawing. The side-car takes precedence over a FITS header;
date and position angle are never assumed, and only the disk is searched for in the picture.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from astropy.time import Time

from farside.errors import (
    InputError,
    MissingMetadataError,
    NoDiskError,
    PartialDiskError,
    UnreadablePictureError,
)
from farside.io.fits import MAX_BYTES, Cards, open_image, text, unpack
from farside.io.source import Source, bytes_of, naming_errors
from farside.io.wcs import Pointing, disk_radius_arcsec, pointing_of
from farside.observation.drawing.limb_fit import DrawnDisk, find_disk
from farside.observation.drawing.scan import is_picture, open_picture
from farside.observation.drawing.sidecar import CONTENT, SideCar, read_side_car, side_car_of
from farside.observation.image import Observation, Origin
from farside.observation.instruments import card_time
from farside.sun.grid import Image
from farside.sun.observer import Observer, earth

INSTRUMENT, BAND = "DRAWING", "WHITE"
"""Instrument and band in the Origin of a drawing."""

YEARS = (1600, 2100)
"""Accepted years: of telescopic drawings, and of the ephemeris of Earth."""

LEAST_BRIGHTNESS = 0.01
"""Smallest brightness of ink; blank paper has 1."""

MOST_BRIGHTNESS = 1.25
"""Largest brightness of paper, relative to that around it."""

INK_RADIUS = 0.09
"""Radius of the closing that removes ink from the paper, disk radii: a group of 1000 millionths is
0.045 wide."""

PAPER_RADIUS = 0.08
"""Standard deviation of the smoothing of the paper's brightness, disk radii."""

PAPER_PX = 96
"""Disk radius to which a picture is reduced to estimate its paper, pixels."""


@dataclass(frozen=True, eq=False)
class _Sheet:
    """Drawing with dark ink, east to the left and row 0 at the bottom; its disk and orientation."""

    picture: Image
    disk: DrawnDisk
    orientation_deg: float
    notes: tuple[str, ...]


def is_drawing(data: bytes) -> bool:
    """Whether bytes are a drawing: PNG, JPEG, or FITS with CONTENT ``SUNSPOT DRAWING``."""
    if is_picture(data):
        return True
    try:
        return text(open_image(unpack(data)).cards, "CONTENT").upper() == CONTENT
    except InputError:
        return False


def read_drawing(
    source: Source,
    side_car: bytes | None = None,
    name: str = "",
    *,
    max_bytes: int = MAX_BYTES,
) -> Observation:
    """Read a sunspot drawing as FITS, PNG or JPEG.

    Parameters
    ----------
    source
        A path, the bytes of a file or an open binary file.
    side_car
        Bytes of the side-car (:class:`~farside.observation.drawing.sidecar.SideCar`); by default,
        for a path, the file beside it.
    name
        Name for bytes that have none.
    max_bytes
        Largest file, compressed or not.

    Returns
    -------
    Observation
        Brightness relative to the blank paper around each pixel, ink near 0, scans of white on
        black inverted; with a pointing by which it is registered like any other image.

    Raises
    ------
    UnreadablePictureError, NotFitsError, UnsupportedImageError, FileTooLargeError
        The file is not a readable picture.
    SideCarError
        The side-car does not parse.
    MissingMetadataError
        No date, or no position angle.
    NoDiskError, PartialDiskError
        The disk is not found, or not completely inside the picture.
    """
    if side_car is None and isinstance(source, str | Path):
        side_car = side_car_of(Path(source))
    data, name = bytes_of(source, name, max_bytes)
    with naming_errors(name or "drawing without a name"):
        given = SideCar() if side_car is None else read_side_car(side_car)
        picture, cards = _opened(data, max_bytes)
        time, of_a_day = _time(given, cards)
        observer = earth(time)
        sheet = _laid_out(picture, given, cards, observer)
    origin = Origin(
        instrument=INSTRUMENT,
        band=BAND,
        time=time,
        observer=observer,
        name=name,
        sha256=hashlib.sha256(data).hexdigest(),
        notes=_notes(given, of_a_day) + sheet.notes,
    )
    return Observation(origin, _on_paper(sheet), _pointing(origin, sheet), "", _CARDS)


def _opened(data: bytes, max_bytes: int) -> tuple[Image, Cards]:
    """Brightness (y, x), row 0 at the bottom, and the header cards of a FITS file."""
    if is_picture(data):
        if len(data) > max_bytes:
            return open_picture(unpack(data, max_bytes)), {}
        return open_picture(data), {}
    unpacked = unpack(data, max_bytes)
    if not unpacked.startswith(b"SIMPLE  ="):
        return open_picture(unpacked), {}
    image = open_image(unpacked)
    return _filled(image.pixels), image.cards


def _filled(pixels: Image) -> Image:
    """Picture with missing pixels set to the median: blank paper."""
    valid = np.isfinite(pixels)
    if not valid.any():
        raise UnreadablePictureError("no pixel has a value")
    return np.where(valid, pixels, np.median(pixels[valid])).astype(np.float32)


def _time(given: SideCar, cards: Cards) -> tuple[Time, bool]:
    """Time of the drawing, and whether only the day is known."""
    if given.isot is not None:
        _check_year(given.isot)
        return Time(given.isot, format="isot", scale="utc"), given.is_date_only
    date = text(cards, "DATE-OBS")
    of_a_day = len(date) == len("1612-06-23")
    time = card_time({"DATE-OBS": f"{date}T12:00:00"} if of_a_day else cards, "DATE-OBS")
    if time is None:
        raise MissingMetadataError(
            f"no date: found {date or 'none'}, expected time_utc of a side-car, or DATE-OBS"
        )
    _check_year(time.isot)
    return Time(time.isot, format="isot", scale="utc"), of_a_day


def _check_year(isot: str) -> None:
    if not YEARS[0] <= int(isot[:4]) < YEARS[1]:
        raise MissingMetadataError(
            f"no date: found {isot[:10]}, expected a year from {YEARS[0]} to {YEARS[1]}"
        )


def _notes(given: SideCar, of_a_day: bool) -> tuple[str, ...]:
    drawn_by = ", ".join(part for part in (given.observer, given.hand) if part)
    return (("only the day is known, noon UTC is assumed",) if of_a_day else ()) + (
        (f"drawn by {drawn_by}",) if drawn_by else ()
    )


def _laid_out(picture: Image, given: SideCar, cards: Cards, observer: Observer) -> _Sheet:
    """Normalise a drawing (ink dark, east to the left) and find its disk and orientation."""
    dark, notes = _ink_dark(picture)
    known = _from_header(given, cards, observer)
    if known is None:
        orientation = given.orientation_deg
        if orientation is None:
            raise MissingMetadataError(
                "no position angle: expected position_angle_deg or north_up of a side-car"
            )
        disk, found = _disk(dark, given, from_top="SIMPLE" not in cards)
        known = disk, orientation, found
    disk, orientation, found = known
    if given.mirrored:
        width = dark.shape[1]
        dark = np.ascontiguousarray(dark[:, ::-1])
        disk = DrawnDisk(width - 1 - disk.x_px, disk.y_px, disk.radius_px)
    _check_whole(disk, dark)
    return _Sheet(dark, disk, orientation, notes + found)


def _ink_dark(picture: Image) -> tuple[Image, tuple[str, ...]]:
    """Invert a picture whose paper is darker than its ink."""
    low, paper, high = (float(of(picture)) for of in (np.min, np.median, np.max))
    if not high > low:
        raise NoDiskError(f"a blank picture, every pixel {low:g}; expected a drawn disk")
    if paper >= (low + high) / 2:
        return picture, ()
    return np.float32(low + high) - picture, ("white on black, inverted",)


def _from_header(
    given: SideCar, cards: Cards, observer: Observer
) -> tuple[DrawnDisk, float, tuple[str, ...]] | None:
    """Disk and position angle from a FITS header; None if the side-car has the geometry."""
    of_side_car = given.orientation_deg is not None or given.radius_px is not None
    if of_side_car or given.mirrored or "CTYPE1" not in cards:
        return None
    pointing = pointing_of(cards)
    x, y = pointing.sun_centre_px
    radius = pointing.disk_radius_px(observer.distance_m)
    # CROTA2 is positive clockwise, a position angle anticlockwise.
    return DrawnDisk(float(x), float(y), radius), -pointing.roll_deg, ()


def _disk(picture: Image, given: SideCar, from_top: bool) -> tuple[DrawnDisk, tuple[str, ...]]:
    if given.centre_px is None or given.radius_px is None:
        disk = find_disk(picture)
        return disk, (f"disk found: radius {disk.radius_px:.1f} px",)
    x, y = given.centre_px
    return DrawnDisk(x, picture.shape[0] - 1 - y if from_top else y, given.radius_px), ()


def _check_whole(disk: DrawnDisk, picture: Image) -> None:
    height, width = picture.shape
    over_edge = disk.radius_px - min(
        disk.x_px, disk.y_px, width - 1 - disk.x_px, height - 1 - disk.y_px
    )
    if over_edge > 0.5:
        raise PartialDiskError(
            f"a disk of radius {disk.radius_px:.1f} px around ({disk.x_px:.1f}, {disk.y_px:.1f})"
            f" is not inside {width} by {height} pixels"
        )


def _on_paper(sheet: _Sheet) -> Image:
    """Brightness relative to the blank paper around, which removes shading and yellowing."""
    brightness = sheet.picture / _paper(sheet.picture, sheet.disk)
    row, column = (np.arange(side) for side in brightness.shape)
    inside = np.hypot(column[None, :] - sheet.disk.x_px, row[:, None] - sheet.disk.y_px)
    typical = np.median(brightness[inside < 0.98 * sheet.disk.radius_px])
    scaled = np.clip(brightness / typical, LEAST_BRIGHTNESS, MOST_BRIGHTNESS)
    return np.asarray(scaled, dtype=np.float32)


def _paper(picture: Image, disk: DrawnDisk) -> Image:
    """Brightness of the paper under the ink: a smoothed closing at low resolution."""
    shrink = max(1.0, disk.radius_px / PAPER_PX)
    height, width = picture.shape
    size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    radius = disk.radius_px / shrink
    side = 2 * round(INK_RADIUS * radius) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    closed = cv2.morphologyEx(small, cv2.MORPH_CLOSE, kernel)
    smooth = cv2.GaussianBlur(closed, (0, 0), PAPER_RADIUS * radius)
    floor = max(0.02 * float(np.max(smooth)), 1e-6)
    return np.maximum(cv2.resize(smooth, (width, height)), np.float32(floor))


_CARDS = {"INSTRUME": INSTRUMENT}


def _pointing(origin: Origin, sheet: _Sheet) -> Pointing:
    """Scale by the limb as drawn from Earth, roll by the position angle."""
    scale_arcsec = disk_radius_arcsec(origin.observer.distance_m) / sheet.disk.radius_px
    angle = math.radians(sheet.orientation_deg)
    # CROTA2 is minus the position angle.
    turned = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return Pointing(
        matrix_arcsec=scale_arcsec * turned,
        reference_px=np.array([sheet.disk.x_px, sheet.disk.y_px]),
        reference_arcsec=np.zeros(2),
    )
