"""Base maps from a rotation of HMI's disks by the rules of other producers, not by ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from farside.sun.angles import wrap_deg
from farside.sun.carrington_grid import CarringtonGrid, Map
from farside.sun.carrington_rotation import SYNODIC_DAYS, central_longitude_deg
from farside.sun.heliographic import differential_rotation_deg_per_day
from farside.synchronic.disk import MapDisk
from farside.synchronic.map import BaseMap
from farside.synchronic.project import project_disk
from farside.synchronic.synoptic import DAILY_DISK_DEG, age_of_hourly_map

GRID = CarringtonGrid()

Day = tuple[Map, Map, float]
"""The field of a disk at the time of the last, how far west of the central meridian each cell lay
when it was seen, and how many days before; NaN where it was not."""


def averaged(disks: Sequence[MapDisk]) -> BaseMap:
    """By cos⁴ of the distance from the central meridian over the last passage, as GONG's maps."""
    time = disks[-1].view.time
    central_deg = central_longitude_deg(time)
    west_now_deg = (GRID.longitude_deg - central_deg + DAILY_DISK_DEG) % 360 - DAILY_DISK_DEG
    total, sums = np.zeros((2, *GRID.shape))
    for field, west_deg, days in _carried(disks):
        of_passage = np.abs(west_now_deg - days * 360 / SYNODIC_DAYS) < 180
        shown = of_passage & (np.abs(west_deg) < 90)
        weight = np.where(shown, np.cos(np.radians(west_deg)) ** 4, 0)
        total, sums = total + weight, sums + weight * np.where(shown, field, 0)
    mean = np.where(total > 0, sums / np.where(total > 0, total, 1), np.nan)
    return _base(mean, age_of_hourly_map(central_deg)(GRID.longitude_deg), disks)


def replaced(disks: Sequence[MapDisk]) -> BaseMap:
    """Each day's disk stands within 60° of its central meridian, as in HMI's daily frames."""
    newest, age = np.full((2, *GRID.shape), np.nan)
    for field, west_deg, days in _carried(disks):
        shown = np.abs(west_deg) <= DAILY_DISK_DEG
        newest, age = np.where(shown, field, newest), np.where(shown, days, age)
    return _base(newest, np.nanmean(age, axis=0), disks)


def _carried(disks: Sequence[MapDisk]) -> Iterator[Day]:
    time = disks[-1].view.time
    for disk in disks:
        days = float((time - disk.view.time).to_value("day"))
        part = project_disk(disk, GRID, time)
        then_deg = (
            GRID.longitude_deg
            - differential_rotation_deg_per_day(GRID.latitude_deg)[:, None] * days
        )
        west_deg = wrap_deg(then_deg - central_longitude_deg(disk.view.time))
        yield part.field_gauss, np.where(part.seen, west_deg, np.nan), days


def _base(field: Map, age_days: NDArray[np.float64], disks: Sequence[MapDisk]) -> BaseMap:
    """The age is known by longitude alone, as a file lets one know it."""
    return BaseMap(
        field_gauss=field,
        grid=GRID,
        time=disks[-1].view.time,
        instrument="simulated",
        name="",
        sha256="",
        age_days=np.broadcast_to(age_days, GRID.shape),
        synchronic=True,
    )
