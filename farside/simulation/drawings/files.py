"""Write a simulated drawing as users have them: a scan and its side-car."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from astropy.io import fits
from astropy.time import Time
from PIL import Image as Pillow

from farside.io.formats import ScanFormat
from farside.io.wcs import disk_radius_arcsec, helioprojective_cards
from farside.observation.drawing.sidecar import CONTENT, SUFFIX
from farside.simulation.drawings.drawing import RADIUS_PX, Drawing, draw
from farside.simulation.drawings.styles import DRAWING_STYLES
from farside.simulation.grid import FINE
from farside.simulation.instruments.files import SIZES, write_hmi
from farside.simulation.sun import SimulatedSun, check_begun
from farside.sun.observer import earth

JPEG_QUALITY = 60
"""JPEG quality, low enough for visible blocks."""

"""File formats of simulated drawings."""


@dataclass(frozen=True)
class DrawnFiles:
    """Paths of a drawing, its side-car, and HMI's magnetogram of the same time."""

    drawing: Path
    side_car: Path
    truth: Path


def write_drawing(
    directory: Path,
    time: Time,
    seed: int = 0,
    hand: str = "tower",
    form: ScanFormat = "png",
    radius_px: float = RADIUS_PX,
) -> DrawnFiles:
    """Draw a Sun as seen from Earth, and write the drawing, its side-car and the truth.

    Parameters
    ----------
    directory
        Output folder, created if missing; the truth goes to ``truth/`` in it.
    time
        Time of the drawing, UTC.
    seed
        Seed of the Sun.
    hand
        Drawing style, a key of :data:`~farside.simulation.drawings.styles.DRAWING_STYLES`.
    form
        File format. A FITS image is not mirrored, and has disk and position
        angle in its header.
    radius_px
        Disk radius in pixels of the scan.

    Raises
    ------
    OutOfRangeError
        The Sun begins after `time`; nothing is written.
    """
    check_begun(time)
    sun = SimulatedSun(seed)
    drawing = draw(sun, time, DRAWING_STYLES[hand], np.random.default_rng([seed, 9]), radius_px)
    stem = f"{time.to_datetime():%Y%m%d_%H%M%S}_{hand}"
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{stem}.{form}"
    path.write_bytes(encoded(drawing, time, form))
    side_car = path.with_suffix(SUFFIX)
    side_car.write_bytes(drawing.side_car.to_json())
    truth = directory / "truth"
    truth.mkdir(exist_ok=True)
    hmi = write_hmi(truth, sun.at(time, FINE), np.random.default_rng([seed, 10]), SIZES["small"])
    return DrawnFiles(path, side_car, hmi)


def encoded(drawing: Drawing, time: Time, form: ScanFormat) -> bytes:
    """Contents of the scan as a file."""
    if form == "fits":
        return _as_fits(drawing, time)
    file = io.BytesIO()
    Pillow.fromarray(drawing.sheet).save(file, format=form.upper(), quality=JPEG_QUALITY)
    return file.getvalue()


def _as_fits(drawing: Drawing, time: Time) -> bytes:
    luminance = cv2.cvtColor(drawing.sheet, cv2.COLOR_RGB2GRAY)[::-1]
    height, width = luminance.shape
    x, y = drawing.disk.x_px, height - 1 - drawing.disk.y_px
    if drawing.side_car.mirrored:
        luminance, x = luminance[:, ::-1], width - 1 - x
    scale = disk_radius_arcsec(earth(time).distance_m) / drawing.disk.radius_px
    header = fits.Header(
        [
            ("DATE-OBS", time.isot),
            ("CONTENT", CONTENT),
            ("OBSERVER", drawing.side_car.hand),
            *helioprojective_cards((x, y), scale),
            # CROTA2 is positive clockwise, a position angle anticlockwise.
            ("CROTA2", -(drawing.side_car.orientation_deg or 0.0)),
        ]
    )
    file = io.BytesIO()
    fits.PrimaryHDU(np.ascontiguousarray(luminance), header).writeto(file)
    return file.getvalue()
