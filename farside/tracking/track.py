"""Tracking an active region over the whole surface: Jeong et al. (2022), Figs. 5 and 6."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from astropy.time import Time

from farside.errors import RegionNotSeenError
from farside.evaluation.flux import pixel_area_cm2
from farside.io.wcs import disk_radius_arcsec
from farside.sun.angles import wrap_deg
from farside.sun.carrington_grid import Map
from farside.sun.grid import Image
from farside.sun.heliographic import differential_rotation_deg_per_day, project
from farside.sun.observer import SOLAR_RADIUS_M, Observer, View
from farside.synchronic.disk import MapDisk
from farside.synchronic.magnetographs import HMI
from farside.tracking.cutout import CutOut, CutoutFrame, cut, cut_map
from farside.tracking.inputs import ImageSource, NamedMap, Skipped, TrackInput

RotationMode = Literal["carrington", "differential"]


@dataclass(frozen=True)
class TrackedRegion:
    """Active region that is tracked.

    Attributes
    ----------
    name
        As in ``"NOAA 11158"``.
    longitude_deg, latitude_deg
        Carrington longitude and latitude of its centre at `time`.
    time
        UTC of that position; not needed at the Carrington rate.
    """

    name: str
    longitude_deg: float
    latitude_deg: float
    time: Time | None = None

    @classmethod
    def seen_from(
        cls, observer: Observer, name: str, meridian_deg: float, latitude_deg: float, time: Time
    ) -> TrackedRegion:
        """Region at a longitude `meridian_deg` west of an observer's central meridian."""
        longitude = (observer.carrington_longitude_deg(time) + meridian_deg) % 360
        return cls(name, longitude, latitude_deg, time)

    def longitude_at(self, time: Time, rotation: RotationMode) -> float:
        """Carrington longitude of the region's centre at another time, [0, 360) degrees.

        ``"carrington"``: constant; ``"differential"``: moved by the rotation of magnetic features
        at its latitude, Komm et al. (1993).

        Raises
        ------
        ValueError
            The region has no time, and the rotation is differential.
        """
        if rotation == "carrington":
            return self.longitude_deg % 360
        if self.time is None:
            raise ValueError(f"{self.name}: got no time, expected one to rotate it from")
        days = float((time - self.time).to_value("day"))
        drift = float(differential_rotation_deg_per_day(np.asarray(self.latitude_deg)))
        return (self.longitude_deg + drift * days) % 360


@dataclass(frozen=True)
class TrackSettings:
    """Settings of a track.

    Attributes
    ----------
    size_deg, cell_deg
        Sides of the frame and of its cells, see :class:`~farside.tracking.cutout.CutoutFrame`. All
        sources are averaged over the same cells, so that opposite polarities cancel alike in all of
        them.
    within_deg
        Greatest distance of the region's centre from disk centre, in the image or in the source of
        that part of a map. The default is the paper's 60°.
    threshold_gauss
        Field below which a cell's flux does not count.
    rotation
        Whether the frame stays at its Carrington longitude, as in the paper, or follows the
        differential rotation of its centre.
    """

    size_deg: float = 20.0
    cell_deg: float = 0.5
    within_deg: float = 60.0
    threshold_gauss: float = 0.0
    rotation: RotationMode = "carrington"


@dataclass(frozen=True, eq=False)
class FluxPoint:
    """Flux of a region in one image or map.

    Attributes
    ----------
    time
        Time of the image or map.
    sighting
        The image; in a map, the source of most of the frame.
    meridian_deg, mu
        Longitude of the frame's centre west of the observer's central meridian, and the cosine of
        its heliocentric angle.
    unsigned_flux_mx, net_flux_mx
        Unsigned and net flux of the radial field in the frame.
    sigma_mx
        Standard deviation of the net flux by the error of the field, NaN if not known. It is also
        that of the unsigned flux, to which the noise of weak cells adds a bias.
    cut
        Cut-out of the frame.
    """

    time: Time
    image_source: ImageSource
    meridian_deg: float
    mu: float
    unsigned_flux_mx: float
    net_flux_mx: float
    sigma_mx: float
    cut: CutOut


@dataclass(frozen=True, eq=False)
class Track:
    """Fluxes of a region in the order of time, and the files that were skipped."""

    region: TrackedRegion
    settings: TrackSettings
    points: tuple[FluxPoint, ...]
    skipped: tuple[Skipped, ...]


def track_region(
    region: TrackedRegion, given: Iterable[TrackInput], settings: TrackSettings | None = None
) -> Track:
    """Track a region through images and maps given in any order.

    Of several images of one instrument, time and model the one with fewest quality bits counts.

    Parameters
    ----------
    region
        Region at a known position.
    given
        Disks and maps, see :func:`farside.tracking.inputs.read`.
    following
        Settings of the track.

    Raises
    ------
    RegionNotSeenError
        No image or map shows the region.
    ImplausibleGeometryError
        The frame reaches a pole.
    """
    how = settings or TrackSettings()
    found: list[FluxPoint] = []
    skipped: list[Skipped] = []
    for each in given:
        answer = _look(each, region, how)
        if isinstance(answer, Skipped):
            skipped.append(answer)
        else:
            found.append(answer)
    points, doubles = _sorted_out(found)
    skipped += doubles
    if not points:
        raise RegionNotSeenError(
            f"{region.name} is seen in none of {len(skipped)} files, expected at least one: "
            + "; ".join(map(str, skipped)),
            tuple(each.name for each in skipped),
        )
    return Track(region, how, points, tuple(skipped))


