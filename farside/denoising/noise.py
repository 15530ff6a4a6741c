"""Noise of magnetograms by the weak-field core (Park et al. 2020), and preserved signal.

Park et al. (2020, ApJL 891, L4) give the noise of a magnetogram as the width of a Gaussian fitted
to the distribution of its weak field. The position of the boxes and the extent of the core are not
published: both are choices here. The Sun's own weak field widens the core.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, optimize

from farside.errors import DamagedImageError, UnsupportedImageError
from farside.io.wcs import Pointing
from farside.observation.image import Observation
from farside.sun.grid import Image
from farside.sun.observer import SOLAR_RADIUS_M, Observer

CENTRE_SIDE_RADII = 0.27
"""Side of the box at disk centre, solar radii: 512 HMI pixels, 190 Mm."""

LIMB_SIDE_RADII, LIMB_AT_RADII = 0.13, 0.92
"""Side and distance from disk centre of the east, west, north and south limb boxes, solar radii:
248 HMI pixels. Their outer corners are at 0.99 radii, μ at their centre is 0.39."""

CORE_WIDTHS = 1.5
"""Half width of the fitted core, in its standard deviations."""

MIN_PIXELS = 1000
"""Minimum number of valid pixels in a box: with fewer the width is uncertain by more than 3 %."""

NETWORK_MM = (5.0, 30.0)
"""Wavelengths of the magnetic network, Mm: from its lanes to the supergranules they border."""

STRONG_GAUSS = 200.0
"""Threshold of strong true field: above the noise, below the kilogauss of plage."""

_BINS, _ROUNDS = 30, 8


@dataclass(frozen=True)
class Noise:
    """Width of the weak-field core: noise plus the Sun's own weak field.

    Attributes
    ----------
    centre_gauss
        Width in the box at disk centre.
    limb_gauss
        Mean width of the four boxes at the limb.
    """

    centre_gauss: float
    limb_gauss: float


@dataclass(frozen=True)
class RelativePower:
    """Power of an image relative to the truth, in a range of wavelengths.

    Attributes
    ----------
    power
        Ratio of the power to that of the truth; residual noise adds to it.
    coherent
        Transfer function: ratio of the amplitude in phase with the truth to that of the truth;
        noise does not add to it.
    """

    power: float
    coherent: float


@dataclass(frozen=True)
class StrongFlux:
    """Flux of an image relative to the truth, where the true field is strong.

    Attributes
    ----------
    slope
        Slope of the regression of the image on the truth, through the origin.
    unsigned
        Ratio of the unsigned flux to that of the truth.
    """

    slope: float
    unsigned: float


def core_width_gauss(field_gauss: Image) -> float:
    """Standard deviation of a Gaussian fitted to the core of the field distribution, gauss.

    The histogram within :data:`CORE_WIDTHS` of the centre is fitted repeatedly until the width
    converges: strong fields in the wings have no influence.

    Raises
    ------
    DamagedImageError
        Fewer pixels than :data:`MIN_PIXELS` have a value.
    """
    values = field_gauss[np.isfinite(field_gauss)].astype(np.float64)
    if values.size < MIN_PIXELS:
        raise DamagedImageError(f"{values.size} pixels have a value, expected {MIN_PIXELS}")
    low, middle, high = np.percentile(values, (30, 50, 70)).tolist()
    width: float = (high - low) / 1.0488  # σ between the 30 % and 70 % quantiles of a Gaussian
    for _ in range(_ROUNDS):
        if width == 0:  # a constant image
            break
        middle, width = _fitted(values, middle, width)
    return width


def _fitted(values: NDArray[np.float64], middle: float, width: float) -> tuple[float, float]:
    """Centre and width of a Gaussian fitted to the histogram of the core, by least squares."""
    reach = CORE_WIDTHS * width
    counts, edges = np.histogram(values, _BINS, (middle - reach, middle + reach))
    at = (edges[1:] + edges[:-1]) / 2
    start = (float(counts.max()), middle, width)
    bounds = ([0, middle - reach, width / 4], [math.inf, middle + reach, width * 4])
    (_, middle, width), _ = optimize.curve_fit(_gaussian, at, counts, start, bounds=bounds)
    return float(middle), float(width)


def _gaussian(
    x: NDArray[np.float64], height: float, middle: float, width: float
) -> NDArray[np.float64]:
    return np.asarray(height * np.exp(-0.5 * ((x - middle) / width) ** 2))


def measure(field_gauss: Image, centre_px: tuple[float, float], radius_px: float) -> Noise:
    """Noise of a full-disk magnetogram at disk centre and at the limb.

    Parameters
    ----------
    field_gauss
        Line-of-sight field, gauss, (y, x), NaN off the disk.
    centre_px, radius_px
        0-based (x, y) index of the disk centre, and radius of the disk, pixels.

    Raises
    ------
    DamagedImageError
        A box has too few values.
    """
    x, y = centre_px
    limb = [
        core_width_gauss(
            box(field_gauss, (x + dx * radius_px, y + dy * radius_px), LIMB_SIDE_RADII * radius_px)
        )
        for dx, dy in LIMB_AT_RADII * np.array([(1, 0), (-1, 0), (0, 1), (0, -1)])
    ]
    middle = box(field_gauss, centre_px, CENTRE_SIDE_RADII * radius_px)
    return Noise(core_width_gauss(middle), float(np.mean(limb)))


def centre_noise_gauss(field_gauss: Image, pointing: Pointing, observer: Observer) -> float:
    """Noise in the box at disk centre, gauss.

    Raises
    ------
    DamagedImageError
        The box has too few values.
    """
    x, y = pointing.sun_centre_px
    side_px = CENTRE_SIDE_RADII * pointing.disk_radius_px(observer.distance_m)
    return core_width_gauss(box(field_gauss, (float(x), float(y)), side_px))


def noise_of(observation: Observation) -> Noise:
    """Noise of a line-of-sight magnetogram at disk centre and at the limb.

    Raises
    ------
    UnsupportedImageError
        The observation is not a magnetogram.
    DamagedImageError
        A box has too few values.
    """
    origin = observation.origin
    if not origin.is_magnetogram:
        raise UnsupportedImageError(
            f"{origin}: expected a magnetogram, to measure its noise in gauss"
        )
    x, y = observation.pointing.sun_centre_px
    radius_px = observation.pointing.disk_radius_px(origin.observer.distance_m)
    return measure(observation.pixels, (float(x), float(y)), radius_px)


def box(image: Image, centre_px: tuple[float, float], side_px: float) -> Image:
    """Square part of an image centred on a 0-based (x, y) index, cut at the image's edges."""
    x, y = (round(each - side_px / 2) for each in centre_px)
    side = round(side_px)
    return image[max(y, 0) : max(y + side, 0), max(x, 0) : max(x + side, 0)]


