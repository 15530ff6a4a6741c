"""Filling where no disk sees well: the base map advected to the time of the map, or a mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from astropy.time import Time
from numpy.typing import ArrayLike, NDArray

from farside.errors import DamagedImageError
from farside.sun.carrington_grid import CarringtonGrid, Map, resample, shift_longitude
from farside.sun.carrington_rotation import SYNODIC_DAYS
from farside.sun.heliographic import differential_rotation_deg_per_day
from farside.synchronic.contributions import Contribution, WeightedMean, probability_positive
from farside.synchronic.drift import synchronised
from farside.synchronic.map import BaseMap, MapSource
from farside.synchronic.weights import factor_from_variance

Mask = NDArray[np.bool_]

BASE_MU, LEAST_BASE_MU = 0.5, 0.1
"""Bounds of the μ at which an observed disk has the same weight as the base map. At most 0.5, 60°
from disk centre, where the daily maps of HMI end; at least 0.1, where a disk ends. A choice."""

TRUST_DEG = 6.0
"""σ of the Gaussian that smooths the weight of a base map, which cell by cell would favour weak
field. A choice."""

EVOLUTION_GAUSS, EVOLUTION_SHARE, EVOLUTION_DAYS = 23.0, 0.95, 5.3
"""Constants of the error that the evolution of the surface adds with age,
σ² = (1 - e^{-age / 5.3 d}) (23² + 0.95² B²): fitted to the simulated Sun, version 2, near maximum,
at 1° and 1 to 28 days, to 60 %. A choice for the real one."""

MAP_SIGMA_GAUSS = 3.0
"""Standard deviation at age 0 of a base map whose file has none: the 2.3 G of HMI's synoptic maps
(Liu et al. 2012) and their zero level. A choice."""

GUESS_AGE_DAYS = SYNODIC_DAYS
"""Age of cells that were never seen: a rotation, after which Earth has seen them all."""

LEAST_PART = 0.5
"""Least share of a base map's cells that must have values. A choice."""

KNOWN_TRUST, SLANT_TRUST, GUESS_TRUST = 1.0, 0.1, 0.001
"""Weights in the fit of a polar cap: of well-known cells, of those seen at a slant, and of those
filled with the mean of their parallel. A choice."""


POLAR_ORDER, FITTED_FROM_DEG, FILLED_FROM_DEG = 7, 65.0, 75.0
"""Order of the polynomial in the two coordinates of a polar projection, and the latitudes from
which it is fitted to the cap and fills it: Sun (2018), arXiv:1801.04265, Sect. 1."""

STIFFNESS = 1e-3
"""Ridge penalty on each coefficient, times its order squared: without it the polynomial oscillates
where it was not fitted. A choice."""


def advect_base_map(base: BaseMap, grid: CarringtonGrid, time: Time) -> Contribution:
    """Advect a base map to the grid and time of a map, each row by its differential rotation.

    A synoptic map is first made synchronic (:func:`~farside.synchronic.drift.synchronised`).
    σ² of its file grows with age as :func:`evolution_sigma_gauss` does, and is at least that: the
    realisations of ADAPT, for instance, do not differ in flux that emerged unseen.

    Raises
    ------
    DamagedImageError
        More than half of the base map's cells have no value.
    """
    _refuse_empty(base)
    base = synchronised(base)
    days = float((time - base.time).to_value("day"))
    drift = differential_rotation_deg_per_day(base.grid.latitude_deg) * days
    finite = np.isfinite(base.field_gauss)

    def moved(values: Map) -> Map:
        return resample(shift_longitude(np.where(finite, values, 0), drift), base.grid, grid)

    part = moved(np.ones(finite.shape))
    known = part > 0.5
    share = np.where(known, part, np.inf)
    field, then = (moved(values) / share for values in (base.field_gauss, base.age_days))
    now = then + days
    spread = evolution_sigma_gauss(field, now)
    if base.sigma_gauss is None:
        sigma = np.hypot(spread, MAP_SIGMA_GAUSS)
    else:
        own = moved(np.nan_to_num(base.sigma_gauss)) / share
        growth = spread**2 - evolution_sigma_gauss(field, then) ** 2
        sigma = np.maximum(spread, np.sqrt(np.maximum(own**2 + growth, 0)))
    weight = _weight(field, sigma, known, grid)
    source = MapSource(
        kind="base",
        instrument=base.instrument,
        name=base.name,
        sha256=base.sha256,
        time=base.time,
        quality=base.quality,
        weight=float((weight * grid.area).sum()),
    )
    generated = np.zeros(grid.shape) if base.generated is None else moved(base.generated) / share
    field, now, sigma, generated = (
        np.where(known, plane, 0) for plane in (field, now, sigma, generated)
    )
    positive = None
    if base.positive is not None:
        positive = np.where(known, np.clip(moved(base.positive) / share, 0, 1), 0.5)
    return Contribution(source, field, weight, now, sigma, np.clip(generated, 0, 1), positive)


def _weight(field_gauss: Map, sigma_gauss: Map, known: Mask, grid: CarringtonGrid) -> Map:
    """Weight of a generated disk whose error is the same share of the field's eventual variance."""
    error, whole = (
        smooth_on_sphere(np.where(known, plane**2, 0), TRUST_DEG, grid)
        for plane in (sigma_gauss, np.hypot(EVOLUTION_GAUSS, EVOLUTION_SHARE * field_gauss))
    )
    part = np.where(known, error / np.where(known, whole, 1), 1)
    factor = np.clip(factor_from_variance(1 - part), LEAST_BASE_MU**4, BASE_MU**4)
    return np.where(known, factor, 0)


