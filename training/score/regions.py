"""Scores of the active regions of a simulated Sun: polarity, flux and position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

from farside.disk.reproject import LEAST_MU
from farside.evaluation.flux import pixel_area_cm2
from farside.simulation.magnetic.active_regions import FluxElements
from farside.simulation.magnetic.cycle import ActiveRegion
from farside.sun.grid import Grid, Image
from farside.sun.heliographic import (
    SurfacePoints,
    differential_rotation_deg_per_day,
    limb_tangent,
    lines_of_sight,
    project,
    trace,
)
from farside.sun.observer import View

DETECTABLE_MX = 2e21
"""Least unsigned flux (both polarities) of a scored region at that time. A choice."""

GREATEST_DISTANCE_DEG = 60.0
"""Greatest distance of a scored region from disk centre."""

MARGIN_DEG = 2.5
"""Margin of a region's neighbourhood around nine tenths of its flux. A choice."""

RADIUS_DEG = (3.0, 12.0)
"""Least and greatest radius of a neighbourhood. A choice."""

CORE_SHARE = 0.2
"""Pixels above this share of the strongest one define a region's position. A choice."""

State = Literal["seen", "new", "hidden"]


class RegionSource(Protocol):
    """Protocol of a simulated Sun with known regions."""

    def day(self, time: Time) -> float:
        """Days since the epoch of the simulated regions."""
        ...

    def regions(self, time: Time) -> Sequence[ActiveRegion]:
        """Regions that have emerged by `time`."""
        ...

    def elements(self, time: Time) -> FluxElements:
        """Flux elements of these regions at `time`."""
        ...


@dataclass(frozen=True)
class RegionScore:
    """Scores of one region on one disk.

    Attributes
    ----------
    seed, day, number
        Identity of the region, which may be on several disks.
    state
        ``"seen"``: emerged before the reference was taken, and on its disk; ``"new"``: emerged
        after it; ``"hidden"``: emerged before it, but not on its disk.
    anti_hale
        Whether its polarity violates Hale's law.
    polarity_right, persistence_right
        Whether the generated field, or that of persistence, is greater over the leading than over
        the following elements if the leading polarity is positive, and smaller if negative.
    generated_mx, persistence_mx, true_mx
        Unsigned line-of-sight flux in the neighbourhood.
    place_error_deg
        Distance of the centroids of generated and true |B|.
    """

    seed: int
    day: float
    number: int
    state: State
    anti_hale: bool
    polarity_right: bool
    persistence_right: bool
    generated_mx: float
    persistence_mx: float
    true_mx: float
    place_error_deg: float


@dataclass(frozen=True, eq=False)
class _Feet:
    """Flux elements of one region, (side, element)."""

    longitude_deg: NDArray[np.float64]
    latitude_deg: NDArray[np.float64]
    flux_mx: NDArray[np.float64]


@dataclass(frozen=True)
class _Place:
    longitude_deg: float
    latitude_deg: float
    radius_deg: float


@dataclass(frozen=True, eq=False)
class Fields:
    """Generated, persistent and true field of one view, gauss, (y, x)."""

    generated: Image
    persistence: Image
    truth: Image


def score_regions(
    sun: RegionSource, seed: int, fields: Fields, grid: Grid, view: View, reference: View
) -> list[RegionScore]:
    """Score each detectable region within 60° of disk centre.

    A region whose polarity is hidden by a stronger one in the true field too is left out.

    Parameters
    ----------
    view, reference
        View of the fields, and view in which the reference was taken.
    """
    points = trace(*lines_of_sight(grid, view.observer), view.observer, view.time)
    elements = sun.elements(view.time)
    found = []
    for index, region in enumerate(sun.regions(view.time)):
        feet = _feet(elements, index)
        if np.abs(feet.flux_mx).sum() < DETECTABLE_MX:
            continue
        place = _place(feet)
        if _mu(place.longitude_deg, place.latitude_deg, view) < _cosine(GREATEST_DISTANCE_DEG):
            continue
        if not _polarity_right(feet, fields.truth, grid, view):
            continue
        around = _around(place, points, grid)
        found.append(
            RegionScore(
                seed=seed,
                day=region.day,
                number=region.number,
                state=_state(region, place, sun.day(reference.time), view, reference),
                anti_hale=region.anti_hale,
                polarity_right=_polarity_right(feet, fields.generated, grid, view),
                persistence_right=_polarity_right(feet, fields.persistence, grid, view),
                generated_mx=_unsigned_mx(fields.generated, around, grid),
                persistence_mx=_unsigned_mx(fields.persistence, around, grid),
                true_mx=_unsigned_mx(fields.truth, around, grid),
                place_error_deg=_apart_deg(
                    _centroid(fields.generated, around, points),
                    _centroid(fields.truth, around, points),
                ),
            )
        )
    return found


