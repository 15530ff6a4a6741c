"""Active regions of the far side at one time, by helioseismology or by the magnetic field."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

import astropy.units as u
import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

from farside.errors import ImplausibleGeometryError, RegionListError
from farside.io.source import Source, bytes_of, naming_errors
from farside.sun.angles import wrap_deg
from farside.sun.carrington_grid import CarringtonGrid
from farside.sun.carrington_rotation import central_longitude_deg

GRID = CarringtonGrid()
"""Grid on which coverage and features are found: 360 × 180 cells of equal area."""

LEAST_MU = 0.26
"""Cosine of the distance from the point opposite Earth up to which helioseismology is used, 75°:
nearer the limb its maps are made of too few paths. A choice."""

VANTAGE_TOLERANCE_DEG = 2.0
"""Greatest difference of a stated vantage point from the point opposite Earth: the lists print it
to a tenth, the maps for the middle of a day."""

MAX_LIST_BYTES, MAX_REGIONS = 65_536, 100
"""Largest list that is read; the most regions in a real one are 8."""

Unit = Literal["µHem rad", "Mx"]
"""Micro-hemisphere radians, the phase of a seismic region integrated over its area; maxwell."""

Mask = NDArray[np.bool_]

_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})\.(\d)")
_VANTAGE = re.compile(r"Far-Side Vantage:\s+CLon =\s*(\d+\.\d),\s+Lat =\s*(-?\d+\.\d)")
_NONE = re.compile(r"No Strong Active Regions \(SARs\).*")
_REGION = re.compile(
    r"(FS-\d{4}-\d{3})\s+(\d{1,3}\.\d)\s+(-?\d{1,2}\.\d)\s+(\d{1,6})\s+\d{4}-\d{2}-\d{2}\.\d\s+-?\d+\.\d"
)
_HEADINGS = ("Designation", "Longitude", "(degree)")


@dataclass(frozen=True)
class FarSideRegion:
    """Active region: designation, Carrington longitude and latitude, and size in some unit."""

    name: str
    longitude_deg: float
    latitude_deg: float
    size: float


@dataclass(frozen=True, eq=False)
class FarSideRegions:
    """Regions of one source at one time.

    Attributes
    ----------
    source
        What found them, as in ``"Stanford list"``, ``"GONG phase"`` or ``"STEREO_A"``.
    time
        UTC.
    unit
        Unit of their sizes.
    regions
        Largest first.
    covered
        Mask of the cells of :data:`GRID` in which a region would have been found.
    """

    source: str
    time: Time
    unit: Unit
    regions: tuple[FarSideRegion, ...]
    covered: Mask


def read_region_list(source: Source, name: str = "") -> FarSideRegions:
    """Read a list of strong far-side regions as Stanford's HMI/JSOC publishes it every 12 hours.

    Raises
    ------
    RegionListError
        Not such a list, or a line of it is neither a region nor a heading.
    ImplausibleGeometryError
        The vantage point is not opposite Earth, or a region is not on the far side.
    """
    data, name = bytes_of(source, name, MAX_LIST_BYTES)
    with naming_errors(name or "region list without a name"):
        if len(data) > MAX_LIST_BYTES:
            raise RegionListError(f"more than {MAX_LIST_BYTES} bytes, expected a list of regions")
        lines = [line.strip() for line in data.decode("ascii", "replace").splitlines()]
        return _parsed([line for line in lines if line])


def is_region_list(source: Source) -> bool:
    """Whether a file begins as such a list; an open file is left at its start."""
    data, _ = bytes_of(source, "", 200)
    if hasattr(source, "seek"):
        source.seek(0)
    return b"Far-Side Vantage" in data[:200]


def at_least(found: FarSideRegions, size: float) -> FarSideRegions:
    """The same without the regions below a size."""
    return replace(found, regions=tuple(r for r in found.regions if r.size >= size))


def far_side(longitude_deg: float, latitude_deg: float, least_mu: float = LEAST_MU) -> Mask:
    """Mask of the cells of :data:`GRID` within a distance from a vantage point."""
    return cosine_to(longitude_deg, latitude_deg) > least_mu


def cosine_to(longitude_deg: float, latitude_deg: float) -> NDArray[np.float64]:
    """Cosine of the angle between each cell of :data:`GRID` and a place."""
    latitude, tilt = np.radians(GRID.latitude_deg)[:, None], np.radians(latitude_deg)
    meridian = np.radians(GRID.longitude_deg - longitude_deg)[None, :]
    return np.asarray(
        np.sin(latitude) * np.sin(tilt) + np.cos(latitude) * np.cos(tilt) * np.cos(meridian)
    )


def check_vantage(longitude_deg: float, latitude_deg: float, time: Time) -> None:
    """Refuse a vantage point that is not opposite Earth at a time.

    Raises
    ------
    ImplausibleGeometryError
        It is not.
    """
    expected = (central_longitude_deg(time) + 180) % 360
    if not (
        abs(wrap_deg(longitude_deg - expected)) <= VANTAGE_TOLERANCE_DEG and abs(latitude_deg) < 7.6
    ):
        raise ImplausibleGeometryError(
            f"the vantage point is at longitude {longitude_deg:.1f}°, latitude {latitude_deg:.1f}°,"
            f" expected the point opposite Earth, at {expected:.1f}° on {time.isot[:16]}"
        )


def _parsed(lines: list[str]) -> FarSideRegions:
    when = _TIME.fullmatch(lines[0]) if lines else None
    vantage = _VANTAGE.fullmatch(lines[1]) if len(lines) > 1 else None
    if when is None or vantage is None:
        raise RegionListError(f"begins with {lines[:2]}, expected a time and 'Far-Side Vantage: …'")
    try:
        time = Time(when[1], format="iso", scale="utc") + int(when[2]) / 10 * u.day
    except ValueError as error:
        raise RegionListError(f"the time is {when[0]!r}: {error}") from error
    place = float(vantage[1]), float(vantage[2])
    check_vantage(*place, time)
    regions = [found for line in lines[2:] if (found := _region(line))]
    if len(regions) > MAX_REGIONS:
        raise RegionListError(f"{len(regions)} regions, expected at most {MAX_REGIONS}")
    return FarSideRegions(
        "Stanford list",
        Time(time.isot, format="isot", scale="utc"),
        "µHem rad",
        tuple(sorted(regions, key=lambda region: -region.size)),
        far_side(*place),
    )


def _region(line: str) -> FarSideRegion | None:
    """Region of a line; None for a heading."""
    found = _REGION.fullmatch(line)
    if found is None:
        if _NONE.fullmatch(line) or line.startswith(_HEADINGS):
            return None
        raise RegionListError(f"a line is {line[:80]!r}, expected a region or a heading")
    name, longitude, latitude, strength = found.groups()
    if not (float(longitude) <= 360 and abs(float(latitude)) <= 90):
        raise ImplausibleGeometryError(f"{name} is at {longitude}°, {latitude}°")
    return FarSideRegion(name, float(longitude) % 360, float(latitude), float(strength))
