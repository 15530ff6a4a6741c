"""Projection of a disk's radial field onto a Carrington grid, at the time of the map."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

from farside.disk.reproject import LEAST_MU
from farside.sun.carrington_grid import CarringtonGrid, Map
from farside.sun.grid import Grid, Image
from farside.sun.heliographic import (
    differential_rotation_deg_per_day,
    foreshortening,
    pixels_of,
    project,
)
from farside.sun.observer import SOLAR_RADIUS_M
from farside.synchronic.contributions import probability_positive
from farside.synchronic.disk import MapDisk
from farside.synchronic.magnetographs import HMI, MAGNETOGRAPHS

INCLINATION_DEG = 12.0
"""Inclination of the field of plage from the vertical, 10° to 15°: Buehler et al. (2015), A&A 576,
A27. A field seen at an angle θ and divided by μ = cos θ is off by up to tan θ tan 12° of itself."""

MAX_SAMPLES = 8
"""Greatest number of samples along a side of a cell."""

_CELLS_AT_ONCE = 4096

Cells = tuple[NDArray[np.intp], NDArray[np.intp]]


@dataclass(frozen=True, eq=False)
class ProjectedDisk:
    """Disk on a Carrington grid, (row, column); 0 in cells that it does not see.

    Attributes
    ----------
    field_gauss
        Radial field, mean over the cell.
    mu
        Cosine of the heliocentric angle at which the cell was seen, mean over the cell.
    sigma_gauss
        Standard deviation of the radial field.
    unsigned_gauss, positive
        Expected |B| of the radial field, and probability of positive polarity, where the model of a
        generated disk gives them.
    """

    field_gauss: Map
    mu: Map
    sigma_gauss: Map
    unsigned_gauss: Map | None = None
    positive: Map | None = None

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Mask of the cells of which the disk shows at least half at μ > 0.1."""
        return self.mu > 0

    def probability_positive(self) -> Map:
        """Probability of positive polarity: the model's, else by the field and its σ."""
        if self.positive is not None:
            return self.positive
        return probability_positive(self.field_gauss, self.sigma_gauss)


def project_disk(disk: MapDisk, grid: CarringtonGrid, time: Time) -> ProjectedDisk:
    """Project a disk onto a Carrington grid and advect it to the time of the map.

    Each cell is divided into parts of equal area, no larger than the disk's pixels at disk centre.
    Each part is traced back to where it lay when the disk was taken, by the rotation of Komm et al.
    (1993), and sampled there. Differential rotation preserves areas, so that the mean over a cell
    at the time of the map is that over the same surface before. The field is taken as radial.
    """
    planes = _Planes.of(disk)
    days = float((time - disk.view.time).to_value("day"))
    mean = np.zeros((1 + len(planes.radial), *grid.shape))
    for cells in _near_the_disk(disk, grid, days):
        mean[:, cells[0], cells[1]] = planes.means(disk, grid, cells, days)
    mu, field, sigma, *signed = mean
    if not disk.is_generated:
        return ProjectedDisk(field, mu, _sigma_observed(disk, grid, field, mu))
    return ProjectedDisk(field, mu, sigma, *signed)


def _near_the_disk(disk: MapDisk, grid: CarringtonGrid, days: float) -> Iterator[Cells]:
    """Yield the cells that the disk may show, in blocks."""
    latitude = grid.latitude_deg[:, None]
    longitude = grid.longitude_deg - differential_rotation_deg_per_day(latitude) * days
    _, _, mu = project(longitude, latitude, disk.view.observer, disk.view.time)
    height = np.degrees(np.diff(np.arcsin(grid.sine_edges)))[:, None]
    near = mu > LEAST_MU - np.sin(np.radians(np.maximum(height, grid.step_deg)))
    rows, columns = np.nonzero(near)
    for first in range(0, rows.size, _CELLS_AT_ONCE):
        some = slice(first, first + _CELLS_AT_ONCE)
        yield rows[some], columns[some]


