"""Checks of downloaded files: complete, unchanged by its checksum, and what its name says."""

from __future__ import annotations

import logging
import warnings
from datetime import datetime
from io import BytesIO
from pathlib import Path

from astropy.io import fits

from farside.archive.sets import SAME_TIME_HOURS
from farside.archive.times import isoformat, to_datetime
from farside.errors import DownloadError, InputError
from farside.io.fits import unpack
from farside.observation.image import Origin, read
from farside.sun.reference_epoch import hours_apart
from farside.synchronic.base import MAX_MAP_BYTES, read_base

_log = logging.getLogger(__name__)

_MISMATCH = 0
"""Return value of astropy's verify methods for a sum that differs; 1: equal, 2: there is none."""


def check_fits(path: Path) -> None:
    """Check that a file is whole FITS, gzipped or not, and that its DATASUM holds.

    A CHECKSUM that differs where DATASUM holds is only logged: archives change cards of the header
    without renewing it (JSOC's export of AIA 1600 of 2012-06-06).

    Raises
    ------
    DownloadError
        Truncated, not FITS, or altered.
    """
    name = path.name.removesuffix(".partial")
    try:
        data = unpack(path.read_bytes())
        sums = _sums(data)
    except (InputError, OSError, ValueError, TypeError, IndexError) as error:
        raise DownloadError(f"{name}: {error}, expected a whole FITS file") from error
    for index, (datasum, checksum) in enumerate(sums):
        if datasum == _MISMATCH:
            raise DownloadError(
                f"{name}: DATASUM of HDU {index} does not fit, expected intact data"
            )
        if checksum == _MISMATCH:
            _log.warning(
                "%s: CHECKSUM of HDU %d does not fit, DATASUM does or is none", name, index
            )


def _sums(data: bytes) -> list[tuple[int, int]]:
    if not data.startswith(b"SIMPLE  ="):
        raise ValueError(f"begins with {data[:9]!r}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Compressed tiles stay packed, so that no C code sees the sizes in them.
        with fits.open(
            BytesIO(data),
            disable_image_compression=True,
            do_not_scale_image_data=True,
            lazy_load_hdus=False,
        ) as hdus:
            last = hdus[-1]
            end = last.fileinfo()["datLoc"] + last.size
            if end > len(data):
                raise ValueError(f"got {len(data)} bytes of {end}")
            return [(hdu.verify_datasum(), hdu.verify_checksum()) for hdu in hdus]


def read_image(path: Path, instrument: str, band: str, time: datetime) -> Origin:
    """Read an image as :func:`farside.read` does, and check that it is what its name says.

    Raises
    ------
    InputError
        It cannot be used.
    DownloadError
        Another instrument, band or time than expected.
    """
    origin = read(path).origin
    if (origin.instrument, origin.band) != (instrument, band):
        raise DownloadError(f"{path.name}: got {origin}, expected {instrument} {band}")
    found = to_datetime(origin.time)
    if hours_apart(found, time) > SAME_TIME_HOURS:
        raise DownloadError(f"{path.name}: got {origin}, expected {isoformat(time)[:19]}")
    return origin


def check_map(path: Path) -> datetime:
    """Read a map as ``farside synchronic`` does, and return its time.

    Raises
    ------
    InputError
        It cannot be used.
    """
    return to_datetime(read_base(path, max_bytes=MAX_MAP_BYTES).time)
