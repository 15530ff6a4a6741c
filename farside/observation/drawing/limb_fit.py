"""Limb fit: find the solar disk in a drawing.

Lines of ink are pixels darker than their surroundings (black top-hat). Of many circles through
three such points the best has the most ink on its circumference, and less just inside and outside.
Its line is then followed all around at full resolution, and a circle is fitted to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from farside.errors import NoDiskError
from farside.sun.grid import Image

Array = NDArray[np.float64]

SEARCH_PX = 640
"""Longer side of the reduced picture in which circles are searched."""

CIRCLES = 40_000
"""Number of circles tried in the reduced picture."""

RADIUS_SHARE = (0.2, 0.51)
"""Smallest and largest radius, as fractions of the shorter side of the picture."""

INK = 0.06
"""Smallest contrast of a line to the paper beside it, as a fraction of the picture's range."""

INK_SHARE = 0.03
"""Largest fraction of the picture, the darkest, that counts as lines."""

NEAR_PX = 1.5
"""Largest distance from ink that counts as on it, pixels of the reduced picture."""

ASIDE = 0.03
"""Distance inside and outside a limb at which there is less ink, disk radii."""

COVERED = 0.35
"""Smallest fraction of a circle on ink, in excess of the circles beside it."""

FOLLOWED, WANDERS = 0.6, 0.006
"""Smallest fraction of the circumference where the line is found, and its largest deviation (root
mean square, disk radii): a compass deviates less, a freehand circle more."""

DIRECTIONS = 720
"""Number of directions in which the limb is searched."""


@dataclass(frozen=True)
class DrawnDisk:
    """Solar disk in a picture.

    Attributes
    ----------
    x_px, y_px, radius_px
        0-based index of the centre, and radius, pixels.
    """

    x_px: float
    y_px: float
    radius_px: float


def find_disk(picture: Image) -> DrawnDisk:
    """Find the disk of a drawing by a circle fit to its limb.

    Parameters
    ----------
    picture
        Brightness (y, x), ink dark.

    Raises
    ------
    NoDiskError
        No circle of ink, or none that is complete enough.
    """
    shrink = max(1.0, max(picture.shape) / SEARCH_PX)
    disk = _roughly(picture, shrink)
    for reach in (0.025, 0.012, 0.008):
        disk = _fitted(picture, disk, reach)
    return disk


def _roughly(picture: Image, shrink: float) -> DrawnDisk:
    """Best circle of the reduced picture, in pixels of the full one."""
    ink = _lines(_reduced(picture, shrink))
    rows, columns = np.nonzero(ink)
    if len(rows) < DIRECTIONS // 4:
        raise NoDiskError(f"{len(rows)} pixels of ink, expected a drawn disk")
    rng = np.random.default_rng(0)
    corners = rng.integers(len(rows), size=(3, CIRCLES))
    circles = _through(columns[corners].astype(float), rows[corners].astype(float))
    circles = circles[:, _fits(circles, ink.shape)]
    if circles.shape[1] == 0:
        raise NoDiskError("no circle of ink, expected a drawn disk")
    near = cv2.distanceTransform((~ink).astype(np.uint8), cv2.DIST_L2, 5) <= NEAR_PX
    score = _covered(near, circles, 90)
    circles = circles[:, np.argsort(-score, kind="stable")[:400]]
    score = _covered(near, circles, 360) - np.maximum(
        _covered(near, _wider(circles, 1 - ASIDE), 360),
        _covered(near, _wider(circles, 1 + ASIDE), 360),
    )
    best = int(np.argmax(score))
    if score[best] < COVERED:
        raise NoDiskError(
            f"the best circle lies on ink for {score[best]:.0%} more than those beside it,"
            f" expected at least {COVERED:.0%} in a drawn disk"
        )
    x, y, radius = (circles[:, best] + [0.5, 0.5, 0]) * shrink - [0.5, 0.5, 0]
    return DrawnDisk(float(x), float(y), float(radius))