@dataclass(frozen=True, eq=False)
class _Planes:
    """Planes of a disk that are projected, 0 off the disk, and the mask of its pixels.

    Attributes
    ----------
    radial
        Radial field, its σ and, if the disk has them, |B| and the probability of positive polarity.
    """

    radial: tuple[Image, ...]
    valid: Image

    @classmethod
    def of(cls, disk: MapDisk) -> _Planes:
        on_disk = disk.grid.on_disk()
        # Divided by μ before sampling: near the limb B_r is smoother than its line-of-sight part.
        mu = np.where(on_disk, foreshortening(disk.grid, disk.view.observer), np.float32(np.inf))
        sigma = np.zeros_like(disk.image) if disk.sigma is None else disk.sigma
        planes: list[NDArray[np.floating]] = [disk.image / mu, sigma / mu]
        if disk.unsigned is not None and disk.positive is not None:
            planes += [disk.unsigned / mu, disk.positive]
        radial = tuple(np.where(on_disk, plane, 0).astype(np.float32) for plane in planes)
        return cls(radial, on_disk.astype(np.float32))

    def means(
        self, disk: MapDisk, grid: CarringtonGrid, cells: Cells, days: float
    ) -> NDArray[np.float64]:
        """Mean μ and planes of some cells, (1 + plane, cell); 0 where not seen."""
        longitude, latitude = _parts(grid, cells, _samples(disk.grid, grid))
        longitude = longitude - differential_rotation_deg_per_day(latitude) * days
        x, y, mu = pixels_of(longitude, latitude, disk.view, disk.grid)
        x_px, y_px = (each.reshape(mu.shape[0], -1).astype(np.float32) for each in (x, y))
        mu = mu.reshape(mu.shape[0], -1)
        valid, *radial = (
            cv2.remap(plane, x_px, y_px, cv2.INTER_LINEAR) for plane in (self.valid, *self.radial)
        )
        seen = (mu > LEAST_MU) & (valid > 0.5)
        share = seen / np.where(seen, valid, 1)
        count = np.maximum(seen.sum(axis=1), 1)
        means = np.stack([mu * seen, *(plane * share for plane in radial)]).sum(axis=2) / count
        return np.asarray(np.where(seen.mean(axis=1) >= 0.5, means, 0))


def _samples(disk: Grid, grid: CarringtonGrid) -> int:
    """Samples along a side of a cell, no further apart than pixels at disk centre."""
    pixel_deg = math.degrees(1 / disk.disk_radius_px)
    return min(max(2, math.ceil(grid.step_deg / pixel_deg)), MAX_SAMPLES)


def _parts(
    grid: CarringtonGrid, cells: Cells, samples: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitude (cell, 1, part) and latitude (cell, part, 1) of equal parts of cells."""
    rows, columns = cells
    middle = (np.arange(samples) + 0.5) / samples
    longitude = (columns[:, None, None] + middle) * grid.step_deg
    lower, height = grid.sine_edges[rows], np.diff(grid.sine_edges)[rows]
    sine = lower[:, None, None] + height[:, None, None] * middle[:, None]
    return longitude, np.degrees(np.arcsin(sine))


def _sigma_observed(disk: MapDisk, grid: CarringtonGrid, field: Map, mu: Map) -> Map:
    """σ of an observed radial field, gauss: pixel noise and the inclination of the field."""
    by = MAGNETOGRAPHS.get(disk.instrument, HMI)
    seen = mu > 0
    cosine = np.where(seen, mu, 1)
    angle_arcsec = np.degrees(SOLAR_RADIUS_M / disk.view.observer.distance_m) * 3600
    pixels = 4 * np.pi * grid.area * cosine * (angle_arcsec / by.pixel_arcsec) ** 2
    noise = by.to_hmi * by.noise_gauss / cosine / np.sqrt(pixels)
    tangent = np.sqrt(1 - np.minimum(cosine, 1) ** 2) / cosine
    inclined = field * tangent * np.tan(np.radians(INCLINATION_DEG))
    return np.where(seen, np.hypot(noise, inclined), 0)
