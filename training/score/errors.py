"""Error model: σ by |B|, μ and whether the reference showed field, and correlation length."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farside.magnetogram.uncertainty import Mask
from farside.model.recipe import ErrorModel
from farside.sun.grid import Grid, Image
from farside.sun.heliographic import lines_of_sight, trace
from farside.sun.observer import View

FIELD_EDGES_GAUSS = (0.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
MU_EDGES = (0.0, 0.2, 0.4, 0.6, 0.8)
LEAST_PIXELS = 100
"""Least number of pixels in a bin with a σ of its own."""

FLAT_DEG = 30.0
"""Greatest distance from disk centre for the autocorrelation: pixels are degrees there, to 13 %."""

Sums = NDArray[np.float64]


class ErrorTally:
    """Sums of squared errors and of their autocorrelation over many disks."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        shape = (2, len(MU_EDGES), len(FIELD_EDGES_GAUSS))  # new, known
        self._squares, self._counts = np.zeros(shape), np.zeros(shape)
        self._products, self._pairs = np.zeros(_lags(grid)), np.zeros(_lags(grid))

    def add(self, generated: Image, truth: Image, known: Mask, view: View) -> None:
        """Add the errors of one disk; `known` marks pixels where the reference showed field."""
        points = trace(*lines_of_sight(self._grid, view.observer), view.observer, view.time)
        error = (generated - truth).astype(np.float64)
        valid = np.isfinite(error)
        row = np.digitize(points.mu, MU_EDGES) - 1
        column = np.digitize(np.abs(np.nan_to_num(generated)), FIELD_EDGES_GAUSS) - 1
        place = known[valid].astype(np.int64), row[valid], column[valid]
        squares, counts = np.zeros_like(self._squares), np.zeros_like(self._counts)
        np.add.at(squares, place, error[valid] ** 2)
        np.add.at(counts, place, 1)
        self._squares += squares
        self._counts += counts
        # Each disk's error in units of its own σ at that field strength; otherwise the few pixels
        # of active regions would dominate.
        strength = np.sqrt(_ratio(squares.sum(axis=(0, 1)), counts.sum(axis=(0, 1))))
        near = self._grid.radius_px() < self._grid.disk_radius_px * np.sin(np.radians(FLAT_DEG))
        self._correlate(_ratio(error, strength[column]), valid & near)

    def _correlate(self, error: Sums, inside: Mask) -> None:
        field = np.where(inside, error, 0.0)
        self._products += _by_lag(field, self._grid)
        self._pairs += _by_lag(inside.astype(np.float64), self._grid)

    def model(self) -> ErrorModel:
        """Error model from all disks added so far.

        Raises
        ------
        ValueError
            There are no disks, or none has an error.
        """
        pooled = _sigma(self._squares.sum(axis=0), self._counts.sum(axis=0), fallback=None)
        new, known = (_sigma(self._squares[k], self._counts[k], fallback=pooled) for k in range(2))
        return ErrorModel(
            field_edges_gauss=FIELD_EDGES_GAUSS,
            mu_edges=MU_EDGES,
            known_gauss=_rounded(known),
            new_gauss=_rounded(new),
            either_gauss=_rounded(pooled),
            correlation_length_deg=round(
                correlation_length_px(self.autocorrelation())
                * float(np.degrees(1 / self._grid.disk_radius_px)),
                4,
            ),
        )

    def autocorrelation(self) -> Sums:
        """Autocorrelation of the error in units of σ, at distances of 0, 1, 2 … pixels."""
        mean: Sums = _ratio(self._products, self._pairs)
        return mean / mean[0] if mean[0] else mean


def correlation_length_px(autocorrelation: Sums) -> float:
    """Distance at which the autocorrelation first falls to 1/e, linear between pixels.

    If it never does, the greatest distance.
    """
    below = np.flatnonzero(autocorrelation[1:] < np.exp(-1))
    if not below.size:
        return float(autocorrelation.size - 1)
    last = int(below[0]) + 1
    high, low = autocorrelation[last - 1], autocorrelation[last]
    return float(last - 1 + (high - np.exp(-1)) / (high - low))


def _lags(grid: Grid) -> int:
    return int(grid.disk_radius_px * np.sin(np.radians(FLAT_DEG)))


def _by_lag(field: Sums, grid: Grid) -> Sums:
    """Sums of products of pairs of pixels, binned by their distance in whole pixels."""
    # The disk is farther from the array's edge than the greatest lag, so the FFT does not wrap.
    spectrum = np.fft.rfft2(field)
    products = np.fft.fftshift(np.fft.irfft2(np.abs(spectrum) ** 2, s=field.shape))
    index = np.arange(grid.size_px) - grid.size_px // 2
    lag = np.rint(np.hypot(index[:, None], index[None, :])).astype(np.int64)
    totals = np.bincount(lag.ravel(), weights=products.ravel())
    return np.asarray(totals[: _lags(grid)])


def _sigma(squares: Sums, counts: Sums, fallback: Sums | None) -> Sums:
    """RMS of each bin; bins of few pixels take the fallback, or the nearest field's."""
    sigma = np.sqrt(np.where(counts >= LEAST_PIXELS, _ratio(squares, counts), np.nan))
    if fallback is not None:
        return np.where(sigma > 0, sigma, fallback)
    overall = float(np.sqrt(_ratio(squares.sum(), counts.sum())))
    if not overall > 0:
        raise ValueError("expected disks with an error, got none")
    return np.stack([_filled(row, overall) for row in sigma])


def _filled(row: Sums, overall: float) -> Sums:
    good = np.flatnonzero(row > 0)
    if not good.size:
        return np.full_like(row, overall)
    nearest = np.abs(np.arange(row.size)[:, None] - good).argmin(axis=1)
    return np.asarray(row[good[nearest]])


def _rounded(table: Sums) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(f"{sigma:.4g}") for sigma in row) for row in table)


def _ratio(part: Sums, whole: Sums) -> Sums:
    return np.divide(part, whole, out=np.zeros_like(part), where=np.asarray(whole) > 0)
