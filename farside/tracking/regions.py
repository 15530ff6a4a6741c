"""Active regions of a synchronic map: position, flux with its error, return at the east limb."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from astropy.time import Time
from numpy.typing import NDArray
from scipy import ndimage

from farside.sun.angles import wrap_deg
from farside.sun.carrington_grid import CarringtonGrid, Map, shift_longitude
from farside.sun.carrington_rotation import SYNODIC_DAYS
from farside.sun.heliographic import differential_rotation_deg_per_day
from farside.sun.observer import SOLAR_RADIUS_M, earth
from farside.synchronic.emergence import FEATURE_DEG, FEATURE_GAUSS
from farside.synchronic.fill import smooth_on_sphere
from farside.synchronic.map import SourceKind, SynchronicMap

Mask: TypeAlias = NDArray[np.bool_]

LEAST_FLUX_MX = 1e21
"""Least unsigned flux of a region that is listed: ephemeral regions are smaller. A choice."""

WHOLE_DEG = 3.0
"""σ of the Gaussian after which the polarities of a region are one peak of |B|. A choice."""

APART_DEG = 12.0
"""Least distance of the peaks of two regions: half that of the frame of a large one. A choice."""

BELT_DEG = 55.0
"""Greatest latitude of a region: the polar field is not one."""

SPHERE_CM2 = 4 * np.pi * (100 * SOLAR_RADIUS_M) ** 2


@dataclass(frozen=True, eq=False)
class ActiveRegion:
    """Active region of a synchronic map.

    Attributes
    ----------
    longitude_deg, latitude_deg
        Carrington longitude, [0, 360), and latitude of its centre, weighted by unsigned flux.
    unsigned_flux_mx, net_flux_mx, sigma_mx
        Unsigned and net flux within its outline, and the standard deviation of either by the error
        of the field, maxwell.
    area
        Fraction of the sphere inside the outline.
    polarity_confidence
        Probability that its polarities have the right sign, mean by unsigned flux.
    kind
        Kind of source of most of its flux.
    age_days
        Age of its field, mean by unsigned flux.
    meridian_deg
        Longitude west of the central meridian that Earth sees, [-180, 180).
    days_to_east_limb
        Days until its centre is at Earth's east limb; 0 while Earth sees it.
    outline
        Cells of the region, (row, column).
    """

    longitude_deg: float
    latitude_deg: float
    unsigned_flux_mx: float
    net_flux_mx: float
    sigma_mx: float
    area: float
    polarity_confidence: float
    kind: SourceKind
    age_days: float
    meridian_deg: float
    days_to_east_limb: float
    outline: Mask

    @property
    def name(self) -> str:
        """Heliographic position as a name: ``"S13L207"``, latitude and Carrington longitude."""
        hemisphere = "N" if self.latitude_deg >= 0 else "S"
        longitude = round(self.longitude_deg) % 360
        return f"{hemisphere}{abs(round(self.latitude_deg)):02d}L{longitude:03d}"

    @property
    def on_far_side(self) -> bool:
        """Whether its centre is behind the limb that Earth sees."""
        return self.days_to_east_limb > 0


def find_regions(sun_map: SynchronicMap, confidence: Map) -> tuple[ActiveRegion, ...]:
    """Active regions of a map, those that reach Earth's east limb first before the others.

    A region is a part where |B|, smoothed by 1.5°, is above 20 G, below latitude 55°. Regions that
    touch are divided along the valleys of |B| smoothed by 3°, and at the equator.

    Parameters
    ----------
    sun_map
        Synchronic map.
    confidence
        Probability of the right sign of each cell, see
        :func:`farside.synchronic.polarity.polarity_confidence`.
    """
    grid = sun_map.grid
    smooth = smooth_on_sphere(np.abs(sun_map.field_gauss), FEATURE_DEG, grid)
    found = (_region(sun_map, confidence, each) for each in _outlines(sun_map, smooth))
    large = (region for region in found if region.unsigned_flux_mx >= LEAST_FLUX_MX)
    return tuple(sorted(large, key=lambda each: (not each.on_far_side, each.days_to_east_limb)))


def flux_in(sun_map: SynchronicMap, outline: Map | Mask) -> tuple[float, float, float]:
    """Unsigned flux, net flux and σ of the net flux inside an outline, maxwell.

    σ² = Σ σ_i² a_i A, where A is the area over which the error is correlated, 2π L², at least that
    of a cell and at most that of the outline.

    Parameters
    ----------
    sun_map
        Synchronic map.
    outline
        Share of each cell that is inside, (row, column), 0 to 1.
    """
    area = outline * sun_map.grid.area * SPHERE_CM2
    flux = sun_map.field_gauss * area
    together = 2 * np.pi * (np.radians(sun_map.correlation_length_deg) * 100 * SOLAR_RADIUS_M) ** 2
    reach = min(max(together, float(area.max())), float(area.sum()))
    sigma = float(np.sqrt((sun_map.sigma_gauss**2 * area).sum() * reach))
    return float(np.abs(flux).sum()), float(flux.sum()), sigma


def moved_outline(outline: Mask, grid: CarringtonGrid, days: float) -> Map:
    """Share of each cell inside an outline that differential rotation has moved for `days`."""
    drift = differential_rotation_deg_per_day(grid.latitude_deg) * days
    moved = shift_longitude(np.asarray(outline, np.float64), drift)
    return np.asarray(np.clip(moved, 0, 1))


def days_to_east_limb(longitude_deg: float, latitude_deg: float, time: Time) -> float:
    """Days until a point of the surface is at the east limb that Earth sees; 0 while it is seen.

    The point moves by the synodic rotation and the differential rotation of its latitude; the
    limb is tilted by Earth's heliographic latitude B0: cos h = -tan B0 tan φ.
    """
    observer = earth(time)
    meridian = wrap_deg(longitude_deg - observer.carrington_longitude_deg(time))
    tilt, latitude = np.radians(observer.latitude_deg), np.radians(latitude_deg)
    limb = float(np.degrees(np.arccos(np.clip(-np.tan(tilt) * np.tan(latitude), -1, 1))))
    if abs(meridian) <= limb:
        return 0.0
    drift = float(differential_rotation_deg_per_day(np.asarray(latitude_deg)))
    return float(((-limb - meridian) % 360) / (360 / SYNODIC_DAYS + drift))


def _outlines(sun_map: SynchronicMap, smooth: Map) -> Iterator[Mask]:
    """Yield the outlines of regions: parts of strong field, divided between its peaks."""
    from skimage.segmentation import watershed  # takes a second

    grid = sun_map.grid
    wide = smooth_on_sphere(np.abs(sun_map.field_gauss), WHOLE_DEG, grid)
    first = int(smooth.max(axis=0).argmin())  # no region crosses the emptiest column
    wide, smooth = np.roll(wide, -first, axis=1), np.roll(smooth, -first, axis=1)
    for south in (True, False):
        half = (grid.latitude_deg < 0) == south
        strong = (smooth > FEATURE_GAUSS) & (half & (np.abs(grid.latitude_deg) < BELT_DEG))[:, None]
        peaks = strong & (wide == ndimage.maximum_filter(np.where(strong, wide, 0), _apart(grid)))
        markers, count = ndimage.label(peaks, np.ones((3, 3)))
        parts = watershed(-wide, markers, mask=strong)  # type: ignore[no-untyped-call]
        labels = np.roll(parts, first, axis=1)
        yield from (labels == number for number in range(1, count + 1))


def _apart(grid: CarringtonGrid) -> tuple[int, int]:
    """Size in cells, (rows, columns), of the neighbourhood of a peak."""
    columns = max(3, round(2 * APART_DEG / grid.step_deg))
    return max(3, round(2 * APART_DEG / (180 / grid.rows))), columns


def _region(sun_map: SynchronicMap, confidence: Map, outline: Mask) -> ActiveRegion:
    grid = sun_map.grid
    weight = np.abs(sun_map.field_gauss) * outline * grid.area
    weight = weight / weight.sum()
    longitude, latitude = _centre(weight, grid)
    unsigned, net, sigma = flux_in(sun_map, outline)
    provenance = sun_map.provenance()
    kinds: tuple[SourceKind, ...] = ("base", "observed", "generated")
    shares = [float(weight[provenance == code].sum()) for code in range(3)]
    meridian = longitude - earth(sun_map.time).carrington_longitude_deg(sun_map.time)
    return ActiveRegion(
        longitude_deg=longitude,
        latitude_deg=latitude,
        unsigned_flux_mx=unsigned,
        net_flux_mx=net,
        sigma_mx=sigma,
        area=float((outline * grid.area).sum()),
        polarity_confidence=float((weight * confidence).sum()),
        kind=kinds[int(np.argmax(shares))],
        age_days=float((weight * sun_map.age_days).sum()),
        meridian_deg=wrap_deg(meridian),
        days_to_east_limb=days_to_east_limb(longitude, latitude, sun_map.time),
        outline=outline,
    )


def _centre(weight: Map, grid: CarringtonGrid) -> tuple[float, float]:
    """Carrington longitude and latitude of the mean direction of weighted cells, degrees."""
    longitude, latitude = np.radians(grid.longitude_deg), np.radians(grid.latitude_deg)[:, None]
    x = float((weight * np.cos(latitude) * np.cos(longitude)).sum())
    y = float((weight * np.cos(latitude) * np.sin(longitude)).sum())
    z = float((weight * np.sin(latitude)).sum())
    return float(np.degrees(np.arctan2(y, x)) % 360), float(
        np.degrees(np.arctan2(z, np.hypot(x, y)))
    )
