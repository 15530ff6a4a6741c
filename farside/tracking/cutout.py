"""Cut-outs of the solar surface on cells of equal area, from a full disk or a map."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from farside.disk.reproject import LEAST_MU
from farside.errors import ImplausibleGeometryError
from farside.sun.carrington_grid import CarringtonGrid, Map
from farside.sun.grid import Grid, Image
from farside.sun.heliographic import pixels_of
from farside.sun.observer import SOLAR_RADIUS_M, View

SAMPLES_PER_PX = 2
"""Samples along each side of a pixel of the disk, so that no pixel is missed."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CutoutFrame:
    """Cells of equal area in Carrington longitude and sine latitude, around a point.

    Attributes
    ----------
    longitude_deg, latitude_deg
        Carrington longitude and latitude of the centre.
    size_deg
        Side on the surface, along the parallel and the meridian of the centre: the frame spans
        ``size_deg / cos(latitude)`` in longitude.
    cell_deg
        Side of a cell, rounded so that whole cells fill the frame.

    Raises
    ------
    ImplausibleGeometryError
        The frame reaches a pole, or is no larger than its cells.
    """

    longitude_deg: float
    latitude_deg: float
    size_deg: float = 20.0
    cell_deg: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.cell_deg < self.size_deg:
            raise ImplausibleGeometryError(
                f"a frame of {self.size_deg:g}° in cells of {self.cell_deg:g}°: expected a frame "
                "larger than its cells, and cells larger than 0"
            )
        if not abs(self.latitude_deg) + self.size_deg / 2 < 90:
            raise ImplausibleGeometryError(
                f"a frame of {self.size_deg:g}° around latitude {self.latitude_deg:g}° reaches a "
                "pole: expected one that does not"
            )

    @property
    def side(self) -> int:
        """Number of cells along each side."""
        return max(2, round(self.size_deg / self.cell_deg))

    @property
    def longitude_step_deg(self) -> float:
        """Width of a column in longitude."""
        return self.size_deg / math.cos(math.radians(self.latitude_deg)) / self.side

    @cached_property
    def sine_edges(self) -> tuple[float, float]:
        """Sines of the latitudes of the southern and the northern edge."""
        half = self.size_deg / 2
        south, north = self.latitude_deg - half, self.latitude_deg + half
        return math.sin(math.radians(south)), math.sin(math.radians(north))

    @property
    def sine_step(self) -> float:
        """Height of a row in sine latitude."""
        south, north = self.sine_edges
        return (north - south) / self.side

    @property
    def cell_cm2(self) -> float:
        """Area of each cell on the surface."""
        radians = math.radians(self.longitude_step_deg)
        return (100 * SOLAR_RADIUS_M) ** 2 * radians * self.sine_step

    def points(self, samples: int) -> tuple[Array, Array]:
        """Carrington longitude and latitude of `samples` by `samples` points in each cell.

        The points divide the cell into equal areas; (row, column), row 0 south, longitude rising.
        """
        place = (np.arange(self.side * samples) + 0.5) / samples
        longitude = self.longitude_deg + (place - self.side / 2) * self.longitude_step_deg
        latitude = np.degrees(np.arcsin(self.sine_edges[0] + place * self.sine_step))
        longitudes, latitudes = np.meshgrid(longitude, latitude)
        return longitudes, latitudes