def _sorted_out(found: list[FluxPoint]) -> tuple[tuple[FluxPoint, ...], list[Skipped]]:
    """Points in the order of time, without those that repeat another."""
    best: dict[tuple[str, str, str], FluxPoint] = {}
    doubles = []
    for point in sorted(found, key=_order):
        first = best.setdefault(_identity(point), point)
        if first is not point:
            doubles.append(
                Skipped(point.image_source.name, f"shows the same as {first.image_source.name}")
            )
    return tuple(best.values()), doubles


def _identity(point: FluxPoint) -> tuple[str, str, str]:
    """Time, instrument and model, which are equal in points that repeat each other."""
    return point.time.utc.isot, point.image_source.instrument, point.image_source.model


def _order(point: FluxPoint) -> tuple[tuple[str, str, str], int, str]:
    return _identity(point), point.image_source.quality.bit_count(), point.image_source.name


def _look(given: TrackInput, region: TrackedRegion, how: TrackSettings) -> FluxPoint | Skipped:
    if isinstance(given, Skipped):
        return given
    if isinstance(given, NamedMap):
        return _look_at_map(given, region, how)
    image_source = ImageSource.of_disk(given)
    frame = _frame(region, given.view.time, how)
    hidden = _hidden(frame, image_source, how)
    if hidden:
        return hidden
    sigma, correlation_deg = _error(given)
    found = cut(given.image, given.grid, given.view, frame, sigma)
    reach = _reach(correlation_deg, pixel_area_cm2(given.grid) / found.mu, frame)
    return _point(given.view.time, image_source, found, reach, how)


def _error(disk: MapDisk) -> tuple[Image | None, float | None]:
    """σ of each pixel and the correlation length of the error, degrees; None where not known."""
    if disk.generator:
        return disk.sigma, disk.generator.correlation_length_deg
    pixel_arcsec = disk_radius_arcsec(disk.view.observer.distance_m) / disk.grid.disk_radius_px
    noise = np.float32(HMI.noise_gauss * HMI.pixel_arcsec / pixel_arcsec)
    return np.full_like(disk.image, noise), 0.0


def _look_at_map(given: NamedMap, region: TrackedRegion, how: TrackSettings) -> FluxPoint | Skipped:
    whole = given.map
    frame = _frame(region, whole.time, how)
    shares = [
        cut_map(whole.source == index, whole.grid, frame).mean()
        for index in range(len(whole.sources))
    ]
    source = whole.sources[int(np.argmax(shares))]
    if source.observer is None:
        return Skipped(given.name, f"the region is from its base map, {source.instrument}")
    image_source = ImageSource.of_source(source, source.observer, given)
    hidden = _hidden(frame, image_source, how)
    if hidden:
        return hidden
    field = cut_map(whole.field_gauss, whole.grid, frame)
    sigma = cut_map(whole.sigma_gauss, whole.grid, frame)
    found = CutOut(frame, field, np.ones_like(field), np.ones_like(field), sigma)
    reach = _reach(whole.correlation_length_deg, np.zeros_like(field), frame)
    return _point(whole.time, image_source, found, reach, how)


def _frame(region: TrackedRegion, time: Time, how: TrackSettings) -> CutoutFrame:
    longitude = region.longitude_at(time, how.rotation)
    return CutoutFrame(longitude, region.latitude_deg, how.size_deg, how.cell_deg)


def _hidden(frame: CutoutFrame, image_source: ImageSource, how: TrackSettings) -> Skipped | None:
    distance_deg = math.degrees(math.acos(min(1.0, max(-1.0, _mu(frame, image_source.view)))))
    if distance_deg <= how.within_deg:
        return None
    return Skipped(
        image_source.name,
        f"the region is {distance_deg:.1f}° from disk centre of {image_source.instrument} at "
        f"{image_source.view.time.isot[:19]}, expected at most {how.within_deg:g}°",
    )


def _mu(frame: CutoutFrame, view: View) -> float:
    middle = np.array(frame.longitude_deg), np.array(frame.latitude_deg)
    return float(project(*middle, view.observer, view.time)[2])


def _point(
    time: Time, image_source: ImageSource, found: CutOut, reach_cm2: Map, how: TrackSettings
) -> FluxPoint:
    meridian = image_source.view.observer.carrington_longitude_deg(image_source.view.time)
    return FluxPoint(
        time=time,
        image_source=image_source,
        meridian_deg=wrap_deg(found.frame.longitude_deg - meridian),
        mu=_mu(found.frame, image_source.view),
        unsigned_flux_mx=found.unsigned_flux_mx(how.threshold_gauss),
        net_flux_mx=found.net_flux_mx(how.threshold_gauss),
        sigma_mx=_sigma_mx(found, reach_cm2),
        cut=found,
    )


def _reach(correlation_deg: float | None, alone_cm2: Map, frame: CutoutFrame) -> Map:
    """Area over which the error of each cell is correlated: ∫ exp(-d / L) dA = 2π L².

    At least `alone_cm2`, the area of a pixel on the surface, and at most that of the frame.
    """
    whole_cm2 = frame.cell_cm2 * frame.side**2
    if correlation_deg is None:
        return np.full_like(alone_cm2, whole_cm2)
    together = 2 * math.pi * (math.radians(correlation_deg) * 100 * SOLAR_RADIUS_M) ** 2
    return np.clip(alone_cm2, together, whole_cm2)


def _sigma_mx(found: CutOut, reach_cm2: Map) -> float:
    """Error of the net flux, σ² = ∫∫ σ(x) σ(y) ρ(x - y) dA dA, for a σ that varies slowly."""
    seen = found.seen > 0
    variance = found.sigma_gauss**2 * reach_cm2 * found.seen * found.frame.cell_cm2
    return float(np.sqrt(variance[seen].sum()))
