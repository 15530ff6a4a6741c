"""Files in the instruments' own formats, built from an analytic picture of the Sun."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from farside.io.wcs import disk_radius_arcsec

Card = str | int | float | bool
Cards = dict[str, Card]
Picture = Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]
"""Value at (x towards west, y towards north), in solar radii from the disk centre."""

BIAS_DN = 700.0

EARTH_M = 1.4774e11
"""Of the Earth on 2011-02-15, the date of the files."""


@dataclass(frozen=True)
class Camera:
    """Where a camera of `size_px` pixels a side sees the Sun."""

    size_px: int = 256
    radius_px: float = 100.0
    roll_deg: float = 0.0
    offset_px: tuple[float, float] = (0.0, 0.0)
    distance_m: float = EARTH_M

    @property
    def scale_arcsec(self) -> float:
        return disk_radius_arcsec(self.distance_m) / self.radius_px

    @property
    def centre_px(self) -> NDArray[np.float64]:
        """0-based index (x, y) of the Sun's centre."""
        return (self.size_px - 1) / 2 + np.array(self.offset_px)

    @property
    def rotation(self) -> NDArray[np.float64]:
        cos, sin = np.cos(np.radians(self.roll_deg)), np.sin(np.radians(self.roll_deg))
        return np.array([[cos, -sin], [sin, cos]])

    def sees(self, picture: Picture) -> NDArray[Any]:
        """`picture` at the centre of each pixel."""
        index = np.arange(self.size_px)
        dx, dy = index - self.centre_px[0], (index - self.centre_px[1])[:, None]
        (a, b), (c, d) = self.rotation / self.radius_px
        return picture(a * dx + b * dy, c * dx + d * dy)


def euvi_cards(camera: Camera, **changes: Card) -> Cards:
    """EUVI-A level 0: roll in CROTA and PCi_j, offset in CRVAL, observer in both systems."""
    offset = camera.rotation @ np.array(camera.offset_px) * camera.scale_arcsec
    middle = (camera.size_px + 1) / 2
    (pc11, pc12), (pc21, pc22) = camera.rotation.tolist()
    cards: Cards = {
        "INSTRUME": "SECCHI",
        "DETECTOR": "EUVI",
        "OBSRVTRY": "STEREO_A",
        "WAVELNTH": 304,
        "FILENAME": "20110215_001400_n4euA.fts",
        "DATE-OBS": "2011-02-15T00:14:00.006",
        "DATE-AVG": "2011-02-15T00:14:08.010",
        "EXPTIME": 16.008,
        "CTYPE1": "HPLN-TAN",
        "CTYPE2": "HPLT-TAN",
        "CUNIT1": "arcsec",
        "CUNIT2": "arcsec",
        "CRPIX1": middle,
        "CRPIX2": middle,
        "CDELT1": camera.scale_arcsec,
        "CDELT2": camera.scale_arcsec,
        "CRVAL1": float(-offset[0]),
        "CRVAL2": float(-offset[1]),
        "CROTA": camera.roll_deg,
        "PC1_1": pc11,
        "PC1_2": pc12,
        "PC2_1": pc21,
        "PC2_2": pc22,
        "RSUN": disk_radius_arcsec(camera.distance_m) * 695.508 / 695.7,
        "HGLN_OBS": 87.059580,
        "HGLT_OBS": -2.812511,
        "CRLN_OBS": 109.728,
        "CRLT_OBS": -2.812511,
        "DSUN_OBS": camera.distance_m,
        "BUNIT": "DN",
        "BIASMEAN": BIAS_DN,
        "OFFSETCR": 0.0,
        "IPSUM": 1.0,
        "NMISSING": 0,
        "DIV2CORR": True,
        "IP_00_19": " 41 76  1 94" + "  0" * 16,
    }
    return cards | changes


def aia_cards(camera: Camera, **changes: Card) -> Cards:
    """AIA level 1: roll in CROTA2, offset in CRPIX, no BUNIT."""
    cards = _jsoc_cards(camera) | {
        "INSTRUME": "AIA_3",
        "WAVELNTH": 171,
        "DATE-OBS": "2011-02-15T00:00:00.34",
        "T_OBS": "2011-02-15T00:00:01.34Z",
        "EXPTIME": 2.000191,
        "LVL_NUM": 1.0,
        "HGLN_OBS": 0.0,
        "HGLT_OBS": -6.820544,
        "CRLN_OBS": 22.814522,
        "CRLT_OBS": -6.820544,
    }
    return cards | changes


def hmi_cards(camera: Camera, **changes: Card) -> Cards:
    """HMI M_720s: roll in CROTA2, Carrington observer only, time in TAI."""
    cards = _jsoc_cards(camera) | {
        "INSTRUME": "HMI_COMBINED",
        "CONTENT": "MAGNETOGRAM",
        "BUNIT": "Gauss",
        "WAVELNTH": 6173.0,
        "DATE-OBS": "2011-02-14T20:28:46.20",
        "T_OBS": "2011.02.14_20:35:09_TAI",
        "CRLN_OBS": 24.698355,
        "CRLT_OBS": -6.803794,
    }
    return cards | changes


def _jsoc_cards(camera: Camera) -> Cards:
    return {
        "TELESCOP": "SDO",
        "CTYPE1": "HPLN-TAN",
        "CTYPE2": "HPLT-TAN",
        "CUNIT1": "arcsec",
        "CUNIT2": "arcsec",
        "CRVAL1": 0.0,
        "CRVAL2": 0.0,
        "CRPIX1": float(camera.centre_px[0] + 1),
        "CRPIX2": float(camera.centre_px[1] + 1),
        "CDELT1": camera.scale_arcsec,
        "CDELT2": camera.scale_arcsec,
        "CROTA2": camera.roll_deg,
        "WAVEUNIT": "angstrom",
        "RSUN_REF": 696.0e6,
        "RSUN_OBS": disk_radius_arcsec(camera.distance_m) * 696.0 / 695.7,
        "DSUN_OBS": camera.distance_m,
        "QUALITY": 0,
    }


def file_bytes(
    cards: Mapping[str, Card],
    pixels: NDArray[Any],
    *,
    rice: bool = False,
    bare: Mapping[str, str] | None = None,
    history: str = "",
) -> bytes:
    """Write a file.

    Parameters
    ----------
    rice
        Compress into HDU 1, as the JSOC does.
    bare
        Cards whose value stands there as it is, without quotes: what astropy refuses to write.
    """
    kind = fits.CompImageHDU if rice else fits.PrimaryHDU
    hdu = kind(pixels)
    for key, value in cards.items():
        hdu.header[key] = value
    if history:
        hdu.header["HISTORY"] = history
    for key in bare or {}:
        hdu.header[key] = f"bare {key}"
    buffer = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu] if rice else [hdu]).writeto(buffer)
    data = buffer.getvalue()
    for key, value in (bare or {}).items():
        quoted = f"{key:<8}= 'bare {key}'".ljust(80).encode()
        assert quoted in data
        data = data.replace(quoted, f"{key:<8}= {value:>20}".ljust(80).encode())
    return data


def integers(values: NDArray[Any], bscale: float = 1.0) -> tuple[NDArray[np.int32], Cards]:
    """Pixels as integers of `bscale`, NaN as BLANK, and the cards that say so."""
    blank = -(2**31)
    counts = np.where(np.isfinite(values), np.rint(np.nan_to_num(values) / bscale), blank)
    return counts.astype(np.int32), {"BSCALE": bscale, "BZERO": 0.0, "BLANK": blank}


def packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)
