"""Headers of GONG's full-disk magnetograms (``*bqa*.fits.gz``), rewritten as other instruments'."""

from __future__ import annotations

import math
import re

import numpy as np
from astropy.time import Time

from farside.errors import ImplausibleGeometryError, MissingMetadataError, UnsupportedImageError
from farside.io.fits import Cards, FitsImage, number, text
from farside.io.wcs import disk_radius_arcsec, helioprojective_cards
from farside.sun.grid import Image
from farside.sun.observer import ASTRONOMICAL_UNIT_M, earth

TIME, AVERAGED_S = "T_OBS", 600.0
"""Card of the middle of the exposure, and the time over which minutes are averaged."""

ROLL_TOLERANCE_DEG = 0.1

LEAST_ROUND = 0.99
"""Least ratio of the axes of the fitted limb. A choice: refraction at sunset flattens the Sun."""

SKY_TOLERANCE_GAUSS = 1.0

EDGE_PX = 3.0
"""Width of the ring inside the limb in which GONG's files mix the field with the value of the sky:
two pixels in the file of 2009-09-05, by the kernel of their interpolation."""

_GPS_BEHIND_TAI_S = 19
_ROTATED = re.compile(r"\brot=(-?\d*\.?\d+)")


def is_gong_disk(cards: Cards) -> bool:
    """Whether a header is of a full-disk magnetogram of GONG in its archive's form."""
    return (
        text(cards, "TELESCOP") == "NSO-GONG"
        and text(cards, "IMTYPE") == "MAGNETIC"
        and "FNDLMBXC" in cards
    )


def standard_cards(cards: Cards) -> Cards:
    """Header with the coordinates, observer and time of GONG's own cards.

    The disk is that of the fitted limb (FNDLMB...), which is counted from 1. Solar north is up:
    P_ANGLE says so, or in older files the rotation in their history, which undid that of the camera
    (ROTATOR). The observer is the Earth, at the time that DATE-OBS and TIME-OBS give on the scale
    of GPS.

    Raises
    ------
    MissingMetadataError
        A card is missing or holds no number or time.
    ImplausibleGeometryError
        The limb is no circle, or north is not up.
    UnsupportedImageError
        The image is marked as not valid.
    """
    if cards.get("VALID", True) not in (True, "T"):
        raise UnsupportedImageError(f"GONG: VALID is {cards['VALID']!r}, expected T")
    _check_north_up(cards)
    time = _time(cards)
    place = earth(time)
    distance_m = _number(cards, "DISTANCE") * ASTRONOMICAL_UNIT_M
    centre_px, radius_px = _limb(cards)
    scale = disk_radius_arcsec(distance_m) / radius_px
    latitude = number(cards, "B0")
    return dict(cards) | {
        **{key: value for key, value, _ in helioprojective_cards(centre_px, scale)},
        "CROTA2": 0.0,
        "RSUN_OBS": disk_radius_arcsec(distance_m),
        "HGLN_OBS": 0.0,
        "HGLT_OBS": place.latitude_deg if latitude is None else latitude,
        "DSUN_OBS": distance_m,
        "BUNIT": text(cards, "BUNIT").capitalize() or "Gauss",
        TIME: time.isot,
    }


def without_sky(image: FitsImage) -> Image:
    """Pixels of an image without the sky, (y, x).

    Those at the limb and beyond it take the value `EDGE_PX` inside it; pixels of the disk that have
    the value of the sky are NaN.
    """
    (x_px, y_px), radius_px = _limb(image.cards)
    rows, columns = image.pixels.shape
    y, x = np.arange(rows)[:, None] - y_px, np.arange(columns) - x_px
    inwards = np.minimum(1, (radius_px - EDGE_PX) / np.maximum(np.hypot(x, y), 1))
    row = np.clip(np.rint(y_px + y * inwards), 0, rows - 1).astype(np.intp)
    column = np.clip(np.rint(x_px + x * inwards), 0, columns - 1).astype(np.intp)
    pixels = image.pixels[row, column]
    sky = _number(image.cards, "SKYVALUE")
    return np.where(np.abs(pixels - sky) < SKY_TOLERANCE_GAUSS, np.float32(np.nan), pixels)


def _limb(cards: Cards) -> tuple[tuple[float, float], float]:
    """Centre (x, y), counted from 0, and radius of the fitted limb, pixels."""
    axes_px = sorted(_number(cards, key) for key in ("FNDLMBMI", "FNDLMBMA"))
    if not axes_px[0] > LEAST_ROUND * axes_px[1] > 0:
        raise ImplausibleGeometryError(
            f"the limb has the axes {axes_px[0]:.1f} and {axes_px[1]:.1f} px, expected a circle"
        )
    centre = _number(cards, "FNDLMBXC") - 1, _number(cards, "FNDLMBYC") - 1
    return centre, sum(axes_px) / 2


def _check_north_up(cards: Cards) -> None:
    roll_deg = number(cards, "P_ANGLE")
    if roll_deg is None:
        history = "".join(
            str(value).strip() for key, value in cards.items() if re.fullmatch(r"GHIST\d{3}", key)
        )
        found = _ROTATED.search(history)
        if found is None:
            raise MissingMetadataError("no roll: expected P_ANGLE, or a rotation in GHIST...")
        roll_deg = float(found[1]) + math.degrees(_number(cards, "ROTATOR"))
    if abs(roll_deg) > ROLL_TOLERANCE_DEG:
        raise ImplausibleGeometryError(f"solar north is {roll_deg:+.2f}° from up, expected it up")


def _time(cards: Cards) -> Time:
    """Time in UTC."""
    words = f"{text(cards, 'DATE-OBS').replace('/', '-')}T{text(cards, 'TIME-OBS')}"
    try:
        start = Time(words, format="isot", scale="tai")
    except ValueError as error:
        raise MissingMetadataError(
            f"no time: DATE-OBS and TIME-OBS are {words!r}, expected a date and a time"
        ) from error
    return Time(start.unix_tai + _GPS_BEHIND_TAI_S, format="unix_tai").utc


def _number(cards: Cards, key: str) -> float:
    value = number(cards, key)
    if value is None:
        raise MissingMetadataError(f"{key} is {cards.get(key)!r}, expected a number")
    return value
