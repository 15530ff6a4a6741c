"""Telescope and camera: PSF, stray light, degradation, photon noise, saturation, bleeding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import cv2
import numpy as np
from astropy.time import Time
from numpy.typing import ArrayLike, NDArray

from farside.sun.grid import Image


@dataclass(frozen=True)
class Telescope:
    """Telescope and camera of one band.

    Attributes
    ----------
    quiet_dn
        Signal of the quiet Sun in a native pixel when new, at the usual exposure.
    scale_arcsec
        Size of a native pixel.
    dn_per_photon
        Electrons per photon (photon energy over 3.65 eV), divided by the camera's gain.
    read_dn
        Read noise of a native pixel.
    ceiling_dn
        Saturation level of the camera.
    core_arcsec
        Standard deviation of the core of the point-spread function (PSF).
    scattered
        Fraction of the light in the wings of the PSF.
    launched
        Start of the degradation.
    fading_years, remaining
        Time constant of the degradation, and throughput that it approaches.
    """

    quiet_dn: float
    scale_arcsec: float
    dn_per_photon: float
    read_dn: float
    ceiling_dn: float
    core_arcsec: float
    scattered: float
    launched: Time
    fading_years: float
    remaining: float

    def throughput(self, time: Time) -> float:
        """Throughput relative to a new telescope; 1 before the launch."""
        years = max(float((time - self.launched).to_value("day")) / 365.25, 0.0)
        return float(self.remaining + (1 - self.remaining) * np.exp(-years / self.fading_years))

    def quiet_dn_at(self, time: Time) -> np.float32:
        """Signal of the quiet Sun in a native pixel at `time`, DN."""
        return np.float32(self.quiet_dn * self.throughput(time))


SDO_OPENED, STEREO_OPENED = Time("2010-05-01T00:00:00"), Time("2006-12-05T00:00:00")

CEILING_DN = 16383.0

TELESCOPES = {
    "AIA 304": Telescope(55.0, 0.6, 0.63, 1.2, CEILING_DN, 0.7, 0.18, SDO_OPENED, 3.0, 0.13),
    "AIA 193": Telescope(140.0, 0.6, 0.99, 1.2, CEILING_DN, 0.7, 0.18, SDO_OPENED, 10.0, 0.50),
    "AIA 171": Telescope(170.0, 0.6, 1.12, 1.2, CEILING_DN, 0.7, 0.20, SDO_OPENED, 10.0, 0.65),
    "EUVI 304": Telescope(900.0, 1.59, 0.75, 1.5, CEILING_DN, 1.2, 0.28, STEREO_OPENED, 12.0, 0.45),
    "EUVI 195": Telescope(700.0, 1.59, 1.16, 1.5, CEILING_DN, 1.2, 0.26, STEREO_OPENED, 15.0, 0.60),
    "EUVI 171": Telescope(
        1100.0, 1.59, 1.32, 1.5, CEILING_DN, 1.2, 0.26, STEREO_OPENED, 15.0, 0.60
    ),
}
"""Telescopes by band. Photons: 12.4 keV Å over the wavelength, 3.65 eV per electron; gains of 17.7
(DN_GAIN of AIA's headers) and 15 electrons per DN. Wings: 10 to 35 % of AIA's light is scattered
diffusely (Hofmeister, Savin & Hahn 2024, arXiv:2410.08967); in EUVI stray light is up to 70 % of
the signal of coronal holes (Shearer et al. 2012, ApJ 749, L8). AIA's 304 Å channel has degraded
most (Boerner et al. 2014, Sol. Phys. 289, 2377; dos Santos et al. 2021, A&A 648, A53). Within that,
cores, quiet signals, fractions and times are a choice."""

WINGS = ((25.0, 0.45), (120.0, 0.30), (450.0, 0.25))
"""Wings of the PSF: standard deviation in arcsec and fraction of the scattered light, a choice:
Gaussians in place of the two power laws of Hofmeister et al. (2024)."""

ARMS_DEG = (40.0, 50.0, 130.0, 140.0)
"""Position angles of the diffraction arms of the filter meshes, a choice near AIA's."""

ARMS_SHARE, ARMS_ARCSEC, ARMS_FROM = 0.12, 90.0, 60.0
"""Fraction of the light in the arms, their 1/e length, and radiance in quiet Suns above which they
are simulated. 24 to 33 % of AIA's light is diffracted (ibid.); the numbers are a choice."""

LEAST_BLUR_PX = 0.3
"""Width of the core below which it is neglected: the pixels are wider."""

BLED = 0.5
"""Fraction of the charge above saturation that bleeds along the columns, a choice."""


TELESCOPE_SPREAD = {
    "quiet_dn": 0.25,
    "read_dn": 0.30,
    "core_arcsec": 0.30,
    "scattered": 0.40,
    "fading_years": 0.30,
    "remaining": 0.20,
}
"""Standard deviation of the logarithm of each random factor at variety 1, a choice."""


def varied_telescope(name: str, seed: int, variety: float) -> Telescope:
    """Telescope of a band, randomly varied.

    Parameters
    ----------
    name
        A key of :data:`TELESCOPES`.
    seed
        Seed of the variation.
    variety
        Size of the variation: 0 is none, 1 is that of :data:`TELESCOPE_SPREAD`.
    """
    usual = TELESCOPES[name]
    if variety == 0:
        return usual
    normal = np.random.default_rng([seed, 281, *name.encode()]).standard_normal(
        len(TELESCOPE_SPREAD)
    )
    given = asdict(usual)
    drawn = {
        key: given[key] * float(np.exp(variety * spread * each))
        for (key, spread), each in zip(TELESCOPE_SPREAD.items(), normal, strict=True)
    }
    for share in ("scattered", "remaining"):
        drawn[share] = min(drawn[share], 0.9)
    return replace(usual, **drawn)


def through_optics(image: Image, telescope: Telescope, scale_arcsec: float) -> Image:
    """Image convolved with the PSF: core, scattering wings, and arms of bright sources."""
    core = telescope.core_arcsec / scale_arcsec
    sharp = _float(cv2.GaussianBlur(image, (0, 0), core)) if core > LEAST_BLUR_PX else image
    haze = np.zeros_like(sharp)
    for width_arcsec, share in WINGS:
        haze += np.float32(share) * _blurred(sharp, width_arcsec / scale_arcsec)
    seen = sharp + np.float32(telescope.scattered) * (haze - sharp)
    return seen + _arms(sharp, scale_arcsec)


def _blurred(image: Image, sigma_px: float) -> Image:
    shrink = max(1, int(2 ** np.floor(np.log2(max(sigma_px / 2, 1)))))
    side = image.shape[0] // shrink
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    # The sky around the image is dark.
    small = cv2.GaussianBlur(small, (0, 0), sigma_px / shrink, borderType=cv2.BORDER_CONSTANT)
    large = cv2.resize(small, image.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return _float(large)


def _float(values: ArrayLike) -> Image:
    return np.asarray(values, dtype=np.float32)


def _arms(image: Image, scale_arcsec: float) -> Image:
    """Diffraction arms of bright sources along the directions of the meshes."""
    bright = np.maximum(image - np.float32(ARMS_FROM), 0)
    if not bright.any():
        return np.zeros_like(image)
    arms = np.zeros_like(image)
    reach = min(int(3 * ARMS_ARCSEC / scale_arcsec), image.shape[0] // 2)
    distance = np.arange(1, reach + 1)
    falling = np.exp(-distance * scale_arcsec / ARMS_ARCSEC)
    falling *= ARMS_SHARE / (2 * len(ARMS_DEG) * falling.sum())
    rows, columns = np.nonzero(bright)
    for angle in np.radians([*ARMS_DEG, *(a + 180 for a in ARMS_DEG)]):
        y = rows[:, None] + np.rint(distance * np.cos(angle)).astype(np.int64)
        x = columns[:, None] - np.rint(distance * np.sin(angle)).astype(np.int64)
        inside = (y >= 0) & (y < image.shape[0]) & (x >= 0) & (x < image.shape[1])
        light = bright[rows, columns][:, None] * falling
        np.add.at(arms, (y[inside], x[inside]), light[inside].astype(np.float32))
    return arms


def counts(
    image: Image,
    telescope: Telescope,
    time: Time,
    scale_arcsec: float,
    rng: np.random.Generator,
) -> Image:
    """Counts of the camera for an image in quiet Suns: DN per native pixel, bias subtracted.

    A larger pixel is the mean of the native pixels in it, with their mean noise.
    """
    signal = image * telescope.quiet_dn_at(time)
    held = (scale_arcsec / telescope.scale_arcsec) ** 2
    variance = signal * np.float32(telescope.dn_per_photon) + np.float32(telescope.read_dn**2)
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    noisy = signal + np.sqrt(np.maximum(variance, 0) / np.float32(held)) * noise
    return saturated(noisy, telescope.ceiling_dn)


def saturated(signal: Image, ceiling_dn: float) -> Image:
    """Clip at the saturation level; the charge above bleeds along the columns."""
    if signal.max() <= ceiling_dn:
        return signal
    filled = np.minimum(signal, np.float32(ceiling_dn))
    for column in np.flatnonzero((signal > ceiling_dn).any(axis=0)):
        for first, last in _runs(signal[:, column] > ceiling_dn):
            excess = float((signal[first:last, column] - ceiling_dn).sum()) * BLED
            length = int(min(excess / ceiling_dn / 2, signal.shape[0] / 8))
            filled[max(first - length, 0) : last + length, column] = ceiling_dn
    return filled


def _runs(over: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], over.astype(np.int8), [0]])))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
