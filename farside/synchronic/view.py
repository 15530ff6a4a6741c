"""Line-of-sight magnetogram of a global map: the disk that an observer would see."""

from __future__ import annotations

import astropy.units as u
import cv2
import numpy as np
from astropy.time import Time

from farside.disk.registration import Disk
from farside.observation.image import Origin
from farside.quality import OF_A_MAP
from farside.sun.carrington_grid import CarringtonGrid, Degrees, Map
from farside.sun.grid import Grid
from farside.sun.heliographic import differential_rotation_deg_per_day, lines_of_sight, trace
from farside.sun.observer import View
from farside.synchronic.map import BaseMap


def disk_of_map(base: BaseMap, grid: Grid, view: View) -> Disk:
    """Render a map of the radial field as the magnetogram of a view: B_los = μ B_r.

    Each pixel is traced back to the time at which the map has it: the map's time, less the age of
    the cell unless the map is synchronic. The rotation is that of magnetic features of Komm et al.
    (1993). Interpolation between cells is linear; a cell without a value is 0.

    Returns
    -------
    Disk
        Field in gauss, positive towards the observer, (y, x) on `grid`, NaN off the disk; `seen`
        is where the map has a value. Its origin names the file of the map, and the mean time at
        which the pixels were observed.
    """
    longitude, latitude, mu = _in_the_map(base, grid, view)
    on_disk, valued = grid.on_disk(), np.isfinite(base.field_gauss)
    radial = _at(np.nan_to_num(base.field_gauss), base.grid, longitude, latitude)
    seen = on_disk & (_at(valued.astype(np.float32), base.grid, longitude, latitude) > 0.5)
    age_days = _age_days(base, longitude, latitude)[on_disk].mean() + _days_between(base, view)
    time = Time((view.time - age_days * u.day).utc.isot, format="isot", scale="utc")
    quality = base.quality & ~OF_A_MAP
    origin = Origin(base.instrument, "LOS", time, view.observer, base.name, base.sha256, quality)
    image = np.where(on_disk, radial * mu, np.nan).astype(np.float32)
    return Disk(image, grid, origin, reprojected_to=view, seen=seen)


def _in_the_map(base: BaseMap, grid: Grid, view: View) -> tuple[Degrees, Degrees, Degrees]:
    """Carrington longitude and latitude at which the map has each pixel, and the pixel's μ."""
    points = trace(*lines_of_sight(grid, view.observer), view.observer, view.time)
    days, drift = _days_between(base, view), differential_rotation_deg_per_day(points.latitude_deg)
    then = points.longitude_deg - drift * days
    # The age is that of the cell the pixel drifted from: two iterations find it within a cell.
    for _ in range(0 if base.synchronic else 2):
        age = _age_days(base, then, points.latitude_deg)
        then = points.longitude_deg - drift * (days + age)
    return then, points.latitude_deg, points.mu


def _days_between(base: BaseMap, view: View) -> float:
    return float((view.time - base.time).to_value("day"))


def _age_days(base: BaseMap, longitude_deg: Degrees, latitude_deg: Degrees) -> Degrees:
    """Age of the nearest cell, since ages jump at the edge of a map."""
    columns = (longitude_deg % 360.0 / base.grid.step_deg).astype(np.intp) % base.grid.columns
    rows = np.clip(np.rint(_row_of(base.grid, latitude_deg)), 0, base.grid.rows - 1)
    return np.asarray(base.age_days[rows.astype(np.intp), columns], np.float64)


def _row_of(grid: CarringtonGrid, latitude_deg: Degrees) -> Degrees:
    """Fractional row of a latitude, 0 at the middle of the southernmost row."""
    if grid.latitude == "sine":
        return np.asarray((np.sin(np.radians(latitude_deg)) + 1) / 2 * grid.rows - 0.5)
    return np.asarray((latitude_deg + 90.0) / 180.0 * grid.rows - 0.5)


def _at(
    values: Map, grid: CarringtonGrid, longitude_deg: Degrees, latitude_deg: Degrees
) -> Degrees:
    """Values by linear interpolation on a map that is periodic in longitude."""
    closed = np.pad(values, ((0, 0), (1, 1)), mode="wrap")
    x_px = longitude_deg % 360.0 / grid.step_deg - 0.5 + 1
    y_px = _row_of(grid, latitude_deg)
    sampled = cv2.remap(
        closed,
        x_px.astype(np.float32),
        y_px.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(sampled, np.float64)
