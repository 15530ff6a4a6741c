"""Reproject registered disks to another observer and time, by differential rotation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

from farside.disk.registration import Disk
from farside.sun.grid import Grid, Image
from farside.sun.heliographic import (
    SurfacePoints,
    differential_rotation_deg_per_day,
    lines_of_sight,
    pixels_of,
    trace,
)
from farside.sun.observer import Observer, View

LEAST_MU = 0.1
"""Smallest μ at which a disk is used: division by μ raises noise near the limb. A choice."""


def reproject_disk(disk: Disk, observer: Observer, time: Time) -> Disk:
    """Reproject a disk to another observer and time, with differential rotation.

    Each pixel of the new view is traced back to the disk, by the rotation of magnetic features of
    Komm et al. (1993). The magnetic field is taken as radial: it is divided by the μ of the disk
    and multiplied by that of the view. EUV keeps its brightness. Pixels that the disk does not
    show are 0 in a magnetogram, and the median of the disk in EUV.

    Parameters
    ----------
    disk
        Registered disk, not reprojected before.
    observer, time
        The view to reproject to.

    Returns
    -------
    Disk
        Disk on the same grid; `disk` itself if it has that view already.

    Raises
    ------
    ValueError
        The disk was reprojected before.
    """
    return reproject_disks((disk,), observer, time)[0]


def reproject_disks(disks: Sequence[Disk], observer: Observer, time: Time) -> tuple[Disk, ...]:
    """Reproject disks of one grid; those of one view share the geometry."""
    view = View(observer, time)
    moved = [disk for disk in disks if not disk.view.matches(view)]
    _refuse_rotated(moved, view)
    routes = _routes(moved[0].grid, [disk.view for disk in moved], view) if moved else []
    return tuple(
        disk if disk.view.matches(view) else _carried(disk, _from(disk.view, routes), view)
        for disk in disks
    )


def seen(grid: Grid, origin: View, view: View) -> NDArray[np.bool_]:
    """Mask of the pixels of `view` whose surface `origin` showed, (y, x); False off the disk."""
    mask = grid.on_disk().copy()
    (route,) = _routes(grid, [origin], view)
    mask[mask] = route.seen
    return mask


@dataclass(frozen=True, eq=False)
class _Route:
    """Pixel positions in one view of the pixels on the disk of another, in row order.

    `radial` is the factor of the line-of-sight component of a radial field between the views.
    """

    origin: View
    x_px: NDArray[np.float32]
    y_px: NDArray[np.float32]
    seen: NDArray[np.bool_]
    radial: NDArray[np.float32]


def _refuse_rotated(disks: Iterable[Disk], view: View) -> None:
    for disk in disks:
        if disk.reprojected_to:
            raise ValueError(
                f"{disk.origin}: got a disk rotated to {disk.view.time.isot}, expected one as"
                f" registered, to rotate it to {view.time.isot}"
            )


def _routes(grid: Grid, origins: Iterable[View], view: View) -> list[_Route]:
    on_disk = grid.on_disk()
    west, north = lines_of_sight(grid, view.observer)
    points = trace(west[on_disk], north[on_disk], view.observer, view.time)
    routes: list[_Route] = []
    for origin in origins:
        if not any(route.origin.matches(origin) for route in routes):
            routes.append(_route(points, grid, origin, view))
    return routes


def _route(points: SurfacePoints, grid: Grid, origin: View, view: View) -> _Route:
    days = float((view.time - origin.time).to_value("day"))
    longitude = points.longitude_deg - differential_rotation_deg_per_day(points.latitude_deg) * days
    x_px, y_px, mu = pixels_of(longitude, points.latitude_deg, origin, grid)
    seen = mu > LEAST_MU
    return _Route(
        origin=origin,
        x_px=x_px.astype(np.float32),
        y_px=y_px.astype(np.float32),
        seen=seen,
        radial=(points.mu / np.where(seen, mu, 1)).astype(np.float32),
    )


def _from(view: View, routes: Iterable[_Route]) -> _Route:
    return next(route for route in routes if route.origin.matches(view))


def _carried(disk: Disk, route: _Route, view: View) -> Disk:
    on_disk = disk.grid.on_disk()
    unseen = np.float32(0) if disk.origin.is_magnetogram else _middle(disk.image[on_disk])
    values = _sampled(np.where(on_disk, disk.image, unseen), route, on_disk)
    if disk.origin.is_magnetogram:
        values *= route.radial
    image = np.full_like(disk.image, np.nan)
    image[on_disk] = np.where(route.seen, values, unseen)
    shown = on_disk.copy()
    shown[on_disk] = route.seen
    return Disk(image, disk.grid, disk.origin, reprojected_to=view, seen=shown)


def _sampled(image: Image, route: _Route, on_disk: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Image values at the pixel positions of a route, by linear interpolation."""
    x_px, y_px = np.zeros((2, *image.shape), np.float32)
    x_px[on_disk], y_px[on_disk] = route.x_px, route.y_px
    sampled = cv2.remap(image, x_px, y_px, cv2.INTER_LINEAR)
    return sampled[on_disk].astype(np.float32)


def _middle(values: NDArray[np.float32]) -> np.float32:
    """Median; of two middle values the greater."""
    # np.median takes thirty times as long. NaN sorts last.
    middle = values.size // 2
    return np.float32(np.partition(values, middle)[middle])
