"""Sunspot drawings of the simulated Sun: limb, spots, grid lines and annotations."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from astropy.time import Time
from numpy.typing import NDArray
from sunpy.coordinates import sun as ephemeris

from farside.observation.drawing.limb_fit import DrawnDisk
from farside.observation.drawing.sidecar import SideCar
from farside.simulation.drawings.paper import Sheet, on_paper
from farside.simulation.drawings.styles import DrawingStyle
from farside.simulation.magnetic.spots import Outline, Spot, spots_of
from farside.simulation.sun import SimulatedSun
from farside.sun.grid import Grid, Image
from farside.sun.heliographic import limb_tangent, project
from farside.sun.observer import Observer, earth

Array = NDArray[np.float64]
Canvas = NDArray[np.uint8]
"""Ink density, (y, x), 255 the heaviest; row 0 at the top."""

RADIUS_PX = 480.0
"""Default disk radius."""

MARGIN = 0.22
"""Margin of the paper beside the disk, disk radii."""

SHIFT = 8
"""Fractional bits of OpenCV's drawing coordinates."""

MISSED_SLOPE = 2.0
"""Slope of the probability of detecting a spot: of the logistic in the logarithm of its area."""

LIMB_MU = 0.05
"""Smallest μ at which spots are seen."""

GRID_DEG = 10
"""Spacing of the lines of a printed form."""

