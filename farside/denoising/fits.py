"""FITS file of a derotated mean: the middle frame's header, and a table of the frames."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from astropy.io import fits

from farside import __version__
from farside.denoising.average import COUNT_KEY, MeanMagnetogram
from farside.denoising.derotation import NOISE_LEFT
from farside.io.atomic import atomic_path
from farside.io.cards import Card, Column, add_cards, quote_name, table
from farside.io.fits import Cards, Value
from farside.observation.instruments import HMI_NEAR_REAL_TIME
from farside.quality import Quality

_NOT_KEPT = re.compile(
    # Array, compression and checksums of the original frame.
    r"SIMPLE|XTENSION|BITPIX|NAXIS\d*|EXTEND|EXTNAME|EXTVER|[PG]COUNT|TFIELDS|THEAP"
    r"|T(TYPE|FORM|UNIT|DIM)\d+|Z[A-Z]+\d*|BSCALE|BZERO|BLANK|CHECKSUM|DATASUM|HEADSUM"
    # Texts that continue in other cards, and statistics of other pixels.
    r"|COMMENT|HISTORY|CONTINUE|END|LONGSTRN"
    r"|DATA(VALS|MIN|MAX|MED|MEA|RMS|SKE|KUR)[NA-Z]?\d?|(TOT|MISS|SAT)VALS|DATE"
)
_KEYWORD = re.compile(r"[A-Z0-9_-]{1,8}")


def write(mean: MeanMagnetogram, path: Path) -> Path:
    """Write a derotated mean as FITS, atomically.

    :func:`farside.observation.image.read` reads it as an HMI line-of-sight magnetogram. The table
    FRAMES has T_REC, name and sha256 of each frame; every HDU has a CHECKSUM.
    """
    image = fits.PrimaryHDU(mean.image.astype(np.float32))
    add_cards(image.header, _kept(mean.middle.cards))
    add_cards(image.header, _cards(mean))
    image.header.add_history("Mean of the frames in HDU FRAMES, each turned to the middle one by")
    image.header.add_history("the rotation of magnetic features of Komm, Howard & Harvey (1993).")
    file = BytesIO()
    hdus = fits.HDUList([image, table("FRAMES", _COLUMNS, _rows(mean))])
    for hdu in hdus:
        hdu.add_checksum()
    hdus.writeto(file)
    with atomic_path(path) as temporary:
        temporary.write_bytes(file.getbuffer())
    return path


def _kept(cards: Cards) -> Iterator[Card]:
    """Cards of the middle frame's header that describe time, pointing and instrument."""
    for key, value in cards.items():
        if _KEYWORD.fullmatch(key) and not _NOT_KEPT.fullmatch(key) and _is_writable(value):
            yield key, value, ""


def _is_writable(value: Value) -> bool:
    """Whether FITS allows a value: HMI has bare ``nan``, and texts continued in another card."""
    if isinstance(value, str):
        return value.isascii() and value.isprintable() and not value.endswith("&")
    return math.isfinite(value)


def _cards(mean: MeanMagnetogram) -> Iterator[Card]:
    first, last = mean.frames[0], mean.frames[-1]
    count = len(mean.frames)
    near_real_time = any(Quality.NEAR_REAL_TIME in origin.quality for origin in mean.origins)
    span_s = float((last.slot - first.slot).to_value("s")) + mean.middle.cadence_s
    yield "CREATOR", f"Farside {__version__}", "software that wrote this file"
    yield "BUNIT", "Gauss", "line of sight, positive towards the observer"
    yield "QUALITY", HMI_NEAR_REAL_TIME if near_real_time else 0, "of all frames together"
    yield COUNT_KEY, count, "mean of so many frames"
    yield "FRMFIRST", str(first.cards["T_REC"]), "T_REC of the first"
    yield "FRMLAST", str(last.cards["T_REC"]), "T_REC of the last"
    yield "FRMSPAN", round(span_s, 3), "[s] that they cover"
    yield "NOISEONE", round(mean.noise_one_gauss, 3), "[Gauss] weak core, disk centre, middle frame"
    yield "NOISEAVG", round(mean.noise_gauss, 3), "[Gauss] the same of this mean"
    expected = mean.noise_one_gauss * NOISE_LEFT / math.sqrt(count)
    yield "NOISEEXP", round(expected, 3), "[Gauss] expected if NOISEONE is all noise"


_COLUMNS: tuple[Column, ...] = (("T_REC", None, None), ("NAME", None, None), ("SHA256", None, None))


def _rows(mean: MeanMagnetogram) -> Iterator[tuple[Value, ...]]:
    for frame, origin in zip(mean.frames, mean.origins, strict=True):
        yield str(frame.cards["T_REC"]), quote_name(origin.name), origin.sha256
