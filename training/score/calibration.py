"""Calibration of σ and p(+): coverage of the intervals, and reliability of the probability."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from farside.magnetogram.error_distribution import interval_95
from farside.sun.grid import Image

EDGES_GAUSS = (0.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, np.inf)
PROBABILITY_EDGES = (0.0, 0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1.0)

SIGNED_GAUSS = 15.0
"""True |B| from which on a pixel has a polarity to be right about. A choice."""

LEAST_PIXELS = 200
"""Least number of pixels in a bin that is reported."""

By = Literal["generated", "true"]


@dataclass(frozen=True)
class CoverageRow:
    """Share of the true field within the intervals, in one bin of |B|.

    Attributes
    ----------
    by
        Whether the bin is of the generated or of the true |B|.
    low_gauss, high_gauss
        Bounds of the bin; the last one has no upper bound.
    within_68, within_95
        Share of the pixels whose true field is within σ, and within the interval of 95 %.
    """

    by: By
    low_gauss: float
    high_gauss: float | None
    pixels: int
    within_68: float
    within_95: float


@dataclass(frozen=True)
class ReliabilityRow:
    """How often the field is positive where that has a certain probability.

    Attributes
    ----------
    probability, positive
        Mean p(+) of the bin, and share of its pixels with a positive true field.
    """

    probability: float
    positive: float
    pixels: int


@dataclass(frozen=True)
class Calibration:
    """Coverage by bins of |B|, and reliability of p(+); both empty for models without them."""

    coverage: tuple[CoverageRow, ...] = ()
    reliability: tuple[ReliabilityRow, ...] = ()

    @property
    def reliability_error(self) -> float | None:
        """Mean |p(+) - share of positive field| over pixels; None without p(+)."""
        if not self.reliability:
            return None
        apart = [abs(row.probability - row.positive) for row in self.reliability]
        return float(np.average(apart, weights=[row.pixels for row in self.reliability]))


class CalibrationTally:
    """Counts of pixels over many disks."""

    def __init__(self) -> None:
        self._counts = np.zeros((2, len(EDGES_GAUSS) - 1))
        self._within = np.zeros((2, 2, len(EDGES_GAUSS) - 1))
        self._signs = np.zeros((3, len(PROBABILITY_EDGES) - 1))  # number, Σp, positive

    def add(
        self,
        generated: Image,
        sigma: Image | None,
        positive: Image | None,
        truth: Image,
        degrees_of_freedom: float | None = None,
    ) -> None:
        """Count one disk: field, σ and truth in gauss, p(+), all (y, x), NaN off the disk."""
        valid = np.isfinite(generated) & np.isfinite(truth)
        if sigma is not None:
            far = np.abs(generated - truth)[valid] / sigma[valid]
            for row, image in enumerate((generated, truth)):
                bins = _bins(np.abs(image[valid]), EDGES_GAUSS)
                self._counts[row] += _count(bins, EDGES_GAUSS)
                for column, width in enumerate((1.0, interval_95(degrees_of_freedom))):
                    self._within[row, column] += _count(bins, EDGES_GAUSS, far <= width)
        if positive is not None:
            signed = valid & (np.abs(truth) >= SIGNED_GAUSS)
            chance = positive[signed].astype(np.float64)
            bins = _bins(chance, PROBABILITY_EDGES)
            for row, weight in enumerate((None, chance, truth[signed] > 0)):
                self._signs[row] += _count(bins, PROBABILITY_EDGES, weight)

    def calibration(self) -> Calibration:
        """Calibration over all disks so far; bins of fewer than 200 pixels are left out."""
        ends = [None if np.isinf(edge) else edge for edge in EDGES_GAUSS]
        sides: tuple[By, By] = ("generated", "true")
        coverage = tuple(
            CoverageRow(by, low or 0.0, high, int(number), *map(float, within / number))
            for by, counts, shares in zip(sides, self._counts, self._within, strict=True)
            for (low, high), number, within in zip(pairwise(ends), counts, shares.T, strict=True)
            if number >= LEAST_PIXELS
        )
        reliability = tuple(
            ReliabilityRow(float(total / number), float(positive / number), int(number))
            for number, total, positive in self._signs.T
            if number >= LEAST_PIXELS
        )
        return Calibration(coverage, reliability)


def _bins(values: NDArray[np.floating], edges: tuple[float, ...]) -> NDArray[np.intp]:
    return np.minimum(np.searchsorted(edges, values, side="right") - 1, len(edges) - 2)


def _count(
    bins: NDArray[np.intp], edges: tuple[float, ...], weight: NDArray[np.generic] | None = None
) -> NDArray[np.float64]:
    return np.bincount(bins, weight, len(edges) - 1).astype(np.float64)
