"""Realisations of a map: maps that may be true as well, by the doubt that the map states."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ive

from farside.errors import UnexpectedImageError
from farside.magnetogram.magnetogram import MAX_SEED
from farside.sun.carrington_grid import CarringtonGrid, resample
from farside.sun.spherical_harmonics import legendre_by_order
from farside.synchronic.contributions import probability_positive
from farside.synchronic.emergence import (
    FEATURE_DEG,
    FEATURE_GAUSS,
    OUTSKIRTS_DEG,
    OUTSKIRTS_GAUSS,
    connected,
    dilated,
)
from farside.synchronic.fill import Mask, smooth_on_sphere
from farside.synchronic.map import SynchronicMap
from farside.synchronic.merge import balance_flux

Realisations = NDArray[np.float64]
"""Maps on one grid, (realisation, row, column)."""

_LEFT_OUT = 1e-6
"""Fraction of the variance in spherical harmonics above the degree at which the sum ends."""


GENERATED_SHARE = 0.5
"""Share of generated disks in a cell from which on its polarity is theirs."""


BIPOLAR_DEGREE = 10.0
"""Degree of the spherical harmonics below which the noise of a realisation fades, by l² / (l² +
10²): flux that emerged, moved or decayed unseen is bipolar, so that errors have little net flux
over 20°. By the errors of maps of simulated suns (docs/synchronic.md)."""


@dataclass(frozen=True, eq=False)
class GeneratedRegion:
    """Region of a map whose field is that of generated disks.

    Attributes
    ----------
    cells
        Mask of its cells, (row, column).
    sign_probability
        Probability that its polarities are the right way round: mean over its unsigned flux.
    """

    cells: Mask
    sign_probability: float


def realise(sun_map: SynchronicMap, seed: int) -> SynchronicMap:
    """Draw a realisation of a map, flux-balanced.

    Parameters
    ----------
    seed
        The same seed gives the same map on every machine, to rounding.

    Returns
    -------
    SynchronicMap
        As `sun_map`, with the field drawn and `seed` set; σ is kept, as the deviation from the map,
        and the probability of positive polarity is left out.

    Raises
    ------
    UnexpectedImageError
        The map is a realisation itself.
    ValueError
        The seed is out of range.
    """
    if sun_map.seed is not None:
        raise UnexpectedImageError(f"got the realisation {sun_map.seed} of a map, expected the map")
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"seed is {seed}, expected 0 to {MAX_SEED}")
    (drawn,) = realisations(sun_map, 1, sun_map.grid, np.random.default_rng(seed))
    field, balance = balance_flux(drawn, sun_map.grid)
    return replace(sun_map, field_gauss=field, balance=balance, positive=None, seed=seed)


def realisations(
    sun_map: SynchronicMap, count: int, grid: CarringtonGrid, generator: np.random.Generator
) -> Realisations:
    r"""Draw realisations of the field of a map.

    Each is ``s B + σ' n``. The sign s is -1 on a generated region, whole, with the probability
    1 - P that its polarities are the wrong way round, else 1. The noise n has unit variance, the
    correlation length of the map and little net flux over 20°, and σ'² = σ² - 4 (1 - P) B²: what
    reversals give to the variance is not given twice.

    Parameters
    ----------
    count
        Number of realisations.
    grid
        Grid that they are drawn on.
    """
    regions = generated_regions(sun_map)
    reversed_ = generator.random((count, len(regions))) > [r.sign_probability for r in regions]
    signs, variance = np.ones((count, *sun_map.grid.shape)), sun_map.sigma_gauss**2
    for number, region in enumerate(regions):
        signs[reversed_[:, number]] *= np.where(region.cells, -1, 1)
        doubt = 4 * (1 - region.sign_probability) * sun_map.field_gauss**2
        variance = np.where(region.cells, variance - doubt, variance)
    # Errors within one cell are correlated: their mean, not their root sum of squares.
    sigma = resample(np.sqrt(np.maximum(variance, 0)), sun_map.grid, grid)
    length_deg = sun_map.correlation_length_deg
    noise = unit_noise(grid, length_deg, count, generator, BIPOLAR_DEGREE)
    fields = (resample(sign * sun_map.field_gauss, sun_map.grid, grid) for sign in signs)
    return np.stack([*fields]) + sigma * noise


def generated_regions(sun_map: SynchronicMap) -> tuple[GeneratedRegion, ...]:
    """Regions of a map that are from generated disks, also through its base map.

    They are outlined as those of a disk are
    (:func:`~farside.synchronic.emergence.find_emergences`), where the share of generated disks is
    more than half. No cell is in two regions.
    """
    grid, field = sun_map.grid, sun_map.field_gauss
    theirs = sun_map.generated_share() > GENERATED_SHARE
    strength = smooth_on_sphere(np.abs(field), FEATURE_DEG, grid)
    positive = sun_map.positive
    if positive is None:
        positive = probability_positive(field, sun_map.sigma_gauss)
    right = np.where(field > 0, positive, 1 - positive)
    free, found = theirs & (strength > OUTSKIRTS_GAUSS), []
    for core in connected(theirs & (strength > FEATURE_GAUSS)):
        cells = free & dilated(core, OUTSKIRTS_DEG, grid)
        free = free & ~cells
        flux = np.abs(field) * np.where(cells, grid.area, 0.0)
        if flux.any():
            found.append(GeneratedRegion(cells, float((right * flux).sum() / flux.sum())))
    return tuple(found)


def seed_of(sun_map: SynchronicMap) -> int:
    """Seed of the random numbers of a map: equal maps give equal realisations."""
    planes = b"".join(
        np.ascontiguousarray(plane, np.float32).tobytes()
        for plane in (sun_map.field_gauss, sun_map.sigma_gauss)
    )
    return int.from_bytes(hashlib.sha256(sun_map.time.utc.isot.encode() + planes).digest())


def unit_noise(
    grid: CarringtonGrid,
    length_deg: float,
    count: int,
    generator: np.random.Generator,
    faded_below: float = 0.0,
) -> Realisations:
    """Gaussian noise of unit variance with an isotropic correlation on the sphere.

    Points an angle θ apart have the correlation exp(-κ (1 - cos θ)), the Gaussian of the distance
    through the sphere; κ is such that it is 1/e at `length_deg`. Its Legendre coefficients are
    (2l + 1) e^-κ i_l(κ), with i_l the modified spherical Bessel functions (DLMF 10.60.7), and each
    spherical harmonic is drawn with its share of the variance.

    Parameters
    ----------
    length_deg
        Angle at which the correlation is 1/e; at least one cell is taken, so that the noise is
        never white.
    count
        Number of realisations.
    faded_below
        Degree L below which the noise fades: the variance of degree l is multiplied by
        l² / (l² + L²), and that of all set to 1 again.
    """
    share = _faded(_variance_by_degree(max(length_deg, grid.step_deg)), faded_below)
    sine = np.sin(np.radians(grid.latitude_deg))
    rows = np.empty((2 * len(share), count, grid.rows))
    for order, legendre in enumerate(legendre_by_order(sine, len(share))):  # (row, degree)
        amplitude = legendre * np.sqrt((2 if order else 1) * share[order:])
        drawn = generator.standard_normal((2, count, len(share) - order))
        rows[2 * order : 2 * order + 2] = drawn @ amplitude.T
    turned = np.arange(len(share))[:, None] * np.radians(grid.longitude_deg)
    waves = np.stack((np.cos(turned), np.sin(turned)), axis=1)  # (order, 2, column)
    noise = rows.transpose(1, 2, 0) @ waves.reshape(2 * len(share), grid.columns)
    return np.asarray(noise)


def _variance_by_degree(length_deg: float) -> NDArray[np.float64]:
    """Variance of one spherical harmonic of each degree, 4π e^-κ i_l(κ).

    Its sum Σ (2l + 1) / 4π, over all harmonics, is 1.
    """
    kappa = 1 / (1 - np.cos(np.radians(length_deg)))
    degree = np.arange(20 + int(np.sqrt(2 * kappa * 20)))
    share = (2 * degree + 1) * np.sqrt(np.pi / (2 * kappa)) * ive(degree + 0.5, kappa)
    kept = 1 + int(np.searchsorted(np.cumsum(share) / share.sum(), 1 - _LEFT_OUT))
    share = share[:kept] / share[:kept].sum()
    return np.asarray(4 * np.pi * share / (2 * degree[:kept] + 1))


def _faded(share: NDArray[np.float64], below: float) -> NDArray[np.float64]:
    """Variance by degree with less in the low degrees, of the same sum."""
    degree = np.arange(len(share))
    kept = share * degree**2 / (degree**2 + below**2) if below else share
    whole, rest = (((2 * degree + 1) * each).sum() for each in (share, kept))
    return np.asarray(kept * whole / rest)
