"""Far-side maps of helioseismology: travel-time phase, as JSOC and GONG publish it."""

from __future__ import annotations

from dataclasses import dataclass

import astropy.units as u
import cv2
import numpy as np
from astropy.time import Time

from farside.errors import (
    DamagedImageError,
    ImplausibleGeometryError,
    MissingMetadataError,
    UnsupportedImageError,
)
from farside.io.fits import Cards, FitsImage, number, open_image, text, unpack
from farside.io.source import Source, bytes_of, naming_errors
from farside.observation.instruments import card_time
from farside.seismology.regions import (
    GRID,
    FarSideRegion,
    FarSideRegions,
    Mask,
    check_vantage,
    cosine_to,
    far_side,
)
from farside.sun.carrington_grid import CarringtonGrid, Map, resample
from farside.synchronic.emergence import connected
from farside.synchronic.fill import smooth_on_sphere

MAX_MAP_BYTES = 4 * 2**20
"""Largest file of a phase map, packed or not: GONG's has 160 KB, JSOC's 260 KB."""

JSOC_SHAPE, GONG_SIDE = (181, 361), 200
"""Rows and columns of JSOC's maps, a point a degree with both ends; side of GONG's."""

GONG_FILL_RAD = -0.4
"""Value outside of the disk of GONG's maps."""

MAX_PHASE_RAD = 1.0
"""Largest root mean square of a phase map; real ones have 0.05 rad."""

SMOOTHING_DEG = 3.0
"""σ of the Gaussian that smooths a phase map before regions are outlined. A choice."""

REGION_RAD = -0.08
"""Smoothed phase below which a region is outlined. Smoothing and outline are a choice, made on six
maps of GONG (docs/seismic.md)."""

HEMISPHERE_MILLIONTHS = 2e6
"""Area of the sphere in millionths of a hemisphere."""

_UNIFORM = CarringtonGrid(360, 180, "uniform")


@dataclass(frozen=True, eq=False)
class PhaseMap:
    """Phase of waves that were reflected on the far side: negative below active regions.

    Attributes
    ----------
    instrument
        ``"JSOC"`` or ``"GONG"``.
    time
        UTC of the middle of its observations.
    longitude_deg, latitude_deg
        Carrington longitude and latitude of the point opposite Earth.
    phase_rad
        Phase, (row, column) on :data:`~farside.seismology.regions.GRID`; NaN where it is not known.
    """

    instrument: str
    time: Time
    longitude_deg: float
    latitude_deg: float
    phase_rad: Map


def read_phase_map(source: Source, name: str = "") -> PhaseMap:
    """Read a far-side phase map of JSOC (181 × 361 degrees) or GONG (``mrfqo``).

    JSOC's column i is Carrington longitude i; the coordinate cards of some copies say otherwise,
    so that the valid half is compared with the stated vantage point. GONG's is an orthographic
    view of the far side from opposite Earth, north up and west right.

    Raises
    ------
    NotFitsError, FileTooLargeError, UnsupportedImageError
        Not such a map.
    MissingMetadataError, ImplausibleGeometryError
        Time or vantage point are missing or contradict each other.
    DamagedImageError
        The values are no phases in radians, or most of the far side has none.
    """
    data, name = bytes_of(source, name, MAX_MAP_BYTES)
    with naming_errors(name or "phase map without a name"):
        image = open_image(unpack(data, MAX_MAP_BYTES))
        if image.pixels.shape == JSOC_SHAPE and "REF_L0" in image.cards:
            found = _jsoc(image)
        elif image.pixels.shape == (GONG_SIDE, GONG_SIDE) and "DAXIS1" in image.cards:
            found = _gong(image)
        else:
            raise UnsupportedImageError(
                f"an image of {image.pixels.shape} without REF_L0 or DAXIS1, expected a far-side"
                " phase map of JSOC or GONG"
            )
        _check(found)
        return found


def regions_of_phase(phase: PhaseMap, least_strength: float = 0.0) -> FarSideRegions:
    """Find the regions of a phase map: connected areas of negative smoothed phase.

    The strength is Σ -φ dA in micro-hemisphere radians, as in Stanford's list.
    """
    known = np.isfinite(phase.phase_rad)
    share = smooth_on_sphere(known.astype(np.float64), SMOOTHING_DEG, GRID)
    smooth = smooth_on_sphere(np.where(known, phase.phase_rad, 0), SMOOTHING_DEG, GRID)
    smooth = np.where(share > 0.5, smooth / np.maximum(share, 0.5), 0)
    covered = far_side(phase.longitude_deg, phase.latitude_deg) & known
    found = []
    for number_, area in enumerate(connected(covered & (smooth < REGION_RAD)), start=1):
        weight = np.where(area, -smooth * GRID.area * HEMISPHERE_MILLIONTHS, 0)
        if weight.sum() >= least_strength:
            place = centroid(weight)
            found.append(FarSideRegion(f"{phase.instrument}-{number_}", *place, weight.sum()))
    return FarSideRegions(
        f"{phase.instrument} phase",
        phase.time,
        "µHem rad",
        tuple(sorted(found, key=lambda region: -region.size)),
        covered,
    )