LETTER_HEIGHT = 0.035
"""Height of letters, disk radii."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """Simulated sunspot drawing, and the truth about it.

    Attributes
    ----------
    sheet
        Scan, (y, x, 3), row 0 at the top.
    disk
        True disk, in pixels of the scan (y downwards).
    side_car
        Side-car metadata, without the disk.
    spots
        Spots that were drawn.
    """

    sheet: Sheet
    disk: DrawnDisk
    side_car: SideCar
    spots: tuple[Spot, ...]


@dataclass(frozen=True)
class _Frame:
    """Map from the plane of the sky to pixels of a canvas, y downwards.

    `position_angle_deg` is that of solar north, from the top of the canvas through east.
    """

    x_px: float
    y_px: float
    radius_px: float
    position_angle_deg: float
    mirrored: bool

    def pixels(self, west: Array, north: Array) -> Array:
        """Pixels (x, y) of points in disk radii, (..., 2)."""
        angle = np.radians(self.position_angle_deg)
        right = west * np.cos(angle) - north * np.sin(angle)
        up = west * np.sin(angle) + north * np.cos(angle)
        side = -1.0 if self.mirrored else 1.0
        return np.stack(
            [self.x_px + side * self.radius_px * right, self.y_px - self.radius_px * up], axis=-1
        )


@dataclass(frozen=True)
class _Sight:
    """View of the observer, and its map to the canvas."""

    observer: Observer
    time: Time
    frame: _Frame

    def sky(self, longitude_deg: Array, latitude_deg: Array) -> tuple[Array, Array]:
        """Positions of surface points, (n, 2) west and north in disk radii, and their μ."""
        west, north, mu = project(longitude_deg, latitude_deg, self.observer, self.time)
        return np.column_stack([west, north]) / limb_tangent(self.observer), mu


def draw(
    sun: SimulatedSun,
    time: Time,
    hand: DrawingStyle,
    rng: np.random.Generator,
    radius_px: float = RADIUS_PX,
) -> Drawing:
    """Draw a Sun as seen from Earth, on a sheet of paper.

    The same Sun, time, style and random numbers give the same sheet.

    Parameters
    ----------
    sun, time
        The Sun, and when it is drawn.
    hand
        Drawing style.
    rng
        Random generator.
    radius_px
        Disk radius in pixels of the scan.
    """
    shape, frame = _sheet(hand, rng, radius_px, time)
    weight, drawn = _inked(sun, _Sight(earth(time), time, frame), hand, rng, shape)
    if hand.heading:
        _write_heading(weight, hand, time, frame)
    side_car = SideCar(
        time_utc=time.to_datetime(),
        position_angle_deg=frame.position_angle_deg,
        mirrored=hand.mirrored,
        hand=hand.name,
    )
    disk = DrawnDisk(frame.x_px, frame.y_px, radius_px)
    return Drawing(on_paper(rng, weight, hand), disk, side_car, drawn)


def draw_on_grid(
    sun: SimulatedSun,
    time: Time,
    hand: DrawingStyle,
    grid: Grid,
    rng: np.random.Generator,
) -> Image:
    """Draw a Sun directly on the registered grid, (y, x), 0 off the disk.

    Equals :func:`draw`, :func:`farside.observation.drawing.read.read_drawing` and registration,
    without the sheet: brightness relative to blank paper.
    """
    fold = max(2, round(RADIUS_PX / grid.disk_radius_px))
    size = fold * grid.size_px
    middle = (size - 1) / 2
    frame = _Frame(middle, middle, fold * grid.disk_radius_px, 0.0, mirrored=False)
    weight, _ = _inked(sun, _Sight(earth(time), time, frame), hand, rng, (size, size))
    # Reading a drawing divides by the paper's brightness: only the texture of its fibres remains.
    sheet = on_paper(rng, weight, replace(hand, stains=0.0))
    luminance = np.asarray(cv2.cvtColor(sheet, cv2.COLOR_RGB2GRAY), dtype=np.float32)
    side = (grid.size_px, grid.size_px)
    small = np.asarray(cv2.resize(luminance, side, interpolation=cv2.INTER_AREA))[::-1]
    on_disk = grid.on_disk()
    return np.where(on_disk, small / np.median(small[on_disk]), np.float32(0))


def _sheet(
    hand: DrawingStyle, rng: np.random.Generator, radius_px: float, time: Time
) -> tuple[tuple[int, int], _Frame]:
    """Shape of the paper, and map of the sky onto it."""
    height, width = (round(radius_px * 2 * (1 + MARGIN * f)) for f in (1.35, 1.0))
    x, y = rng.uniform(-0.06, 0.06, 2) * radius_px
    angle = float(rng.normal(0, hand.roll_deg))
    if hand.celestial:
        angle += float(ephemeris.P(time).deg)
    down = 0.35 * MARGIN * radius_px
    centre = (width - 1) / 2 + float(x), (height - 1) / 2 + down + float(y)
    return (height, width), _Frame(*centre, radius_px, angle, hand.mirrored)


def _inked(
    sun: SimulatedSun,
    sight: _Sight,
    hand: DrawingStyle,
    rng: np.random.Generator,
    shape: tuple[int, int],
) -> tuple[Image, tuple[Spot, ...]]:
    """Ink density of everything on and around the disk, and the spots that are drawn."""
    canvas = np.zeros(shape, np.uint8)
    if hand.grid:
        _draw_lines(canvas, sight)
    drawn = []
    for spot in spots_of(sun, sight.time):
        # Each spot has its own random numbers: a missed one changes no other.
        own = np.random.default_rng(rng.integers(2**63))
        if _is_seen(spot, hand, own, sight):
            _draw_spot(canvas, spot, hand, own, sight)
            drawn.append(spot)
    if hand.labels:
        _write_numbers(canvas, drawn, hand, sight)
    _draw_limb(canvas, hand, rng, sight.frame)
    return canvas.astype(np.float32) / np.float32(255), tuple(drawn)


def _is_seen(spot: Spot, hand: DrawingStyle, rng: np.random.Generator, sight: _Sight) -> bool:
    """Whether a spot is detected, given its foreshortened area."""
    chance = rng.random()
    _, mu = sight.sky(np.array([spot.longitude_deg]), np.array([spot.latitude_deg]))
    if mu[0] < LIMB_MU:
        return False
    odds = (spot.area_msh * float(mu[0]) / hand.least_msh) ** MISSED_SLOPE
    return bool(chance < odds / (1 + odds))


def _draw_spot(
    canvas: Canvas, spot: Spot, hand: DrawingStyle, rng: np.random.Generator, sight: _Sight
) -> None:
    factor = hand.size * float(np.exp(rng.normal(0, hand.size_scatter)))
    error = rng.normal(0, hand.offset, 2)

    def line(outline: Outline) -> Array:
        stray = _wavering(_on_sky(spot, outline, factor, sight), hand, rng)
        return sight.frame.pixels(*(stray + error).T)

    if hand.penumbra == 0:
        _shade(canvas, line(spot.edge), hand.umbra)
        return
    if spot.umbra_msh < spot.area_msh:
        edge = line(spot.edge)
        _fill(canvas, edge, hand.penumbra)
        pen = max(1, _pen(hand, sight.frame) // 2)
        _stroke(canvas, edge, 0.5 * (hand.penumbra + hand.umbra), pen)
    for umbra in spot.umbrae:
        _shade(canvas, line(umbra), hand.umbra)


def _on_sky(spot: Spot, outline: Outline, factor: float, sight: _Sight) -> Array:
    """Outline scaled about the spot's centre, in disk radii, (n, 2)."""
    longitude = spot.longitude_deg + factor * (outline.longitude_deg - spot.longitude_deg)
    latitude = spot.latitude_deg + factor * (outline.latitude_deg - spot.latitude_deg)
    sky, mu = sight.sky(longitude, latitude)
    beyond = np.linalg.norm(sky, axis=1, keepdims=True)
    # Points behind the limb are moved to it.
    cut = (mu[:, None] < 0) | (beyond > 1)
    return np.asarray(np.where(cut, sky / np.maximum(beyond, 1e-9), sky))


