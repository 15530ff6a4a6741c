"""Active regions in the magnetic field of far-side magnetograms and synchronic maps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from astropy.time import Time

from farside.seismology.phase_map import centroid
from farside.seismology.regions import GRID, FarSideRegion, FarSideRegions, Mask
from farside.sun.carrington_grid import Map
from farside.synchronic.disk import MapDisk
from farside.synchronic.emergence import (
    FEATURE_DEG,
    FEATURE_GAUSS,
    LEAST_MU,
    SPHERE_CM2,
    connected,
    whole_field,
)
from farside.synchronic.fill import smooth_on_sphere
from farside.synchronic.map import SynchronicMap
from farside.synchronic.merge import synchronic
from farside.synchronic.project import project_disk


def regions_of_disks(
    disks: Sequence[MapDisk], time: Time, least_flux_mx: float = 0.0
) -> tuple[FarSideRegions, Map]:
    """Find the regions of disks of about one time: connected areas of strong smoothed |B|.

    Each cell is taken from the disk that sees it best, with the expected |B| where the model gives
    it. Smoothing and outline are those of new regions in a synchronic map.

    Returns
    -------
    FarSideRegions, Map
        Regions with their unsigned flux at `time`, and the field in which they were found, gauss,
        NaN where no disk sees the surface.
    """
    parts = [project_disk(disk, GRID, time) for disk in disks]
    mu = np.stack([part.mu for part in parts])
    best = mu.argmax(axis=0)
    field = np.choose(best, [whole_field(part) for part in parts])
    covered = mu.max(axis=0) > LEAST_MU
    names = " and ".join(dict.fromkeys(disk.instrument for disk in disks))
    return _regions(field, covered, names, time, least_flux_mx), np.where(covered, field, np.nan)


def regions_of_map(
    sun_map: SynchronicMap, time: Time, least_flux_mx: float = 0.0
) -> tuple[FarSideRegions, Map]:
    """Find the regions of a synchronic map, carried to a time; see :func:`regions_of_disks`."""
    carried = synchronic([], sun_map.to_base_map(), time, GRID)
    covered = np.ones(GRID.shape, np.bool_)
    found = _regions(carried.field_gauss, covered, "synchronic map", time, least_flux_mx)
    return found, carried.field_gauss


def _regions(
    field: Map, covered: Mask, source: str, time: Time, least_flux_mx: float
) -> FarSideRegions:
    strong = smooth_on_sphere(np.abs(field), FEATURE_DEG, GRID) > FEATURE_GAUSS
    found = []
    for number, area in enumerate(connected(covered & strong), start=1):
        flux = np.where(area, np.abs(field) * GRID.area, 0.0) * SPHERE_CM2
        if flux.sum() >= least_flux_mx:
            found.append(FarSideRegion(f"M{number}", *centroid(flux), float(flux.sum())))
    ordered = tuple(sorted(found, key=lambda region: -region.size))
    return FarSideRegions(source, time, "Mx", ordered, covered)
