"""What a telescope makes of the light: blur, stray light, fading, photons, saturation, bleeding."""

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
    """One band of an imager.

    Attributes
    ----------
    quiet_dn
        Signal of the quiet Sun in a native pixel when new, at the usual exposure.
    scale_arcsec
        Size of a native pixel.
    dn_per_photon
        Camera electrons that a photon frees (its energy over 3.65 eV) over the camera's gain.
    read_dn
        Read noise of a native pixel.
    ceiling_dn
        Where the camera saturates.
    core_arcsec
        Standard deviation of the core of the point-spread function.
    scattered
        Share of the light in its wings.
    launched
        When the fading began.
    fading_years, remaining
        The throughput falls from 1 towards `remaining` over `fading_years`.
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
        """Share of the light that it had when new; 1 before its launch."""
        years = max(float((time - self.launched).to_value("day")) / 365.25, 0.0)
        return float(self.remaining + (1 - self.remaining) * np.exp(-years / self.fading_years))

    def quiet_dn_at(self, time: Time) -> np.float32:
        """Signal of the quiet Sun in a native pixel at `time`."""
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
"""Photons: 12.4 keV Å over the wavelength, 3.65 eV to the electron; gains of 17.7 (the DN_GAIN of
AIA's headers) and 15 electrons per DN. Wings: 10 to 35 % of AIA's light is scattered diffusely
(Hofmeister, Savin & Hahn 2024, arXiv:2410.08967); in EUVI stray light is up to 70 % of what coronal
holes show (Shearer et al. 2012, ApJ 749, L8). AIA's 304 Å channel has faded most (Boerner et al.
2014, Sol. Phys. 289, 2377; dos Santos et al. 2021, A&A 648, A53). Within that, cores, quiet
signals, shares and times are a choice."""

WINGS = ((25.0, 0.45), (120.0, 0.30), (450.0, 0.25))
"""Standard deviation in arc seconds and share of the scattered light, a choice: Gaussians in place
of the two power laws of Hofmeister et al. (2024)."""

ARMS_DEG = (40.0, 50.0, 130.0, 140.0)
"""Position angles of the meshes' diffraction patterns, a choice near those of AIA's two filters."""

ARMS_SHARE, ARMS_ARCSEC, ARMS_FROM = 0.12, 90.0, 60.0
"""Share of the light in the arms, over which it falls by 1/e, and the radiance in quiet Suns above
which it is followed. Of AIA's light 24 to 33 % is diffracted (ibid.); the numbers are a choice."""

LEAST_BLUR_PX = 0.3
"""A core narrower than that is left out: the pixels are wider."""

BLED = 0.5
"""Share of the charge above saturation that bleeds along the columns, a choice."""


TELESCOPE_SPREAD = {
    "quiet_dn": 0.25,
    "read_dn": 0.30,
    "core_arcsec": 0.30,
    "scattered": 0.40,
    "fading_years": 0.30,
    "remaining": 0.20,
}
"""Standard deviation of the logarithm of what is drawn anew for a Sun of variety 1, a choice."""


def drawn_telescope(name: str, seed: int, variety: float) -> Telescope:
    """A band's telescope in one possible world.

    Parameters
    ----------
    name
        A key of :data:`TELESCOPES`.
    seed
        Of the world.
    variety
        How far it may be from :data:`TELESCOPES`: 0 is nothing, 1 as :data:`TELESCOPE_SPREAD` says.
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
    """Blur an ideal picture by the core, the scattering wings and the arms of bright sources."""
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
    # The sky about the picture is dark.
    small = cv2.GaussianBlur(small, (0, 0), sigma_px / shrink, borderType=cv2.BORDER_CONSTANT)
    large = cv2.resize(small, image.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return _float(large)


def _float(values: ArrayLike) -> Image:
    return np.asarray(values, dtype=np.float32)


def _arms(image: Image, scale_arcsec: float) -> Image:
    """Light of bright sources along the directions of the meshes."""
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
    """A picture in quiet Suns as the camera has it: DN for one native pixel, bias off.

    A pixel larger than the native one is the mean of those that it holds, their noise with it.
    """
    signal = image * telescope.quiet_dn_at(time)
    held = (scale_arcsec / telescope.scale_arcsec) ** 2
    variance = signal * np.float32(telescope.dn_per_photon) + np.float32(telescope.read_dn**2)
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    noisy = signal + np.sqrt(np.maximum(variance, 0) / np.float32(held)) * noise
    return saturated(noisy, telescope.ceiling_dn)


def saturated(signal: Image, ceiling_dn: float) -> Image:
    """Clip at the ceiling; the charge above it bleeds up and down the columns."""
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
