"""Positions of active regions in generated far sides, and matches in a helioseismic list."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

from farside.evaluation.flux import pixel_area_cm2
from farside.magnetogram.magnetogram import Magnetogram
from farside.sun.angles import wrap_deg
from farside.sun.carrington_grid import Degrees
from farside.sun.heliographic import foreshortening, lines_of_sight, trace
from farside.sun.observer import earth
from training.realsun.regions import regions

LEAST_FLUX_MX = 1e21
"""Least radial flux of a listed region."""

SAME_REGION_DEG = 15.0
"""Greatest distance of matching regions: the resolution of helioseismology. A choice."""

LIST_HOURS = 12.0
"""Cadence of the helioseismic list."""


@dataclass(frozen=True)
class Place:
    """Region of a generated magnetogram.

    Attributes
    ----------
    longitude_deg, latitude_deg
        Carrington position of the centroid.
    from_earth_deg
        Longitude from the central meridian that Earth sees, positive westwards.
    unsigned_flux_mx
        Radial flux, Σ|B|/μ A/μ over its pixels.
    peak_gauss
        Strongest line-of-sight field.
    """

    longitude_deg: float
    latitude_deg: float
    from_earth_deg: float
    unsigned_flux_mx: float
    peak_gauss: float

    @property
    def is_far(self) -> bool:
        """Whether it is on the hemisphere that Earth does not see."""
        return abs(self.from_earth_deg) > 90


@dataclass(frozen=True)
class SeismicRegion:
    """Strong region of Stanford's far-side list, with its Carrington position."""

    designation: str
    longitude_deg: float
    latitude_deg: float

    def is_near(self, place: Place) -> bool:
        """Whether a generated region may be this one."""
        apart = np.cos(np.radians(self.latitude_deg)) * wrap_deg(
            self.longitude_deg - place.longitude_deg
        )
        return bool(np.hypot(apart, self.latitude_deg - place.latitude_deg) <= SAME_REGION_DEG)


def places(made: Magnetogram) -> list[Place]:
    """Find the regions of a generated magnetogram, strongest flux first."""
    points = trace(*lines_of_sight(made.disk, made.observer), made.observer, made.time)
    mu = foreshortening(made.disk, made.observer)
    area = pixel_area_cm2(made.disk)
    centre = earth(made.time).carrington_longitude_deg(made.time)
    found = []
    for region in regions(made.image, made.disk):
        field = np.abs(made.image[region])
        flux = field / mu[region] ** 2 * area
        longitude = _mean_longitude(points.longitude_deg[region], flux)
        found.append(
            Place(
                longitude_deg=longitude,
                latitude_deg=float(np.average(points.latitude_deg[region], weights=flux)),
                from_earth_deg=wrap_deg(longitude - centre),
                unsigned_flux_mx=float(flux.sum()),
                peak_gauss=float(field.max()),
            )
        )
    strong = (place for place in found if place.unsigned_flux_mx >= LEAST_FLUX_MX)
    return sorted(strong, key=lambda place: -place.unsigned_flux_mx)


def seismic_regions(catalogue: Path, time: Time) -> list[SeismicRegion]:
    """Read the regions of Stanford's list (CSV) nearest to `time`, within 12 hours.

    An empty list if the file does not exist.
    """
    if not catalogue.is_file():
        return []
    with catalogue.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    # ISO strings sort like times; parsing all of them takes seconds.
    first, last = ((time + hours * u.hour).isot[:16] for hours in (-LIST_HOURS, LIST_HOURS))
    near = [row for row in rows if first <= row["map_time"] <= last]
    hours = [abs(float((Time(row["map_time"]) - time).to_value(u.hour))) for row in near]
    return [
        SeismicRegion(row["designation"], float(row["lon_deg"]), float(row["lat_deg"]))
        for row, apart in zip(near, hours, strict=True)
        if apart == min(hours)
    ]


def _mean_longitude(longitude_deg: Degrees, weights: NDArray[np.float64]) -> float:
    """Weighted mean on the circle, [0, 360)."""
    angles = np.radians(longitude_deg)
    mean = np.average(np.exp(1j * angles), weights=weights)
    return float(np.degrees(np.angle(mean))) % 360
