"""Measures of one picture of the Sun: brightness against field, scatter, limb, texture."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import cv2
import numpy as np

from farside.sun.grid import Image
from training.suncheck.pictures import BANDS, GRID, MM_PER_PX, Picture

RADIUS = GRID.radius_px() / GRID.disk_radius_px

BLOCKS_PX = (1, 4, 8)

LEAST_GAUSS = 1.0
"""Added to absolute fields before their logarithm is taken."""

QUIET_BLOCK_PX, QUIET_GAUSS = 16, 8.0
"""Side of a quiet block, and greatest mean absolute field of any 4 px in it."""

STEPS_GAUSS = ((10.0, 30.0), (30.0, 90.0), (90.0, 300.0))
"""Ranges of the absolute field; their mean brightness is compared with that below 3 G."""

PERCENTILES = (10.0, 95.0, 99.0, 99.9)

LIMB, CORONA = (0.97, 1.0), (1.03, 1.05)
"""Rings whose median is compared with that of the inner tenth of the disk's area."""

SLOPE_MM, FINEST_MM = (16.0, 60.0), 16.0
"""Range of wavelengths for the slope of the power, and greatest wavelength of fine structure."""

REGION_GAUSS, REGION_PX = 15.0, 40
"""Least mean absolute field of 5 px, and least area, of a measured region."""


def measured(picture: Picture) -> dict[str, float]:
    """Measures of a picture by name; those of missing bands are left out."""
    found: dict[str, float] = {}
    for band in BANDS:
        if band in picture.light:
            light = np.maximum(picture.light[band], 0)
            found |= dict(_brightness(band, light))
            found |= dict(_texture(band, light))
            if picture.field is not None:
                found |= dict(_against_field(band, light, picture.field))
    if picture.field is not None:
        found |= dict(_regions(picture.field))
    return found


def _brightness(band: str, light: Image) -> Iterator[tuple[str, float]]:
    inside = light[RADIUS < 0.8]
    median = float(np.median(inside))
    for percentile in PERCENTILES:
        yield f"{band} {percentile:g} % / median", float(np.percentile(inside, percentile)) / median
    centre = float(np.median(light[RADIUS < 0.316]))
    for name, (first, last) in (("limb", LIMB), ("1.04 R", CORONA)):
        ring = light[(first <= RADIUS) & (last > RADIUS)]
        yield f"{band} {name} / centre", float(np.median(ring)) / centre


def _against_field(band: str, light: Image, field: Image) -> Iterator[tuple[str, float]]:
    for block in BLOCKS_PX:
        whole = _blocks((RADIUS < 0.9).astype(np.float32), block) >= 0.5
        strength = np.log(_blocks(np.abs(field), block)[whole] + LEAST_GAUSS)
        bright = _log(_blocks(light, block))[whole]
        yield f"{band} log I, log |B| at {block} px", float(np.corrcoef(strength, bright)[0, 1])
    inside, strength = RADIUS < 0.866, np.abs(field)
    calm = float(np.median(light[inside & (strength < 3)]))
    for least, most in STEPS_GAUSS:
        here = inside & (strength > least) & (strength < most)
        name = f"{band} at {least:g} to {most:g} G / quiet"
        yield name, float(light[here].mean()) / calm if here.sum() > 20 else float("nan")
    quiet = _quiet(field)
    if quiet.any():
        yield f"{band} scatter of ln I, quiet", float(_log(light)[quiet].std())


def _log(light: Image) -> Image:
    """Natural logarithm, of at least a tenth of the median: noise makes some pixels too dark."""
    least = 0.1 * float(np.median(light[light.shape[0] // 4 : -light.shape[0] // 4]))
    return np.log(np.maximum(light, max(least, 1e-6)))


def _quiet(field: Image) -> np.ndarray:
    """Mask of pixels inside 0.8 radii in blocks without strong field."""
    strength = cv2.blur(np.abs(field), (4, 4))
    side = GRID.size_px // QUIET_BLOCK_PX
    shape = (side, QUIET_BLOCK_PX, side, QUIET_BLOCK_PX)
    strongest = strength.reshape(shape).max(axis=(1, 3))
    calm = np.kron(strongest < QUIET_GAUSS, np.ones((QUIET_BLOCK_PX, QUIET_BLOCK_PX), bool))
    return calm & (RADIUS < 0.8)


def _blocks(image: Image, side: int) -> Image:
    count = GRID.size_px // side
    cut = image[: count * side, : count * side].reshape(count, side, count, side)
    return np.asarray(cut.mean(axis=(1, 3)), np.float32)


def _texture(band: str, light: Image) -> Iterator[tuple[str, float]]:
    """Slope of the power of ln I, its share in fine structure, and coherence of direction."""
    logs = _log(light)
    side = 160
    first = (GRID.size_px - side) // 2
    middle = logs[first : first + side, first : first + side]
    window = np.hanning(side)[:, None] * np.hanning(side)
    power = np.abs(np.fft.fft2((middle - middle.mean()) * window)) ** 2
    cycles = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side))) / MM_PER_PX
    edges = np.geomspace(1 / SLOPE_MM[1], 1 / SLOPE_MM[0], 7)
    mean = [power[(a <= cycles) & (b > cycles)].mean() for a, b in pairwise(edges)]
    middles = np.sqrt(edges[1:] * edges[:-1])
    yield f"{band} slope, 16 to 60 Mm", float(np.polyfit(np.log(middles), np.log(mean), 1)[0])
    fine = power[cycles > 1 / FINEST_MM].sum() / power[cycles > 0].sum()
    yield f"{band} variance below 16 Mm", float(fine)
    yield f"{band} coherence of direction", _coherence(logs)


def _coherence(logs: Image) -> float:
    """Mean of the structure tensor's anisotropy over 4 px, 0 to 1."""
    calm = cv2.GaussianBlur(logs, (0, 0), 1.0)
    x, y = (cv2.Sobel(calm, cv2.CV_32F, *which) for which in ((1, 0), (0, 1)))
    xx, xy, yy = (cv2.GaussianBlur(each, (0, 0), 4.0) for each in (x * x, x * y, y * y))
    anisotropy = np.sqrt((xx - yy) ** 2 + 4 * xy**2) / (xx + yy + 1e-9)
    return float(anisotropy[RADIUS < 0.8].mean())


def _regions(field: Image) -> Iterator[tuple[str, float]]:
    """Shape of the regions of strong field, each weighted by its area."""
    strength = cv2.blur(np.abs(field), (5, 5)) * (RADIUS < 0.85)
    mask = (strength > REGION_GAUSS).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    shapes, areas = [], []
    for index in range(1, count):
        if stats[index, cv2.CC_STAT_AREA] >= REGION_PX:
            shapes.append(_shape(labels == index))
            areas.append(stats[index, cv2.CC_STAT_AREA])
    if shapes:
        ratio, solid = np.average(shapes, axis=0, weights=areas)
        yield "regions: axis ratio", float(ratio)
        yield "regions: share of hull", float(solid)
        yield "regions: share of disk", float(np.sum(areas) / (RADIUS < 0.85).sum())


def _shape(mask: np.ndarray) -> tuple[float, float]:
    """Short over long axis, and area over that of the convex hull."""
    rows, columns = np.nonzero(mask)
    values = np.linalg.eigvalsh(np.cov(rows, columns))
    outline = cv2.convexHull(np.column_stack([columns, rows]).astype(np.float32))
    hull = max(cv2.contourArea(outline), float(rows.size))
    return float(np.sqrt(values[0] / values[1])), float(rows.size / hull)
