"""Helioprojective coordinates (WCS) of an image: its pointing, read from and written to cards."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farside.errors import ImplausibleGeometryError, MissingMetadataError, UnsupportedImageError
from farside.io.cards import Card
from farside.io.fits import Value, number, text
from farside.sun.observer import SOLAR_RADIUS_M

ARCSEC_PER_RADIAN = 3600 * 180 / math.pi

COORDINATES = ("HPLN-TAN", "HPLT-TAN")
"""CTYPE of the axes of an image of the Sun: helioprojective longitude and latitude, gnomonic."""

_ARCSEC = dict.fromkeys(("", "arcsec", "arcsecs", "arcsecond", "arcseconds"), 1.0) | dict.fromkeys(
    ("deg", "degree", "degrees"), 3600.0
)
_SHEAR_LIMIT = 0.01


@dataclass(frozen=True, eq=False)
class Pointing:
    """Affine map from pixel index to helioprojective arcseconds.

    ``matrix_arcsec @ (index - reference_px) + reference_arcsec``. A gnomonic (TAN) image of the Sun
    departs from this by less than 0.02 pixels of 0.6 arcsec.

    Attributes
    ----------
    matrix_arcsec
        Scale and roll, (2, 2), arcseconds per pixel.
    reference_px
        0-based index (x, y) of the reference pixel.
    reference_arcsec
        Helioprojective (x, y) at the reference pixel.
    """

    matrix_arcsec: NDArray[np.float64]
    reference_px: NDArray[np.float64]
    reference_arcsec: NDArray[np.float64]

    @property
    def scale_arcsec(self) -> float:
        """Pixel scale, arcseconds per pixel."""
        return math.sqrt(float(np.linalg.det(self.matrix_arcsec)))

    @property
    def roll_deg(self) -> float:
        """Roll CROTA2: angle from the image's y axis to solar north, positive clockwise."""
        return math.degrees(math.atan2(self.matrix_arcsec[1, 0], self.matrix_arcsec[0, 0]))

    @property
    def sun_centre_px(self) -> NDArray[np.float64]:
        """0-based index (x, y) of the Sun's centre."""
        return self.pixel(0.0, 0.0)

    def pixel(self, x_arcsec: float, y_arcsec: float) -> NDArray[np.float64]:
        """0-based pixel index (x, y) of a helioprojective position."""
        offset = np.array([x_arcsec, y_arcsec]) - self.reference_arcsec
        index: NDArray[np.float64] = self.reference_px + np.linalg.solve(self.matrix_arcsec, offset)
        return index

    def disk_radius_px(self, distance_m: float) -> float:
        """Radius of the visible disk, arcsin(R_sun / distance), in pixels."""
        return disk_radius_arcsec(distance_m) / self.scale_arcsec


def disk_radius_arcsec(distance_m: float) -> float:
    """Apparent radius of the Sun: arcsin(695.7 Mm / distance)."""
    return math.degrees(math.asin(SOLAR_RADIUS_M / distance_m)) * 3600


def helioprojective_cards(
    sun_centre_px: tuple[float, float], scale_arcsec: float
) -> Iterator[Card]:
    """Yield the cards of an image whose reference point is the Sun's centre; not those of roll.

    Parameters
    ----------
    sun_centre_px
        0-based index (x, y).
    scale_arcsec
        Arcseconds per pixel.
    """
    for axis, name, centre_px in zip("12", COORDINATES, sun_centre_px, strict=True):
        yield f"CTYPE{axis}", name, ""
        yield f"CUNIT{axis}", "arcsec", ""
        # FITS counts pixels from 1.
        yield f"CRPIX{axis}", centre_px + 1, "[pix] centre of the Sun"
        yield f"CRVAL{axis}", 0.0, "[arcsec]"
        yield f"CDELT{axis}", scale_arcsec, "[arcsec/pix]"


def pointing_of(header: Mapping[str, Value]) -> Pointing:
    """Read the pointing (scale, roll, reference pixel) from a header.

    Roll is taken from PCi_j, else from CROTA2, else from SECCHI's CROTA. A missing CUNIT means
    arcseconds, as in old AIA and EUVI files.

    Raises
    ------
    MissingMetadataError
        A card is missing; roll is never assumed, because HMI's is 180°.
    UnsupportedImageError
        Coordinates other than helioprojective TAN.
    ImplausibleGeometryError
        The pixel matrix is mirrored, sheared or degenerate.
    """
    _check_projection(header)
    unit = np.array([_unit(header, axis) for axis in "12"])
    scale = unit * [_needed(header, f"CDELT{axis}") for axis in "12"]
    with np.errstate(all="ignore"):  # degenerate scales are refused below
        matrix = scale[:, None] * _rotation(header, scale)
    _check_rigid(matrix)
    return Pointing(
        matrix_arcsec=matrix,
        # FITS pixels are 1-based.
        reference_px=np.array([_needed(header, f"CRPIX{axis}") - 1 for axis in "12"]),
        reference_arcsec=unit * [_needed(header, f"CRVAL{axis}") for axis in "12"],
    )


def _check_projection(header: Mapping[str, Value]) -> None:
    found = text(header, "CTYPE1"), text(header, "CTYPE2")
    if found == ("", ""):
        raise MissingMetadataError("no CTYPE1 and CTYPE2, expected HPLN-TAN and HPLT-TAN")
    if found != COORDINATES:
        raise UnsupportedImageError(f"coordinates {found}, expected {COORDINATES}")


def _unit(header: Mapping[str, Value], axis: str) -> float:
    unit = text(header, f"CUNIT{axis}").lower()
    if unit not in _ARCSEC:
        raise UnsupportedImageError(f"CUNIT{axis} is {unit!r}, expected 'arcsec' or 'deg'")
    return _ARCSEC[unit]


def _needed(header: Mapping[str, Value], key: str) -> float:
    value = number(header, key)
    if value is None:
        raise MissingMetadataError(f"{key} is {header.get(key)!r}, expected a number")
    return value


def _rotation(header: Mapping[str, Value], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    given = [number(header, f"PC{i}_{j}") for i in "12" for j in "12"]
    if any(value is not None for value in given):
        defaults = (1.0, 0.0, 0.0, 1.0)
        filled = [old if new is None else new for new, old in zip(given, defaults, strict=True)]
        return np.array(filled).reshape(2, 2)
    for key in ("CROTA2", "CROTA"):
        angle = number(header, key)
        if angle is not None:
            if abs(angle) > 360:
                raise ImplausibleGeometryError(f"{key} is {angle:g}, expected degrees up to 360")
            cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
            ratio = scale[1] / scale[0]
            # Thompson (2006), A&A 449, 791, eq. 3 to 4.
            return np.array([[cos, -sin * ratio], [sin / ratio, cos]])
    raise MissingMetadataError("no roll: expected PC1_1 to PC2_2, CROTA2 or CROTA")


def _check_rigid(matrix: NDArray[np.float64]) -> None:
    if not np.isfinite(matrix).all() or not np.linalg.det(matrix) > 0:
        raise ImplausibleGeometryError(
            f"pixel matrix {matrix.round(4).tolist()} arcsec is degenerate or mirrored"
        )
    longest, shortest = np.linalg.svd(matrix, compute_uv=False)
    if longest > shortest * (1 + _SHEAR_LIMIT):
        raise ImplausibleGeometryError(
            f"pixels of {longest:.4f} by {shortest:.4f} arcsec, expected square ones"
        )
