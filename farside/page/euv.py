"""EUV input images of a map on its Carrington grid."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from farside.disk.registration import Disk, register
from farside.observation.read import read_each
from farside.sun.carrington_grid import CarringtonGrid, Map
from farside.sun.grid import Grid
from farside.sun.heliographic import differential_rotation_deg_per_day, pixels_of
from farside.synchronic.map import SynchronicMap

GRID = Grid(size_px=512, disk_radius_px=225.0)
"""Grid on which the images are registered: 4 pixels a degree at disk centre."""

LEAST_MU = 0.1


def euv_map(sun_map: SynchronicMap, images: Iterable[bytes]) -> Map:
    """Brightness of EUV images over the disk's median, log10, (row, column); NaN where none sees.

    Where several images see a cell, the mean of brightness is weighted by μ².
    """
    total = np.zeros(sun_map.grid.shape)
    weight = np.zeros(sun_map.grid.shape)
    for observation in read_each(list(images)):
        brightness, mu = _project(register(observation, GRID), sun_map)
        total += brightness * mu**2
        weight += mu**2
        del observation  # before the next one is read
    mean = total / np.where(weight > 0, weight, 1)
    return np.where(weight > 0, np.log10(np.maximum(mean, 1e-2)), np.nan)


def _project(disk: Disk, sun_map: SynchronicMap) -> tuple[Map, Map]:
    """Brightness in medians and μ of each cell, 0 where not seen."""
    grid: CarringtonGrid = sun_map.grid
    days = float((sun_map.time - disk.view.time).to_value("day"))
    latitude = np.broadcast_to(grid.latitude_deg[:, None], grid.shape)
    longitude = grid.longitude_deg - differential_rotation_deg_per_day(latitude) * days
    x, y, mu = pixels_of(longitude, latitude, disk.view, GRID)
    medians = np.nan_to_num(disk.image / np.nanmedian(disk.image)).astype(np.float32)
    sampled = cv2.remap(medians, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR)
    seen = mu > LEAST_MU
    return np.where(seen, sampled, 0), np.where(seen, mu, 0)