def _reduced(picture: Image, shrink: float) -> Image:
    if shrink == 1:
        return picture
    size = (round(picture.shape[1] / shrink), round(picture.shape[0] / shrink))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _darkness(picture: Image, width_px: int) -> Image:
    """Darkness of each pixel against its surroundings, for lines up to `width_px` wide."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width_px, width_px))
    dark = cv2.morphologyEx(picture, cv2.MORPH_BLACKHAT, kernel)
    return np.asarray(dark, dtype=np.float32)


def _lines(small: Image) -> NDArray[np.bool_]:
    smooth = np.asarray(cv2.GaussianBlur(small, (0, 0), 0.7), dtype=np.float32)
    dark = _darkness(smooth, 9)
    low, high = np.percentile(small, (0.5, 99.5))
    floor = max(INK * float(high - low), float(np.quantile(dark, 1 - INK_SHARE)))
    return np.asarray(dark > max(floor, 1e-6))


def _through(x: Array, y: Array) -> Array:
    """Circles (x, y, radius; circle) through three points each, (point, circle)."""
    (x1, x2, x3), (y1, y2, y3) = x, y
    twice = 2 * ((x2 - x1) * (y3 - y1) - (x3 - x1) * (y2 - y1))
    second = (x2 - x1) ** 2 + (y2 - y1) ** 2
    third = (x3 - x1) ** 2 + (y3 - y1) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):  # points on a line: refused by `_fits`
        dx = ((y3 - y1) * second - (y2 - y1) * third) / twice
        dy = ((x2 - x1) * third - (x3 - x1) * second) / twice
    return np.stack([x1 + dx, y1 + dy, np.hypot(dx, dy)])


def _fits(circles: Array, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Mask of circles of a plausible size that lie inside the picture, within 1 %."""
    x, y, radius = circles
    height, width = shape
    least, most = (share * min(height, width) for share in RADIUS_SHARE)
    inner = 0.99 * radius
    return np.asarray(
        (radius > least)
        & (radius < most)
        & (x >= inner)
        & (y >= inner)
        & (x <= width - 1 - inner)
        & (y <= height - 1 - inner)
    )


def _wider(circles: Array, factor: float) -> Array:
    return np.asarray(circles * np.array([[1.0], [1.0], [factor]]))


def _covered(near: NDArray[np.bool_], circles: Array, points: int) -> Array:
    """Fraction of the circumference of each circle that is near ink."""
    angle = np.arange(points) * 2 * np.pi / points
    x, y, radius = circles[:, :, None]
    height, width = near.shape
    column = np.clip(np.rint(x + radius * np.cos(angle)), 0, width - 1).astype(np.int64)
    row = np.clip(np.rint(y + radius * np.sin(angle)), 0, height - 1).astype(np.int64)
    return np.asarray(near[row, column].mean(axis=1))


def _fitted(picture: Image, disk: DrawnDisk, reach: float) -> DrawnDisk:
    """Circle fitted to the line that runs within `reach` radii of a circle."""
    angle, radius = _followed(picture, disk, reach)
    x = disk.x_px + radius * np.cos(angle)
    y = disk.y_px + radius * np.sin(angle)
    kept = np.ones(len(x), bool)
    for _ in range(5):
        fit = _least_squares(x[kept], y[kept])
        apart = np.hypot(x - fit.x_px, y - fit.y_px) - fit.radius_px
        spread = 1.4826 * float(np.median(np.abs(apart[kept])))
        kept = np.abs(apart) <= max(2.5 * spread, 0.5)
    share = float(kept.sum()) / DIRECTIONS
    wander = float(np.sqrt(np.mean(apart[kept] ** 2))) / fit.radius_px
    if share < FOLLOWED or wander > WANDERS:
        raise NoDiskError(
            f"the line of the limb is found on {share:.0%} of a circle and deviates by"
            f" {wander:.2%} of its radius, expected at least {FOLLOWED:.0%} and at most"
            f" {WANDERS:.1%}"
        )
    return fit


def _followed(picture: Image, disk: DrawnDisk, reach: float) -> tuple[Array, Array]:
    """Directions in which a line is found, radians, and its distance from the centre, pixels."""
    half = max(3, int(np.ceil(2 * reach * disk.radius_px)))
    step = np.arange(-half, half + 1) * reach * disk.radius_px / half
    angle = np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS
    radius = disk.radius_px + step
    column = disk.x_px + radius * np.cos(angle)[:, None]
    row = disk.y_px + radius * np.sin(angle)[:, None]
    seen = cv2.remap(
        picture,
        column.astype(np.float32),
        row.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    dark = np.maximum(np.median(seen, axis=1, keepdims=True) - seen, 0)
    peak = dark.max(axis=1)
    found = peak > max(0.3 * float(np.median(peak)), 1e-6)
    weight = np.where(dark >= 0.5 * peak[:, None], dark, 0)[found]
    # Of several lines in one direction, only the connected one at the darkest point counts.
    weight *= _connected(weight > 0, np.argmax(weight, axis=1))
    centre = (weight * step).sum(axis=1) / weight.sum(axis=1)
    return angle[found], disk.radius_px + centre


def _connected(mask: NDArray[np.bool_], at: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Mask of the run of True along each row that contains the column `at`."""
    gap = np.cumsum(~mask, axis=1)
    same = gap == np.take_along_axis(gap, at[:, None], axis=1)
    return np.asarray(mask & same)


def _least_squares(x: Array, y: Array) -> DrawnDisk:
    """Circle of least squared algebraic distance (Kåsa 1976), accurate for a complete arc."""
    middle = x.mean(), y.mean()
    u, v = x - middle[0], y - middle[1]
    design = np.column_stack([2 * u, 2 * v, np.ones_like(u)])
    (a, b, c), *_ = np.linalg.lstsq(design, u**2 + v**2, rcond=None)
    return DrawnDisk(float(middle[0] + a), float(middle[1] + b), float(np.sqrt(c + a * a + b * b)))