def _feet(elements: FluxElements, index: int) -> _Feet:
    own = elements.region == index
    return _Feet(
        elements.longitude_deg[:, own], elements.latitude_deg[:, own], elements.flux_mx[:, own]
    )


def _place(feet: _Feet) -> _Place:
    """Centroid of a region's flux, and radius of its neighbourhood."""
    vectors, weight = _vector(feet.longitude_deg, feet.latitude_deg), np.abs(feet.flux_mx)
    centre = np.sum(vectors * weight, axis=(1, 2))
    centre /= np.linalg.norm(centre)
    away = np.degrees(np.arccos(np.clip(np.tensordot(centre, vectors, 1), -1, 1)))
    radius = float(np.clip(np.quantile(away, 0.9) + MARGIN_DEG, *RADIUS_DEG))
    longitude = float(np.degrees(np.arctan2(centre[1], centre[0]))) % 360
    return _Place(longitude, float(np.degrees(np.arcsin(centre[2]))), radius)


def _state(
    region: ActiveRegion, place: _Place, reference_day: float, view: View, then: View
) -> State:
    if region.day > reference_day:
        return "new"
    days = float((view.time - then.time).to_value("day"))
    drift = float(differential_rotation_deg_per_day(np.array(place.latitude_deg))) * days
    mu = _mu(place.longitude_deg - drift, place.latitude_deg, then)
    return "seen" if mu > LEAST_MU else "hidden"


def _mu(longitude_deg: float, latitude_deg: float, view: View) -> float:
    place = np.array(longitude_deg), np.array(latitude_deg)
    return float(project(*place, view.observer, view.time)[2])


def _polarity_right(feet: _Feet, generated: Image, grid: Grid, view: View) -> bool:
    """Whether the means over leading and following elements differ in the true direction."""
    west, north, _ = project(feet.longitude_deg, feet.latitude_deg, view.observer, view.time)
    scale = grid.disk_radius_px / limb_tangent(view.observer)
    column, row = (
        np.clip(np.rint(each * scale + grid.centre_px), 0, grid.size_px - 1).astype(np.int64)
        for each in (west, north)
    )
    field = np.nan_to_num(generated[row, column]).astype(np.float64)
    weight = np.abs(feet.flux_mx)
    leading, following = (field * weight).sum(axis=1) / weight.sum(axis=1)
    return bool((leading - following) * feet.flux_mx[0].sum() > 0)


def _around(place: _Place, points: SurfacePoints, grid: Grid) -> NDArray[np.bool_]:
    towards = _vector(np.array(place.longitude_deg), np.array(place.latitude_deg))
    cosine = np.tensordot(towards, _vector(points.longitude_deg, points.latitude_deg), 1)
    inside: NDArray[np.bool_] = (cosine > _cosine(place.radius_deg)) & grid.on_disk()
    return inside


def _unsigned_mx(image: Image, around: NDArray[np.bool_], grid: Grid) -> float:
    return float(np.nansum(np.abs(image[around]), dtype=np.float64) * pixel_area_cm2(grid))


def _centroid(
    image: Image, around: NDArray[np.bool_], points: SurfacePoints
) -> NDArray[np.float64]:
    """Unit vector to the centroid of the strong field; of all pixels if there is none."""
    strength = np.where(around, np.abs(np.nan_to_num(image)), 0).astype(np.float64)
    weight = np.where(strength >= CORE_SHARE * strength.max(), strength, 0)
    if not weight.any():
        weight = around.astype(np.float64)
    vectors = _vector(points.longitude_deg[around], points.latitude_deg[around])
    centre: NDArray[np.float64] = vectors @ weight[around]
    return centre / np.linalg.norm(centre)


def _apart_deg(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(np.degrees(np.arccos(np.clip(one @ other, -1, 1))))


def _vector(
    longitude_deg: NDArray[np.float64], latitude_deg: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Unit vectors, (3, …)."""
    longitude, latitude = np.radians(longitude_deg), np.radians(latitude_deg)
    ring = np.cos(latitude)
    return np.stack([ring * np.cos(longitude), ring * np.sin(longitude), np.sin(latitude)])


def _cosine(degrees: float) -> float:
    return float(np.cos(np.radians(degrees)))
