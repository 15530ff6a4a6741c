"""Finding the drawn limb: its accuracy on every hand, and what is no disk."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from astropy.time import Time

from farside.errors import NoDiskError
from farside.observation.drawing.limb_fit import find_disk
from farside.observation.drawing.scan import open_picture
from farside.simulation.drawings.drawing import draw
from farside.simulation.drawings.files import encoded
from farside.simulation.drawings.styles import DRAWING_STYLES
from farside.simulation.sun import SimulatedSun
from farside.sun.grid import Image
from tests.support.drawn_suns import Picture, Plain
from tests.support.drawn_suns import encoded as as_file

ACCURACY = 0.003
"""Of centre and radius, in radii."""

TIME = Time("2014-04-01T15:00:00")


def torn(sheet: Image) -> Image:
    """A sheet on a black scanner bed, a corner torn off, a strip of another sheet across."""
    height, width = sheet.shape
    laid = np.pad(sheet, 40, constant_values=15)
    corner = np.array([[0, 0], [0.3 * width, 0], [0, 0.25 * height]]) + 30
    cv2.fillPoly(laid, [corner.astype(np.int32)], 15)
    cv2.rectangle(laid, (0, 90), (round(0.15 * width), 130), 200, cv2.FILLED)
    return laid


@pytest.mark.parametrize("radius_px", [170.0, 480.0])
@pytest.mark.parametrize("hand", DRAWING_STYLES)
def test_every_hands_disk_is_found(hand: str, radius_px: float) -> None:
    drawing = draw(SimulatedSun(2), TIME, DRAWING_STYLES[hand], np.random.default_rng(3), radius_px)
    picture = open_picture(encoded(drawing, TIME, "jpeg"))
    true = drawing.disk
    for sheet, offset in ((picture, 0), (torn(picture), 40)):
        found = find_disk(sheet)
        y = sheet.shape[0] - 1 - found.y_px
        errors = np.array(
            [found.x_px - true.x_px - offset, y - true.y_px - offset, found.radius_px - radius_px]
        )
        assert np.abs(errors).max() < ACCURACY * radius_px


def test_a_circle_is_found_to_a_twentieth_of_a_pixel() -> None:
    plain = Plain()
    found = find_disk(plain.picture((0.1, 0.5))[::-1].astype(np.float32))
    x, y = plain.centre
    assert found.x_px == pytest.approx(x, abs=0.05)
    assert found.y_px == pytest.approx(plain.size[0] - 1 - y, abs=0.05)
    assert found.radius_px == pytest.approx(plain.radius, abs=0.05)


def test_a_limb_with_gaps_is_found() -> None:
    sheet = np.full((500, 500), 240, np.uint8)
    for start in range(0, 360, 60):
        cv2.ellipse(sheet, (250, 240), (200, 200), 0, start, start + 45, 30, 2, cv2.LINE_AA)
    found = find_disk(sheet.astype(np.float32))
    assert (found.x_px, found.y_px, found.radius_px) == pytest.approx((250, 240, 200), abs=0.5)


def blank() -> Picture:
    return np.full((500, 500), 240, np.uint8)


def noise() -> Picture:
    return np.random.default_rng(0).integers(0, 255, (500, 500)).astype(np.uint8)


def letter() -> Picture:
    sheet = blank()
    for row in range(30, 480, 24):
        cv2.putText(sheet, "spots upon the face of the Sun", (20, row), 3, 0.9, 20, 1, cv2.LINE_AA)
    return sheet


def form() -> Picture:
    sheet = blank()
    for at in range(20, 500, 40):
        cv2.line(sheet, (20, at), (480, at), 20, 1)
        cv2.line(sheet, (at, 20), (at, 480), 20, 1)
    return sheet


def ellipse() -> Picture:
    sheet = blank()
    cv2.ellipse(sheet, (250, 250), (220, 170), 20, 0, 360, 20, 2, cv2.LINE_AA)
    return sheet


def half() -> Picture:
    sheet = blank()
    cv2.ellipse(sheet, (250, 250), (200, 200), 0, 0, 180, 20, 2, cv2.LINE_AA)
    return sheet


def spots_alone() -> Picture:
    return Plain().picture((0.3, 0.1), (-0.5, 0.2), limb=False)


@pytest.mark.parametrize("sheet", [blank, noise, letter, form, ellipse, half, spots_alone])
def test_what_is_no_disk_is_refused(sheet: Callable[[], Picture]) -> None:
    with pytest.raises(NoDiskError, match="expected"):
        find_disk(open_picture(as_file(sheet())))
