"""Baselines without learning: a guess by Hale's law, and persistence of a synoptic map."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter, label

from farside.disk.registration import Disk
from farside.sun.grid import Grid, Image
from farside.sun.heliographic import lines_of_sight, trace
from farside.sun.observer import View
from farside.sun.solar_cycle import leading_sign
from farside.synchronic.base import read_base
from farside.synchronic.map import BaseMap
from farside.synchronic.view import disk_of_map
from training.realsun.measures import Truth
from training.realsun.regions import (
    Mask,
    Orientations,
    bipoles,
    counted,
    westward_px,
    without_noise,
)

PASSAGE_DAYS = 27.2753 / 2
"""Time in which a place crosses the disk: half a synodic rotation."""

OLDEST_DAYS = PASSAGE_DAYS + 27.2753
"""Greatest age of the newest map in a series of one map per rotation."""

PLAGE_MEDIANS, CORE_MEDIANS = 1.2, 1.6
"""Brightness of 304 Å above which there is field, and that of a region's core."""

GAUSS_A_MEDIAN, MOST_MEDIANS = 25.0, 8.0
"""Field per unit of brightness above plage, and brightness at which it saturates."""

FIELD_DEG, CORE_DEG = 0.5, 1.5
"""σ of the Gaussians over brightness, for the field and for the cores."""

LEAST_CORE_DEG2 = 6.0

TILT_DEG = 6.0
"""Joy's law at active latitudes: the leading polarity is nearer to the equator."""


def hale_guess(euv: Disk) -> Image:
    """Guess the field from the brightness of He II 304 and Hale's law, without learning.

    Bright regions are split at their centroid along a line tilted by Joy's law; the western half
    gets the leading polarity of its hemisphere and cycle.

    Returns
    -------
    Image
        Gauss, (y, x), NaN off the disk.
    """
    grid, on_disk = euv.grid, euv.grid.on_disk()
    per_degree = grid.pixels_per_degree
    medians = np.where(on_disk, euv.image / np.nanmedian(euv.image), 1.0)
    smooth, broad = (gaussian_filter(medians, deg * per_degree) for deg in (FIELD_DEG, CORE_DEG))
    strength = GAUSS_A_MEDIAN * np.clip(smooth - PLAGE_MEDIANS, 0, MOST_MEDIANS)
    labels, count = label((broad > CORE_MEDIANS) & on_disk)
    field = np.zeros(strength.shape)
    for number in range(1, count + 1):
        core = labels == number
        if core.sum() >= LEAST_CORE_DEG2 * per_degree**2 and strength[core].any():
            field[core] = (strength * _polarity(strength, core, euv.view, grid))[core]
    return np.where(on_disk, field, np.nan).astype(np.float32)


def _polarity(strength: Image, core: Mask, view: View, grid: Grid) -> Image:
    """Sign of each pixel: the leading polarity west of a tilted line through the core."""
    rows, columns = np.nonzero(core)
    y, x = (float(np.average(each, weights=strength[core])) for each in (rows, columns))
    sign, north = _leading(y, x, view, grid)
    tilt = np.radians(TILT_DEG if north else -TILT_DEG)
    row, column = np.indices(strength.shape)
    west = (column - x) * np.cos(tilt) - (row - y) * np.sin(tilt) > 0
    return np.where(west, sign, -sign).astype(np.float32)


def _leading(row: float, column: float, view: View, grid: Grid) -> tuple[int, bool]:
    """Sign of the leading polarity at a pixel, and whether the pixel is in the north."""
    west, north = lines_of_sight(grid, view.observer)
    at = (np.array([round(row)]), np.array([round(column)]))
    is_north = bool(trace(west[at], north[at], view.observer, view.time).latitude_deg[0] > 0)
    return leading_sign(view.time) * (1 if is_north else -1), is_north


def hale_on_true_regions(truth: Truth) -> Orientations:
    """Orientation of the true bipoles by Hale's law, given where they are."""
    field = np.clip(np.nan_to_num(truth.image), -truth.clip_gauss, truth.clip_gauss)
    found = bipoles(field, truth.grid)
    fluxes = [float(np.abs(field[each]).sum()) for each in found]
    smooth = without_noise(field, truth.grid)
    signs = [float(np.sign(westward_px(smooth, each))) * _law(field, each, truth) for each in found]
    return counted(signs, fluxes)


def _law(field: Image, region: Mask, truth: Truth) -> int:
    rows, columns = np.nonzero(region)
    weights = np.abs(field[region])
    row, column = (float(np.average(each, weights=weights)) for each in (rows, columns))
    return _leading(row, column, truth.view, truth.grid)[0]


def read_maps(folder: Path) -> list[BaseMap]:
    """Read all synoptic maps of a folder; an empty list if it does not exist."""
    return [read_base(path) for path in sorted(folder.glob("*.fits*"))]


def map_before(maps: Sequence[BaseMap], view: View) -> BaseMap | None:
    """Newest map made before the present disk passage began; None if it is too old.

    It is older than half a synodic rotation, so that it saw every place in the view one passage
    before, or earlier. A map older by another rotation is not used.
    """
    ages = [float((view.time - each.time).to_value("day")) for each in maps]
    fitting = [
        (age, base)
        for age, base in zip(ages, maps, strict=True)
        if PASSAGE_DAYS <= age <= OLDEST_DAYS
    ]
    return min(fitting, key=lambda each: each[0])[1] if fitting else None


def persistence(base: BaseMap, truth: Truth) -> tuple[Image, str]:
    """Map as a disk in the view of the truth, and its description."""
    disk = disk_of_map(base, truth.grid, truth.view)
    age_days = float((truth.view.time - disk.origin.time).to_value("day"))
    return disk.image, f"{base.instrument} map, {age_days:.0f} d old"