def network_power(
    image: Image,
    truth: Image,
    pixel_mm: float,
    wavelengths_mm: tuple[float, float] = NETWORK_MM,
) -> RelativePower:
    """Power of an image relative to the truth at the scales of the magnetic network.

    Both images are tapered with a Hann window; the power is summed over all directions.

    Parameters
    ----------
    image, truth
        Field in the same box near disk centre, gauss, (y, x), all finite.
    pixel_mm
        Size of a pixel on the Sun, Mm.
    wavelengths_mm
        Range of wavelengths, Mm.

    Raises
    ------
    ValueError
        The shapes differ, or the range contains no wavelength of the images.
    """
    if image.shape != truth.shape:
        raise ValueError(f"got images of {image.shape} and {truth.shape}, expected one shape")
    ring = _ring(image.shape, pixel_mm, wavelengths_mm)
    if not ring.any():
        raise ValueError(
            f"got {image.shape} pixels of {pixel_mm:g} Mm, expected some that resolve "
            f"{wavelengths_mm[0]:g} to {wavelengths_mm[1]:g} Mm"
        )
    ours, theirs = (_spectrum(each)[ring] for each in (image, truth))
    power = float((np.abs(theirs) ** 2).sum())
    return RelativePower(
        power=float((np.abs(ours) ** 2).sum()) / power,
        coherent=float((ours * theirs.conj()).real.sum()) / power,
    )


def _spectrum(image: Image) -> NDArray[np.complex128]:
    rows, columns = image.shape
    taper = np.hanning(rows)[:, None] * np.hanning(columns)[None, :]
    return np.asarray(fft.fft2((image - image.mean()).astype(np.float64) * taper))


def _ring(
    shape: tuple[int, ...], pixel_mm: float, wavelengths_mm: tuple[float, float]
) -> NDArray[np.bool_]:
    per_mm = np.hypot(fft.fftfreq(shape[0], pixel_mm)[:, None], fft.fftfreq(shape[1], pixel_mm))
    return np.asarray((per_mm >= 1 / wavelengths_mm[1]) & (per_mm <= 1 / wavelengths_mm[0]))


def pixel_mm(scale_arcsec: float, distance_m: float) -> float:
    """Size of a pixel on the Sun at disk centre, Mm."""
    return math.radians(scale_arcsec / 3600) * (distance_m - SOLAR_RADIUS_M) / 1e6


def strong_flux(image: Image, truth: Image, threshold_gauss: float = STRONG_GAUSS) -> StrongFlux:
    """Flux of an image relative to the truth, where the true field is strong.

    Parameters
    ----------
    image, truth
        Field in the same pixels, gauss.
    threshold_gauss
        Minimum true |B| of the pixels that count.

    Raises
    ------
    ValueError
        No pixel has a true field this strong.
    """
    strong = np.isfinite(image) & (np.abs(np.nan_to_num(truth)) >= threshold_gauss)
    if not strong.any():
        raise ValueError(f"got no true field of {threshold_gauss:g} G or more, expected some")
    ours, theirs = image[strong].astype(np.float64), truth[strong].astype(np.float64)
    return StrongFlux(
        slope=float((ours * theirs).sum() / (theirs**2).sum()),
        unsigned=float(np.abs(ours).sum() / np.abs(theirs).sum()),
    )
