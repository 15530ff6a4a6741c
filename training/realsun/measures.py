"""Measures of a field against the real magnetogram of the same view, as table rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farside.evaluation.statistics import mean_of, pearson, ratio
from farside.sun.grid import Grid, Image
from farside.sun.observer import View
from training.realsun.regions import Orientations, orientations
from training.scoring.table import Row

GRID = Grid(256, 112.5)
"""Grid of the scores: two pixels per heliographic degree at disk centre."""

AREAS = {"0.95 R": 0.95, "60°": float(np.sin(np.radians(60.0)))}
"""Areas of the disk by their greatest distance from disk centre, disk radii."""

BLOCKS_DEG = (1, 2, 4)

MIDDLE_DEG = 2
"""Side of the blocks for slope, RMS and signs."""

STRONG_GAUSS = 15.0
"""Least true field of a block that counts in the share of right signs."""

CORRELATIONS = tuple(f"CC {side}°" for side in BLOCKS_DEG)
UNSIGNED = tuple(f"CC of abs B {side}°" for side in BLOCKS_DEG)
AMPLITUDES = ("slope", "RMS over true", "RMS error, G", "right signs")
ORIENTATIONS = ("right way round", "one sign only", "wrong way round")
BY_FLUX = "right by flux"

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Truth:
    """Real magnetogram to score against.

    Attributes
    ----------
    name
        Name of the set; the unit of its rows.
    image, grid
        Line-of-sight field, gauss, NaN off the disk, and its grid.
    view
        Observer and time.
    clip_gauss
        Field strength at which the source saturates; both fields are clipped there.
    """

    name: str
    image: Image
    grid: Grid
    view: View
    clip_gauss: float = np.inf


def score_set(field_gauss: Image, truth: Truth, prediction: str, case: str) -> list[Row]:
    """Measure one field against the truth, in both areas.

    Parameters
    ----------
    field_gauss
        (y, x) on the truth's grid; NaN counts as 0.
    prediction, case
        Name of the model or baseline, and description of its input.

    Raises
    ------
    ValueError
        The field is on another grid.
    """
    if field_gauss.shape != truth.image.shape:
        raise ValueError(
            f"{prediction}: got a field of {field_gauss.shape}, expected {truth.image.shape}"
        )
    made, true = (
        np.clip(np.nan_to_num(each), -truth.clip_gauss, truth.clip_gauss)
        for each in (field_gauss, truth.image)
    )
    rows = [
        Row(truth.name, case, prediction, measure, area, value)
        for area, radius in AREAS.items()
        for measure, value in _measures(made, true, truth.grid, radius)
    ]
    return rows + orientation_rows(
        orientations(made, true, truth.grid), truth.name, prediction, case
    )


def orientation_rows(found: Orientations, unit: str, prediction: str, case: str) -> list[Row]:
    """Table rows of the number of regions by orientation of their polarities."""
    values = (found.right, found.one_sign, found.wrong, found.right_by_flux)
    return [
        Row(unit, case, prediction, measure, "0.95 R", float(value))
        for measure, value in zip((*ORIENTATIONS, BY_FLUX), values, strict=True)
    ]


def _measures(made: Image, true: Image, grid: Grid, radius: float) -> Iterator[tuple[str, float]]:
    inside = grid.radius_px() < radius * grid.disk_radius_px
    for side, signed, unsigned in zip(BLOCKS_DEG, CORRELATIONS, UNSIGNED, strict=True):
        pixels = side * grid.pixels_per_degree
        yield signed, pearson(block_means(made, inside, pixels), block_means(true, inside, pixels))
        yield (
            unsigned,
            pearson(*(block_means(np.abs(each), inside, pixels) for each in (made, true))),
        )
    pixels = MIDDLE_DEG * grid.pixels_per_degree
    yield from zip(
        AMPLITUDES,
        _amplitudes(block_means(made, inside, pixels), block_means(true, inside, pixels)),
        strict=True,
    )


def _amplitudes(made: Values, true: Values) -> tuple[float, float, float, float]:
    """Slope through 0, rms over the true rms, rms difference, and share of right signs."""
    strong = np.abs(true) > STRONG_GAUSS
    return (
        ratio(float(made @ true), float(true @ true)),
        float(np.sqrt(ratio(float(made @ made), float(true @ true)))),
        float(np.sqrt(mean_of((made - true) ** 2))),
        mean_of(np.sign(made[strong]) == np.sign(true[strong])),
    )


def block_means(values: Image, inside: NDArray[np.bool_], pixels: int) -> Values:
    """Means over square blocks, of the pixels inside; blocks less than half inside are left out.

    Blocks begin at the first pixel of the grid, whose side is a multiple of theirs.
    """
    rows, columns = (side // pixels for side in values.shape)
    shape = (rows, pixels, columns, pixels)
    count = inside.reshape(shape).sum(axis=(1, 3))
    total = np.where(inside, values, 0).reshape(shape).sum(axis=(1, 3), dtype=np.float64)
    kept = count >= pixels**2 / 2
    return np.asarray(total[kept] / count[kept])