def _wavering(outline: Array, hand: DrawingStyle, rng: np.random.Generator) -> Array:
    """Outline with the deviations of an unsteady hand."""
    centre = outline.mean(axis=0)
    spoke = outline - centre
    angle = np.arctan2(spoke[:, 1], spoke[:, 0])
    stray = np.zeros(len(outline))
    for wave in range(2, 7):
        stray += rng.normal(0, 1 / wave) * np.cos(wave * angle + rng.uniform(0, 2 * np.pi))
    return np.asarray(centre + spoke * (1 + 1.4 * hand.wobble * stray)[:, None])


def _pen(hand: DrawingStyle, frame: _Frame) -> int:
    """Width of a line, pixels."""
    return max(1, round(hand.pen * frame.radius_px))


def _shade(canvas: Canvas, line: Array, weight: float) -> None:
    """Fill an outline, at least a pixel wide."""
    _fill(canvas, line, weight)
    _stroke(canvas, line, weight, 1)


def _fixed(line: Array) -> list[NDArray[np.int32]]:
    return [np.rint(line * 2**SHIFT).astype(np.int32)[:, None, :]]


def _fill(canvas: Canvas, line: Array, weight: float) -> None:
    cv2.fillPoly(canvas, _fixed(line), round(255 * weight), cv2.LINE_AA, SHIFT)


def _stroke(canvas: Canvas, line: Array, weight: float, width: int, closed: bool = True) -> None:
    cv2.polylines(canvas, _fixed(line), closed, round(255 * weight), width, cv2.LINE_AA, SHIFT)


def _draw_limb(canvas: Canvas, hand: DrawingStyle, rng: np.random.Generator, frame: _Frame) -> None:
    """Draw the limb: a circle with a few slow waves."""
    angle = np.linspace(0, 2 * np.pi, 721)[:-1]
    radius = np.ones_like(angle)
    for wave in range(2, 6):
        phase = rng.uniform(0, 2 * np.pi)
        radius += hand.slip * rng.normal(0, 1) / wave * np.cos(wave * angle + phase)
    line = frame.pixels(radius * np.cos(angle), radius * np.sin(angle))
    _stroke(canvas, line, hand.line, _pen(hand, frame))


def _draw_lines(canvas: Canvas, sight: _Sight) -> None:
    """Draw thin parallels, and meridians counted from disk centre."""
    fine = np.arange(-90.0, 90.1, 1.0)
    lines = [(fine, np.full_like(fine, each)) for each in range(-80, 81, GRID_DEG)]
    lines += [(np.full_like(fine, each), fine) for each in range(-80, 81, GRID_DEG)]
    middle = sight.observer.carrington_longitude_deg(sight.time)
    for longitude, latitude in lines:
        sky, mu = sight.sky(longitude + middle, latitude)
        if np.count_nonzero(mu > 0) > 1:
            _stroke(canvas, sight.frame.pixels(*sky[mu > 0].T), 0.25, 1, closed=False)


def _write_numbers(canvas: Canvas, spots: list[Spot], hand: DrawingStyle, sight: _Sight) -> None:
    """Write the number of each group beside it."""
    for number, group in enumerate(sorted({spot.group for spot in spots}), start=1):
        members = [spot for spot in spots if spot.group == group]
        longitude = np.array([spot.longitude_deg for spot in members])
        latitude = np.array([spot.latitude_deg for spot in members])
        places = sight.frame.pixels(*sight.sky(longitude, latitude)[0].T)
        beside = places[:, 0].max() + 0.05 * sight.frame.radius_px, places[:, 1].min()
        _write(canvas, f"{number}", beside, sight.frame, hand.line)


def _write_heading(weight: Image, hand: DrawingStyle, time: Time, frame: _Frame) -> None:
    """Draw a border around the sheet, the date, and the position of the north pole."""
    height, width = weight.shape
    canvas = np.zeros(weight.shape, np.uint8)
    inset = 0.02 * width
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * [width - 2 * inset, height - 2 * inset]
    _stroke(canvas, corners + inset, hand.line, 1)
    left = 2.5 * inset
    _write(canvas, f"{time.isot[:16]} UT", (left, 0.07 * height), frame, hand.line)
    _write(
        canvas,
        f"P {frame.position_angle_deg:+.1f}",
        (0.78 * width, 0.07 * height),
        frame,
        hand.line,
    )
    north = frame.pixels(np.zeros(2), np.array([1.02, 1.07]))
    _stroke(canvas, north, hand.line, 1, closed=False)
    np.maximum(weight, canvas.astype(np.float32) / np.float32(255), out=weight)


def _write(
    canvas: Canvas, words: str, place: tuple[float, float], frame: _Frame, weight: float
) -> None:
    scale = max(0.3, LETTER_HEIGHT * frame.radius_px / 22)
    at = round(place[0]), round(place[1])
    face = cv2.FONT_HERSHEY_SCRIPT_SIMPLEX
    cv2.putText(canvas, words, at, face, scale, round(255 * weight), 1, cv2.LINE_AA)