@dataclass(frozen=True, eq=False)
class CutOut:
    """Radial field in a frame; planes are (row, column), row 0 south.

    Attributes
    ----------
    frame
        Cells of the planes.
    field_gauss
        Mean over the visible part of each cell; NaN where none is visible.
    seen
        Fraction of each cell that is visible.
    mu
        Cosine of the heliocentric angle, mean over each cell; 1 for a map.
    sigma_gauss
        Standard deviation of the error of a pixel of the source there; NaN if not known.
    """

    frame: CutoutFrame
    field_gauss: Map
    seen: Map
    mu: Map
    sigma_gauss: Map

    @property
    def area_cm2(self) -> float:
        """Area of the surface that is visible."""
        return float(self.seen.sum() * self.frame.cell_cm2)

    def unsigned_flux_mx(self, threshold_gauss: float = 0.0) -> float:
        """Unsigned flux Σ |B_r| A in maxwell over the cells of at least `threshold_gauss`."""
        return float(np.abs(self._cell_flux_mx(threshold_gauss)).sum())

    def net_flux_mx(self, threshold_gauss: float = 0.0) -> float:
        """Net flux Σ B_r A in maxwell over the cells of at least `threshold_gauss`."""
        return float(self._cell_flux_mx(threshold_gauss).sum())

    def _cell_flux_mx(self, threshold_gauss: float) -> Map:
        field = np.nan_to_num(self.field_gauss)
        strong = np.abs(field) >= threshold_gauss
        return np.asarray(np.where(strong, field, 0) * self.seen * self.frame.cell_cm2)


def cut(
    image: Image, grid: Grid, view: View, frame: CutoutFrame, sigma: Image | None = None
) -> CutOut:
    """Cut a frame out of a line-of-sight magnetogram, the field taken as radial: B_r = B_los / μ.

    The mean of each cell is over points no further apart than half a pixel of the disk, so that
    the flux is kept. Pixels at μ below `LEAST_MU` do not count as visible.

    Parameters
    ----------
    image
        Line-of-sight field in gauss, (y, x) on `grid`; NaN counts as not visible.
    sigma
        Standard deviation of each pixel, gauss, (y, x); unknown if left out.
    """
    samples = _samples(frame, grid)
    x_px, y_px, mu = pixels_of(*frame.points(samples), view, grid)
    at_px = x_px.astype(np.float32), y_px.astype(np.float32)
    field = cv2.remap(image, *at_px, cv2.INTER_LINEAR, borderValue=math.nan)
    good = (mu > LEAST_MU) & np.isfinite(field)
    slant = np.where(good, mu, 1)
    blank = np.full_like(image, np.nan) if sigma is None else sigma
    error = cv2.remap(blank, *at_px, cv2.INTER_NEAREST, borderValue=math.nan)
    return CutOut(
        frame,
        field_gauss=_means(field / slant, good, samples),
        seen=_blocks(good.astype(np.float64), samples).mean(axis=(1, 3)),
        mu=_means(mu, good, samples),
        sigma_gauss=_means(error / slant, good, samples),
    )


def cut_map(field_gauss: Map, grid: CarringtonGrid, frame: CutoutFrame) -> Map:
    """Mean of a map of the whole Sun over each cell of a frame, (row, column)."""
    samples = math.ceil(4 * SAMPLES_PER_PX * max(1.0, frame.cell_deg * grid.rows / 180))
    longitude, latitude = frame.points(samples)
    column = np.floor(longitude / grid.step_deg).astype(np.int64) % grid.columns
    row = np.searchsorted(grid.sine_edges, np.sin(np.radians(latitude)), side="right") - 1
    means: Map = _blocks(np.asarray(field_gauss)[row, column], samples).mean(axis=(1, 3))
    return means


def _samples(frame: CutoutFrame, grid: Grid) -> int:
    cell_px = math.radians(frame.cell_deg) * grid.disk_radius_px
    return max(2, math.ceil(SAMPLES_PER_PX * cell_px))


def _blocks(values: Array, samples: int) -> Array:
    """View of sample points as (row, point, column, point)."""
    rows, columns = (side // samples for side in values.shape)
    return values.reshape(rows, samples, columns, samples)


def _means(values: Array, good: NDArray[np.bool_], samples: int) -> Map:
    """Mean over the good points of each cell, NaN where there is none."""
    total = _blocks(np.where(good, values, 0), samples).sum(axis=(1, 3))
    count = _blocks(good.astype(np.float64), samples).sum(axis=(1, 3))
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))