def centroid(weight: Map) -> tuple[float, float]:
    """Carrington longitude and latitude of the centre of a weight on the sphere, degrees."""
    latitude, longitude = np.radians(GRID.latitude_deg)[:, None], np.radians(GRID.longitude_deg)
    parts = np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude)
    x, y, z = (float((weight * part).sum()) for part in (*parts, np.sin(latitude)))
    return float(np.degrees(np.arctan2(y, x)) % 360), float(
        np.degrees(np.arctan2(z, np.hypot(x, y)))
    )


def _jsoc(image: FitsImage) -> PhaseMap:
    time = card_time(image.cards, "T_REC")
    if time is None:
        raise MissingMetadataError("T_REC is missing, expected the time of the map")
    known = np.isfinite(image.pixels)
    points = np.where(known, image.pixels, 0).astype(np.float64)
    count, total = (
        plane[:-1, :-1] + plane[1:, :-1] + plane[:-1, 1:] + plane[1:, 1:]
        for plane in (known.astype(np.float64), points)
    )
    cells = np.where(count >= 2, total / np.maximum(count, 1), 0)
    return _found("JSOC", image.cards, time, cells, count >= 2)


def _gong(image: FitsImage) -> PhaseMap:
    cards = image.cards
    begin, seconds = card_time(_dashed(cards), "TIME0"), _needed(cards, "DTIME")
    if begin is None or not 0 < seconds <= 10 * 86400:
        raise MissingMetadataError(
            f"TIME0 is {text(cards, 'TIME0')!r}, DTIME {seconds}, expected a time and seconds"
        )
    time = Time((begin + seconds / 2 * u.s).isot, format="isot", scale="utc")
    step, x0, y0 = (_needed(cards, key) for key in ("DAXIS1", "X0", "Y0"))
    if not (0.005 < step < 0.05 and _needed(cards, "DAXIS2") == step):
        raise ImplausibleGeometryError(f"DAXIS1 is {step}, expected some 0.011 radii a pixel")
    longitude, tilt = _needed(cards, "REF_L0"), np.radians(_needed(cards, "REF_B0"))
    latitude = np.radians(_UNIFORM.latitude_deg)[:, None]
    meridian = np.radians(_UNIFORM.longitude_deg - longitude)[None, :]
    across = np.cos(latitude) * np.cos(meridian)
    west = np.cos(latitude) * np.sin(meridian)
    north = np.sin(latitude) * np.cos(tilt) - across * np.sin(tilt)
    mu = np.sin(latitude) * np.sin(tilt) + across * np.cos(tilt)
    places = ((west / step + x0).astype(np.float32), (north / step + y0).astype(np.float32))
    valid = (image.pixels > GONG_FILL_RAD + 1e-4).astype(np.float32)
    cells, share = (
        cv2.remap(plane, *places, cv2.INTER_LINEAR) for plane in (image.pixels * valid, valid)
    )
    known = (mu > 0) & (share > 0.5)
    return _found("GONG", cards, time, np.where(known, cells / np.maximum(share, 0.5), 0), known)


def _found(instrument: str, cards: Cards, time: Time, cells: Map, known: Mask) -> PhaseMap:
    place = _needed(cards, "REF_L0"), _needed(cards, "REF_B0")
    check_vantage(*place, time)
    share = resample(known.astype(np.float64), _UNIFORM, GRID)
    phase = resample(np.where(known, cells, 0).astype(np.float64), _UNIFORM, GRID)
    phase = np.where(share > 0.5, phase / np.maximum(share, 0.5), np.nan)
    return PhaseMap(instrument, time, *place, phase)


def _check(found: PhaseMap) -> None:
    far = cosine_to(found.longitude_deg, found.latitude_deg)
    known = np.isfinite(found.phase_rad)
    inside, outside = known[far > 0.5].mean(), known[far < -0.5].mean()
    if inside < 0.9 or outside > 0.1:
        raise DamagedImageError(
            f"{inside:.0%} of the far side and {outside:.0%} of the near side have values,"
            " expected the far side alone"
        )
    spread = float(np.sqrt(np.nanmean(found.phase_rad**2)))
    if not 0 < spread < MAX_PHASE_RAD:
        raise DamagedImageError(
            f"the root mean square of the map is {spread:g}, expected phases below"
            f" {MAX_PHASE_RAD:g} rad"
        )


def _dashed(cards: Cards) -> dict[str, str]:
    """TIME0 of GONG, ``2014 03 03 00:00``, as other files write a time."""
    return {"TIME0": "-".join(text(cards, "TIME0").split(None, 2)).replace(" ", "T", 1) + ":00"}


def _needed(cards: Cards, key: str) -> float:
    value = number(cards, key)
    if value is None:
        raise MissingMetadataError(f"{key} is {cards.get(key)!r}, expected a number")
    return value
