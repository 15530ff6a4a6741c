"""Boxes on the disk of a simulated Sun, and the measures of denoisers in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from astropy.time import Time

from farside.denoising.derotation import MARGIN_PX
from farside.denoising.noise import (
    LIMB_AT_RADII,
    RelativePower,
    StrongFlux,
    core_width_gauss,
    network_power,
    pixel_mm,
    strong_flux,
)
from farside.io.wcs import disk_radius_arcsec
from farside.simulation.instruments.camera import line_of_sight_field, trace_shell
from farside.simulation.instruments.files import ImageSizes, hmi_detector
from farside.simulation.instruments.hmi_series import Tile, tile
from farside.simulation.sun import SimulatedSun, Surface
from farside.sun.grid import Image
from farside.sun.observer import earth

CENTRE_PX, LIMB_PX = 512, 248
"""Sides of the boxes of :mod:`farside.denoising.noise` in HMI's pixels."""

LIMB = ((LIMB_AT_RADII, 0.0), (-LIMB_AT_RADII, 0.0), (0.0, LIMB_AT_RADII), (0.0, -LIMB_AT_RADII))

WEAK_GAUSS = (10.0, 50.0)
"""Range of weak field, hidden or nearly hidden by the noise of one frame."""

REGION_WITHIN_RADII = 0.7
"""Greatest distance from disk centre at which the strongest region is searched."""

_COARSE = ImageSizes(0, 3)
"""Pixels of 4 arcsec, used for that search."""

Treatment = Callable[[Tile], Image]
"""Function from the frames of a tile to a restored image: gauss, (y, x)."""


@dataclass(frozen=True, eq=False)
class Box:
    """Square of the disk to be measured, inside a larger rendered tile.

    Attributes
    ----------
    seen
        Rendered tile, with the margin that treatments need.
    side_px
        Side of the measured square, in the middle of the tile.
    """

    seen: Tile
    side_px: int

    @property
    def truth(self) -> Image:
        """Noise-free field, (y, x)."""
        return self.inner(self.seen.truth)

    def treated(self, treat: Treatment) -> Image:
        """Apply a treatment, (y, x)."""
        return self.inner(treat(self.seen))

    def inner(self, image: Image) -> Image:
        """Cut the margin off, (y, x)."""
        first = (len(image) - self.side_px) // 2
        middle = slice(first, first + self.side_px)
        return image[middle, middle]


@dataclass(frozen=True, eq=False)
class Boxes:
    """Boxes of one Sun: disk centre, four places at the limb, and the strongest region."""

    centre: Box
    limb: tuple[Box, ...]
    region: Box


@dataclass(frozen=True, eq=False)
class Treated:
    """Images of the boxes of a Sun after one treatment, gauss."""

    centre: Image
    limb: tuple[Image, ...]
    region: Image


@dataclass(frozen=True)
class DenoisingMeasures:
    """Measures of one treatment of one Sun.

    Attributes
    ----------
    centre_gauss, limb_gauss
        Width of the core of the weak field's distribution.
    network
        Share of the network that is kept at disk centre.
    weak
        Slope on the truth at disk centre where |B| is in :data:`WEAK_GAUSS`.
    centre, region
        Share of the strong field that is kept there; None if there is none.
    """

    centre_gauss: float
    limb_gauss: float
    network: RelativePower
    weak: float
    centre: StrongFlux | None
    region: StrongFlux | None


def boxes(seed: int, day: str, margin_px: int = MARGIN_PX, least_px: int = 0) -> Boxes:
    """Render the boxes of one Sun in HMI's native pixels.

    Parameters
    ----------
    seed, day
        Seed of the Sun, and time, UTC.
    margin_px
        Margin around each box, for treatments with errors near an edge.
    least_px
        Least side of a rendered tile.
    """
    surface, rng = SimulatedSun(seed).at(Time(day)), np.random.default_rng(seed)

    def looked_at(place: tuple[float, float], side_px: int) -> Box:
        return Box(tile(surface, place, max(side_px + 2 * margin_px, least_px), rng), side_px)

    return Boxes(
        looked_at((0.0, 0.0), CENTRE_PX),
        tuple(looked_at(place, LIMB_PX) for place in LIMB),
        looked_at(strongest(surface), LIMB_PX),
    )


def strongest(surface: Surface) -> tuple[float, float]:
    """Position of the greatest mean |B| over a box: solar west and north, disk radii."""
    observer, detector = earth(surface.time), hmi_detector(_COARSE)
    seen = trace_shell(detector, observer, surface.time)
    strength = np.abs(np.nan_to_num(line_of_sight_field(surface.radial_field, seen)))
    strength = cv2.blur(strength, (LIMB_PX // 8, LIMB_PX // 8))
    strength[seen.impact > REGION_WITHIN_RADII] = 0
    y, x = np.unravel_index(int(strength.argmax()), strength.shape)
    arcsec = detector.pointing.matrix_arcsec @ (np.array([x, y]) - detector.centre_px)
    west, north = (arcsec / disk_radius_arcsec(observer.distance_m)).tolist()
    return west, north


def middle(seen: Tile) -> Image:
    """Middle frame of a tile, unrestored."""
    return np.asarray(seen.frames[len(seen.frames) // 2])


def blurred(sigma_px: float) -> Treatment:
    """Treatment: the middle frame through a Gaussian filter."""

    def treat(seen: Tile) -> Image:
        return np.asarray(cv2.GaussianBlur(np.nan_to_num(middle(seen)), (0, 0), sigma_px))

    return treat


def treated(seen: Boxes, treat: Treatment) -> Treated:
    """Apply a treatment to all boxes of a Sun."""
    limb = tuple(box.treated(treat) for box in seen.limb)
    return Treated(seen.centre.treated(treat), limb, seen.region.treated(treat))


def measured(seen: Boxes, images: Treated) -> DenoisingMeasures:
    """Measure the images of a treatment against the truth."""
    centre, looked_at = seen.centre.truth, seen.centre.seen
    size_mm = pixel_mm(looked_at.detector.scale_arcsec, looked_at.observer.distance_m)
    return DenoisingMeasures(
        centre_gauss=core_width_gauss(images.centre),
        limb_gauss=float(np.mean([core_width_gauss(each) for each in images.limb])),
        network=network_power(images.centre, centre, size_mm),
        weak=weak_slope(images.centre, centre),
        centre=_strong(images.centre, centre),
        region=_strong(images.region, seen.region.truth),
    )


def weak_slope(image: Image, truth: Image) -> float:
    """Slope of an image on the truth, through the origin, where the truth is weak."""
    least, most = WEAK_GAUSS
    weak = (np.abs(truth) >= least) & (np.abs(truth) < most)
    ours, theirs = image[weak].astype(np.float64), truth[weak].astype(np.float64)
    return float((ours * theirs).sum() / (theirs**2).sum())


def _strong(image: Image, truth: Image) -> StrongFlux | None:
    try:
        return strong_flux(image, truth)
    except ValueError:  # no strong field in this box
        return None
