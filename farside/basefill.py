"""What stands where no disk sees well: the base map carried to the time of the map, or a guess."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from astropy.time import Time
from numpy.typing import ArrayLike, NDArray

from farside.carrington import CarringtonGrid, Map, resample, turn
from farside.errors import DamagedImageError
from farside.heliographic import drift_deg_per_day
from farside.layers import Layer, Merged
from farside.poles import FILLED_FROM_DEG, fill_poles
from farside.synchronicmap import BaseMap, MapSource

Mask = NDArray[np.bool_]

BASE_MU = 0.25
"""A base map counts as an observed disk does at this μ, 75° from its centre. On the simulated Sun a
generated disk is the better half of the mean from there on where its own μ is above 0.6, which is
what this gives at a skill of 0.6."""

SPREAD_GAUSS, SPREAD_SHARE, SPREAD_DAYS = 23.0, 0.95, 5.3
"""How far the surface leaves a map behind, σ² = (1 - e^{-age / 5.3 d}) (23² + 0.95² B²): fitted to
the simulated Sun, version 2, near maximum, at 1° and 1 to 28 days, to 60 %. A choice for the real
one."""

MAP_SIGMA_GAUSS = 3.0
"""Of a base map whose file does not tell, when it was new: the 2.3 G of HMI's synoptic maps (Liu et
al. 2012) and their zero level. A choice."""

LEAST_PART = 0.5
"""Of a base map's cells, that must have values. A choice."""

KNOWN_TRUST, SLANT_TRUST, GUESS_TRUST = 1.0, 0.1, 0.001
"""In the fit of a polar cap: of cells that are well known, of those seen at a slant, and of those
that have the mean of their parallel. A choice."""


def carried(base: BaseMap, grid: CarringtonGrid, time: Time) -> Layer:
    """A base map on the grid and at the time of a map: each row turned by its own drift.

    Raises
    ------
    DamagedImageError
        More than half of its cells have no value.
    """
    _refuse_empty(base)
    days = float((time - base.time).to_value("day"))
    drift = drift_deg_per_day(base.grid.latitude_deg) * days
    finite = np.isfinite(base.field_gauss)

    def moved(values: Map) -> Map:
        return resample(turn(np.where(finite, values, 0), drift), base.grid, grid)

    part = moved(np.ones(finite.shape))
    known = part > 0.5
    share = np.where(known, part, np.inf)
    field, then = (moved(values) / share for values in (base.field_gauss, base.age_days))
    now = then + days
    variance = spread_gauss(field, now) ** 2
    if base.sigma_gauss is None:
        variance += MAP_SIGMA_GAUSS**2
    else:
        own = moved(np.nan_to_num(base.sigma_gauss)) / share
        variance += own**2 - spread_gauss(field, then) ** 2
    source = MapSource(
        kind="base",
        instrument=base.instrument,
        name=base.name,
        sha256=base.sha256,
        time=base.time,
        quality=base.quality,
        weight=BASE_MU**4,
    )
    sigma = np.sqrt(np.maximum(variance, 0))
    planes = (field, BASE_MU**4 * known, now, sigma)
    return Layer(source, *(np.where(known, plane, 0) for plane in planes))


def _refuse_empty(base: BaseMap) -> None:
    part = np.isfinite(base.field_gauss).mean()
    if part < LEAST_PART:
        subject = f"base map {base.instrument} {base.time.isot[:19]} ({base.name})"
        raise DamagedImageError(
            f"{subject}: got values in {part:.0%} of its cells, wanted at least {LEAST_PART:.0%}",
            (subject,),
        )


def spread_gauss(field_gauss: Map, age_days: ArrayLike) -> Map:
    """σ of what has become of a field since it was seen, or was to become of it."""
    share = -np.expm1(-np.abs(age_days) / SPREAD_DAYS)
    return np.asarray(np.sqrt(share) * np.hypot(SPREAD_GAUSS, SPREAD_SHARE * field_gauss))


def filled(merged: Merged, well_known: Mask, grid: CarringtonGrid) -> tuple[Merged, Mask]:
    """Give each cell a value: unseen ones the mean of their parallel, poor poles a smooth field.

    Parameters
    ----------
    well_known
        Cells that a disk sees well or a base map has; poleward of 75° only they are kept.

    Returns
    -------
    Merged, Mask
        Without gaps, and which cells were filled. Their σ is the scatter of the field that they
        were made from.
    """
    seen = merged.weight > 0
    poor = ~well_known & (np.abs(grid.latitude_deg)[:, None] >= FILLED_FROM_DEG)
    mean, age = (_parallels(plane, seen) for plane in (merged.field_gauss, merged.age_days))
    field = np.where(seen, merged.field_gauss, mean)
    scatter = np.sqrt(_parallels((field - mean) ** 2, seen))
    trust = np.where(well_known, KNOWN_TRUST, np.where(seen, SLANT_TRUST, GUESS_TRUST))
    made = poor | ~seen
    return (
        replace(
            merged,
            field_gauss=fill_poles(field, trust, poor, grid),
            age_days=np.where(made, age, merged.age_days),
            sigma_gauss=np.where(made, scatter, merged.sigma_gauss),
        ),
        made,
    )


def _parallels(values: Map, seen: Mask) -> Map:
    """Mean of what is seen of each row; of the whole map where that is nothing."""
    count = seen.sum(axis=1, keepdims=True)
    row = (values * seen).sum(axis=1, keepdims=True) / np.maximum(count, 1)
    mean = np.where(count > 0, row, (values * seen).sum() / seen.sum())
    return np.broadcast_to(mean, values.shape)