def smooth_on_sphere(values: Map, sigma_deg: float, grid: CarringtonGrid) -> Map:
    """Gaussian mean on the sphere: along the meridians, then along each parallel at its scale."""
    apart_deg = grid.latitude_deg[:, None] - grid.latitude_deg
    near = np.exp(-((apart_deg / sigma_deg) ** 2) / 2) * grid.area.T
    near /= near.sum(axis=1, keepdims=True)
    width = np.radians(sigma_deg) / np.cos(np.radians(grid.latitude_deg))
    waves = np.arange(grid.columns // 2 + 1)
    kept = np.exp(-((waves * width[:, None]) ** 2) / 2)
    return np.fft.irfft(np.fft.rfft(near @ values) * kept, grid.columns)


def _refuse_empty(base: BaseMap) -> None:
    part = np.isfinite(base.field_gauss).mean()
    if part < LEAST_PART:
        subject = f"base map {base.instrument} {base.time.isot[:19]} ({base.name})"
        raise DamagedImageError(
            f"{subject}: {part:.0%} of its cells have values, expected {LEAST_PART:.0%} or more",
            (subject,),
        )


def evolution_sigma_gauss(field_gauss: Map, age_days: ArrayLike) -> Map:
    """Standard deviation that the evolution of the surface adds to a field over an age.

    σ² = (1 - e^{-|age| / 5.3 d}) (23² + 0.95² B²)

    Parameters
    ----------
    field_gauss
        Radial field B, (row, column).
    age_days
        Days since, or if negative until, the field was seen.
    """
    share = -np.expm1(-np.abs(age_days) / EVOLUTION_DAYS)
    return np.asarray(np.sqrt(share) * np.hypot(EVOLUTION_GAUSS, EVOLUTION_SHARE * field_gauss))


def fill_gaps(
    merged: WeightedMean, well_known: Mask, grid: CarringtonGrid
) -> tuple[WeightedMean, Mask]:
    """Fill unseen cells with the mean of their parallel, and poorly seen poles with a smooth field.

    Parameters
    ----------
    well_known
        Cells that a disk sees well or a base map has; poleward of 75° only these are kept.

    Returns
    -------
    Merged
        Mean without gaps. σ² of a filled cell is the scatter of the field it was made from, and the
        mean σ² of that field, whose own errors add; its age is a rotation where nothing was seen.
    Mask
        Cells that were filled.
    """
    seen = merged.weight > 0
    poor = ~well_known & (np.abs(grid.latitude_deg)[:, None] >= FILLED_FROM_DEG)
    mean, age = (_parallels(plane, seen) for plane in (merged.field_gauss, merged.age_days))
    field = np.where(seen, merged.field_gauss, mean)
    scatter = np.sqrt(_parallels((field - mean) ** 2 + merged.sigma_gauss**2, seen))
    trust = np.where(well_known, KNOWN_TRUST, np.where(seen, SLANT_TRUST, GUESS_TRUST))
    made = poor | ~seen
    filled = fill_poles(field, trust, poor, grid)
    return (
        replace(
            merged,
            field_gauss=filled,
            age_days=np.where(seen, np.where(made, age, merged.age_days), GUESS_AGE_DAYS),
            sigma_gauss=np.where(made, scatter, merged.sigma_gauss),
            generated=np.where(made, _parallels(merged.generated, seen), merged.generated),
            positive=np.where(made, probability_positive(filled, scatter), merged.positive),
        ),
        made,
    )


def _parallels(values: Map, seen: Mask) -> Map:
    """Mean of the seen cells of each row; of the whole map where a row has none."""
    count = seen.sum(axis=1, keepdims=True)
    row = (values * seen).sum(axis=1, keepdims=True) / np.maximum(count, 1)
    mean = np.where(count > 0, row, (values * seen).sum() / seen.sum())
    return np.broadcast_to(mean, values.shape)


def fill_poles(field_gauss: Map, trust: Map, poor: Mask, grid: CarringtonGrid) -> Map:
    """Replace poorly known polar cells by a smooth field fitted to the rest of the cap.

    Parameters
    ----------
    field_gauss
        Radial field, (row, column).
    trust
        Weight of each cell in the fit; 0 leaves it out. A cap without weight is not changed.
    poor
        Cells that may be filled; only those poleward of 75° are.
    """
    filled = field_gauss.copy()
    for sign in (-1, 1):
        rows = np.flatnonzero(sign * grid.latitude_deg >= FITTED_FROM_DEG)
        weight = (trust * grid.area)[rows]
        if weight.any():
            cap = _fit_cap(field_gauss[rows], weight, _terms(grid, rows))
            polar = poor[rows] & (np.abs(grid.latitude_deg[rows])[:, None] >= FILLED_FROM_DEG)
            filled[rows] = np.where(polar, cap, field_gauss[rows])
    return filled


def _terms(grid: CarringtonGrid, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Terms xⁱ yʲ in units of the cap's radius, (row, column, term), by rising order."""
    radius = (90 - np.abs(grid.latitude_deg[rows]))[:, None] / (90 - FITTED_FROM_DEG)
    longitude = np.radians(grid.longitude_deg)
    x, y = radius * np.cos(longitude), radius * np.sin(longitude)
    return np.stack([x**i * y**j for i, j in _POWERS], axis=-1)


_POWERS = [(order - j, j) for order in range(POLAR_ORDER + 1) for j in range(order + 1)]


def _fit_cap(field: Map, weight: Map, terms: NDArray[np.float64]) -> Map:
    """Weighted least squares with a ridge penalty that grows with the order of a term."""
    known = weight > 0
    a, w = terms[known], weight[known] / weight[known].sum()
    stiffness = STIFFNESS * np.diag([float(i + j) ** 2 for i, j in _POWERS])
    normal = a.T @ (w[:, None] * a) + stiffness
    return np.asarray(terms @ np.linalg.solve(normal, a.T @ (w * field[known])))
