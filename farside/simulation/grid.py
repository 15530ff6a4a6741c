"""Plate carrée grids of the simulated Sun: Carrington longitude by latitude."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from farside.sun.grid import Image
from farside.sun.observer import SOLAR_RADIUS_M

Degrees = NDArray[np.float64]

CELLS_PER_SIGMA = 3.0
"""Smallest number of cells per standard deviation to which a map is reduced before smoothing."""

POLAR_COSINE = 0.15
"""Smallest cosine of latitude used for distances along a parallel, near the poles."""

CELLS_PER_GRAIN = 2.0
"""Cells of a random texture per standard deviation of its grains."""


@dataclass(frozen=True)
class Lattice:
    """Grid of the whole Sun in equal steps of longitude and latitude; row 0 is the southernmost.

    A random texture is the same on every grid, as far as its cells resolve it.

    Attributes
    ----------
    rows
        Number of rows from pole to pole; there are twice as many columns.
    """

    rows: int

    @property
    def columns(self) -> int:
        """Number of columns; the first begins at Carrington longitude 0."""
        return 2 * self.rows

    @property
    def step_deg(self) -> float:
        """Side of a cell, degrees."""
        return 180.0 / self.rows

    @cached_property
    def latitude_deg(self) -> Image:
        """Latitude of the middle of each row, (row,), degrees."""
        return ((np.arange(self.rows) + 0.5) * self.step_deg - 90.0).astype(np.float32)

    @cached_property
    def longitude_deg(self) -> Image:
        """Carrington longitude of the middle of each column, (column,), degrees."""
        return ((np.arange(self.columns) + 0.5) * self.step_deg).astype(np.float32)

    @cached_property
    def cell_cm2(self) -> Image:
        """Area of each cell, (row, 1), cm²."""
        edges = np.sin(np.radians(np.linspace(-90.0, 90.0, self.rows + 1)))
        area = (100 * SOLAR_RADIUS_M) ** 2 * np.radians(self.step_deg) * np.diff(edges)
        return np.asarray(area[:, None], dtype=np.float32)

    def smooth(self, field: Image, sigma_deg: float) -> Image:
        """Map smoothed by a Gaussian of standard deviation `sigma_deg` on the sphere."""
        coarse = self._coarser(sigma_deg)
        if coarse.rows == self.rows:
            return self._smoothed(field, sigma_deg)
        return self.resampled(coarse._smoothed(coarse.resampled(field), sigma_deg))

    def noise(self, rng: np.random.Generator, sigma_deg: float) -> Image:
        """Random texture of zero mean and unit variance: white noise smoothed by `sigma_deg`."""
        own = Lattice(_divisor_near(CELLS_PER_GRAIN * 180.0 / sigma_deg))
        # Equal variance per square degree everywhere.
        density = np.sqrt(1 / np.maximum(np.cos(np.radians(own.latitude_deg)), 1e-3))[:, None]
        white = rng.standard_normal((own.rows, own.columns), dtype=np.float32) * density
        texture = own._smoothed(white, sigma_deg)
        texture /= np.sqrt(np.average(texture**2, weights=own.cell_cm2 + 0 * texture))
        return self.resampled(texture)

    def displaced(self, field: Image, east_deg: Image, north_deg: Image) -> Image:
        """Map sampled at an offset from each cell, in degrees of a great circle."""
        return self.sampled(field, *self.offset_cells(east_deg, north_deg))

    def offset_cells(self, east_deg: Image, north_deg: Image) -> tuple[Image, Image]:
        """Column and row, for :meth:`sampled`, at an offset in degrees from each cell."""
        row, column = np.indices((self.rows, self.columns), dtype=np.float32)
        cosine = np.cos(np.radians(self.latitude_deg))[:, None]
        east = east_deg / np.maximum(cosine, np.float32(POLAR_COSINE))
        step = np.float32(self.step_deg)
        across, along = (column + east / step) % self.columns, row + north_deg / step
        return np.asarray(across, np.float32), np.asarray(along, np.float32)

    def sampled(self, field: Image, column: Image, row: Image) -> Image:
        """Values of a map at fractional columns and rows, by bilinear interpolation."""
        wrapped = cv2.copyMakeBorder(field, 0, 0, 0, 1, cv2.BORDER_WRAP)
        found = cv2.remap(wrapped, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(found, dtype=np.float32)

    def gradient_per_deg(self, field: Image) -> tuple[Image, Image]:
        """Eastward and northward derivative along the sphere, per degree of a great circle."""
        wrapped = np.pad(field, ((0, 0), (1, 1)), mode="wrap")
        cosine = np.cos(np.radians(self.latitude_deg))[:, None]
        east = (wrapped[:, 2:] - wrapped[:, :-2]) / np.float32(2 * self.step_deg)
        east /= np.maximum(cosine, np.float32(POLAR_COSINE))
        north = np.gradient(field, np.float32(self.step_deg), axis=0)
        return np.asarray(east, np.float32), np.asarray(north, np.float32)

    def resampled(self, field: Image) -> Image:
        """Map of any grid resampled to this one: area mean if coarser, linear if finer."""
        if field.shape[0] == self.rows:
            return field
        if field.shape[0] > self.rows:
            small = cv2.resize(field, (self.columns, self.rows), interpolation=cv2.INTER_AREA)
            return np.asarray(small, dtype=np.float32)
        wrapped = np.pad(field, ((0, 0), (2, 2)), mode="wrap")
        ratio = self.rows / field.shape[0]
        size = (round(wrapped.shape[1] * ratio), self.rows)
        large = cv2.resize(wrapped, size, interpolation=cv2.INTER_LINEAR)
        first = (large.shape[1] - self.columns) // 2
        return np.ascontiguousarray(large[:, first : first + self.columns], dtype=np.float32)

    def deposit(self, longitude_deg: Degrees, latitude_deg: Degrees, weight: ArrayLike) -> Image:
        """Sum of the weights of the points in each cell, (row, column)."""
        column = np.floor(longitude_deg / self.step_deg).astype(np.int64) % self.columns
        row = np.floor((latitude_deg + 90) / self.step_deg).astype(np.int64)
        cell = np.clip(row, 0, self.rows - 1) * self.columns + column
        total = np.bincount(cell, weights=np.asarray(weight), minlength=self.rows * self.columns)
        return total.reshape(self.rows, self.columns).astype(np.float32)

    def _coarser(self, sigma_deg: float) -> Lattice:
        rows = self.rows
        while rows % 2 == 0 and sigma_deg * rows / 360.0 >= CELLS_PER_SIGMA:
            rows //= 2
        return Lattice(rows)

    def _smoothed(self, field: Image, sigma_deg: float) -> Image:
        """Map smoothed along parallels in Fourier space, along meridians by a kernel."""
        spectrum = fft.rfft(field, axis=1)
        order = np.arange(spectrum.shape[1], dtype=np.float32)
        reach = np.radians(sigma_deg) / np.maximum(
            np.cos(np.radians(self.latitude_deg)), np.radians(self.step_deg)
        )
        spectrum *= np.exp(-0.5 * (reach[:, None] * order) ** 2)
        along = fft.irfft(spectrum, n=self.columns, axis=1)
        sigma = sigma_deg / self.step_deg
        across = cv2.GaussianBlur(
            along,
            (1, 2 * int(4 * sigma + 1) + 1),
            sigmaX=0,
            sigmaY=sigma,
            borderType=cv2.BORDER_REFLECT,
        )
        return np.asarray(across, dtype=np.float32)


def _divisor_near(rows: float) -> int:
    """Smallest even divisor of 1440 that is at least `rows`."""
    choices = [n for n in range(4, 1441) if 1440 % n == 0 and n % 2 == 0]
    return min((n for n in choices if n >= rows), default=1440)


COARSE = Lattice(480)
"""Grid of 0.375°: for images of about 256² pixels."""

FINE = Lattice(1440)
"""Grid of 0.125°: for the instruments' own pixels, and the 1024² images of the AISFM."""
