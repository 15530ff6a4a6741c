"""Realisations of a generated field: what it may have looked like, instead of its mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from farside.errors import UnexpectedImageError
from farside.magnetogram.magnetogram import Magnetogram
from farside.sun.grid import Image

REGION_DEG = 12.0
"""Coherence length of polarity reversals in strong field, at disk centre: about the separation of
the two polarities of an active region, so that a region is reversed as a whole. A choice."""

CELL_DEG = 1.5
"""Coherence length of polarity reversals in the quiet Sun; a supergranule of 30 Mm has a diameter
of 2.5°. A choice."""

STRONG_GAUSS = 15.0
"""Expected |B| at which the two lengths have equal weight. A choice."""

TEXTURE_DEG = 0.7
"""Correlation length of the strength about its mean, disk centre. A choice."""

GREATEST_SPREAD = 8.0
"""Upper limit of the relative variance of the strength; above it single pixels get thousands of
gauss. A choice."""


def realise(made: Magnetogram, seed: int) -> Magnetogram:
    r"""Draw a field from the distribution that a product describes.

    With the mean m, standard deviation d and A = E|B| of each pixel, the field is ``s A w``. The
    sign s is that of m with probability (1 + \|m\|/A) / 2, else the opposite. It is reversed
    coherently over whole active regions, and over supergranules in the quiet Sun. The strength w is
    lognormal with mean 1 and a correlation length of 0.7°. So mean and standard deviation over many
    seeds are m and d.

    Parameters
    ----------
    made
        Product with σ and expected |B|.
    seed
        The same seed gives the same field on every machine, to rounding.

    Returns
    -------
    Magnetogram
        As `made`, with the field drawn and `seed` set; σ is kept, as the deviation from the mean.
        Expected \|B\| and p(+) are left out.

    Raises
    ------
    UnexpectedImageError
        The product is a realisation itself, or lacks σ or the expected \|B\|.

    Notes
    -----
    Only the first two moments of each pixel follow from the model; the correlation lengths are
    choices.
    """
    if made.seed is not None:
        raise UnexpectedImageError(
            f"got the realisation {made.seed} of a product, expected the product"
        )
    spread = made.deviation
    if spread is None or made.unsigned is None:
        raise UnexpectedImageError(
            f"a product of {made.generator.model} {made.generator.version} without "
            f"{'SIGMA' if spread is None else 'UNSIGNED'}: expected both, as farside-1 gives"
        )
    field = _drawn(made.image, spread, made.unsigned, made.grid.disk_radius_px, seed)
    return replace(made, image=field, unsigned=None, positive=None, seed=seed)


def _drawn(mean: Image, sigma: Image, unsigned: Image, radius_px: float, seed: int) -> Image:
    """Field in gauss, (y, x), NaN where the mean is."""
    rng, px_per_deg = np.random.default_rng(seed), float(np.radians(1) * radius_px)
    strength = np.nan_to_num(np.maximum(unsigned, np.abs(mean)))
    sure = np.divide(
        np.abs(np.nan_to_num(mean)), strength, out=np.ones_like(strength), where=strength > 0
    )
    together, apart, texture = (
        _random_field(mean.shape[0], degrees * px_per_deg, rng)
        for degrees in (REGION_DEG, CELL_DEG, TEXTURE_DEG)
    )
    share = strength / (strength + STRONG_GAUSS)
    mixed = share * together + np.sqrt(1 - share**2) * apart
    turned = ndtr(mixed) < (1 - sure) / 2
    second = np.nan_to_num(sigma) ** 2 + np.nan_to_num(mean) ** 2
    spread = np.divide(second, strength**2, out=np.ones_like(second), where=strength > 0) - 1
    width = np.sqrt(np.log1p(np.clip(spread, 0, GREATEST_SPREAD)))
    sign = np.where(turned, -1, 1) * np.where(mean < 0, -1, 1)
    field = sign * strength * np.exp(width * texture - width**2 / 2)
    return np.where(np.isfinite(mean), field, np.nan).astype(np.float32)


def _random_field(side_px: int, length_px: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Gaussian random field of variance 1 whose correlation falls to 1/e within `length_px`."""
    noise = np.fft.rfft2(rng.standard_normal((side_px, side_px)))
    wave = np.hypot(np.fft.fftfreq(side_px)[:, None], np.fft.fftfreq(side_px)[None, :])
    # The autocorrelation of white noise smoothed by a Gaussian of deviation s is exp(-r²/4s²).
    passed = np.exp(-2 * (np.pi * wave * length_px / 2) ** 2)
    passed /= np.sqrt(np.mean(passed**2))
    return np.fft.irfft2(noise * passed[:, : noise.shape[1]], (side_px, side_px))
