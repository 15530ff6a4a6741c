"""Real pictures of the Sun, and simulated ones of the same date, pixel size and clipping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from astropy.time import Time

from farside.disk.registration import grid_to_source
from farside.io.wcs import disk_radius_arcsec
from farside.observation.image import read
from farside.simulation.emission.corona import corona_of
from farside.simulation.grid import COARSE, FINE
from farside.simulation.instruments.camera import Camera, Detector, line_of_sight_field
from farside.simulation.instruments.exposure import TELESCOPES, counts, through_optics
from farside.simulation.sun import SimulatedSun, Surface
from farside.sun.grid import Grid, Image
from farside.sun.observer import SOLAR_RADIUS_M, Observer, earth
from training.realsun.sets import RealSet, read_sets

GRID = Grid(336, 120.0)
"""Grid of all measures: a disk of 240 px, and the corona to 1.4 solar radii."""

BANDS = ("304", "193", "171")

MM_PER_PX = SOLAR_RADIUS_M / 1e6 / GRID.disk_radius_px

OVERSAMPLED = 3
"""Number of rendered pixels per side of a real pixel, before averaging."""

WIDEST = 1.4
"""Half the side of a simulated picture, solar radii."""

FINE_FROM_PX = 150.0
"""Least disk radius that needs the finer lattice."""


@dataclass(frozen=True, eq=False)
class Picture:
    """Images of the Sun at one time on :data:`GRID`.

    Attributes
    ----------
    name
        Name of the set, or of the simulated Sun.
    time
        Time, UTC.
    light
        Brightness by band, any unit, off-limb too; bands may be missing.
    field
        Line-of-sight field in gauss, 0 off the disk, clipped at `clip_gauss`; None if it is too
        coarse to be compared with brightness.
    clip_gauss
        Field at which the magnetogram saturates.
    """

    name: str
    time: Time
    light: Mapping[str, Image]
    field: Image | None
    clip_gauss: float


@dataclass(frozen=True, eq=False)
class RealImages:
    """Real images of one date, and how they were sampled.

    Attributes
    ----------
    picture
        Images on :data:`GRID`.
    scale_arcsec
        Pixel size by band, and of ``"HMI"``.
    sampled
        Whether EUV pixels are single native pixels, not means.
    log_means
        Whether magnetogram pixels are means of the signed logarithm of smaller ones.
    """

    picture: Picture
    scale_arcsec: Mapping[str, float]
    sampled: bool
    log_means: bool


WITHOUT_FIELD = ("2010-05-25", "2020-01-01")
"""Sets whose magnetograms have steps of 45 and 12 G."""

SATURATED = ("2010-05-25",)
"""Sets in which the light saturates at a percentile of 99.5."""

SAMPLED = ("2024-01-01", "2020-01-01")
"""Sets of single native pixels, with the photon noise of one pixel."""


LOG_MEANS = "Giov25/"
"""Source of the sets whose magnetograms are means of sign(B) log(1 + |B| / 100 G)."""


def real_sets(folder: Path) -> list[RealImages]:
    """Read every set of AIA and HMI pictures in a folder; an empty list if there are none.

    Parameters
    ----------
    folder
        Folder of ``DATE/aia_304.fits``, ``aia_193.fits``, ``aia_171.fits`` and ``hmi.fits``.
    """
    sets = read_sets(folder) if folder.is_dir() else []
    return [_real_images(each) for each in sets if each.name not in SATURATED]


def _real_images(real: RealSet) -> RealImages:
    light, scale = {}, {}
    for band in BANDS:
        path = real.image_of(band)
        if path is not None:
            light[band], scale[band] = _on_grid(path)
    field, scale["HMI"] = _on_grid(real.magnetogram)
    clip = real.truth.clip_gauss
    kept = np.clip(_masked(field), -clip, clip) if real.name not in WITHOUT_FIELD else None
    picture = Picture(real.name, real.truth.view.time, light, kept, clip)
    log_means = real.source.startswith(LOG_MEANS)
    return RealImages(picture, scale, real.name in SAMPLED, log_means)


def _masked(field: Image) -> Image:
    return np.where(GRID.on_disk(), np.nan_to_num(field), np.float32(0))


def _on_grid(path: Path) -> tuple[Image, float]:
    """Image on the grid, and the size of its pixels in the file, arcsec."""
    observation = read(path)
    distance_m = observation.origin.observer.distance_m
    to_source, _ = grid_to_source(observation.pointing, GRID, distance_m)
    return _warped(observation.pixels, to_source), observation.pointing.scale_arcsec


def _warped(pixels: Image, to_source: np.ndarray) -> Image:
    """Warp onto the grid: mean of two by two linear samples per pixel."""
    linear, shift = to_source[:, :2], to_source[:, 2]
    fine = np.column_stack([linear / 2, linear @ np.full(2, -0.25) + shift])
    size = (2 * GRID.size_px, 2 * GRID.size_px)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(np.nan_to_num(pixels), fine, size, flags=flags)
    small = cv2.resize(seen, (GRID.size_px, GRID.size_px), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _stand_in(date: str, has_field: bool, log_means: bool, scale_arcsec: float) -> RealImages:
    """Date and pixel size of a real set without its pictures."""
    field = GRID.radius_px() if has_field else None
    picture = Picture(date, Time(date), {}, field, 1300.0)
    scale = dict.fromkeys((*BANDS, "HMI"), scale_arcsec)
    return RealImages(picture, scale, not log_means, log_means)


STAND_INS = (
    _stand_in("2020-01-01", False, False, 7.9),
    _stand_in("2023-07-01", True, True, 10.2),
    _stand_in("2023-09-04", True, True, 10.3),
    _stand_in("2023-11-08", True, True, 10.4),
    _stand_in("2024-01-01", True, False, 6.65),
)
"""Models for the simulated pictures if there are no real ones."""


def twin(real: RealImages, seed: int) -> Picture:
    """Picture of a simulated Sun with the date, pixel size and clipping of a real set."""
    time = Time(real.picture.time.isot)
    observer = earth(time)
    least = min(real.scale_arcsec.values())
    radius_px = disk_radius_arcsec(observer.distance_m) / least
    surface = SimulatedSun(seed).at(time, FINE if radius_px > FINE_FROM_PX else COARSE)
    rng = np.random.default_rng(seed)
    light = {}
    for band in real.picture.light or BANDS:
        camera = _camera(real.scale_arcsec[band], observer, time)
        light[band] = _seen(_exposed(real, surface, camera, f"AIA {band}", rng), camera)
    field = None
    if real.picture.field is not None:
        camera = _camera(real.scale_arcsec["HMI"], observer, time)
        field = np.nan_to_num(line_of_sight_field(surface.radial_field, camera.view()))
        field = _masked(_seen(field, camera, real.log_means))
        field = np.clip(field, -real.picture.clip_gauss, real.picture.clip_gauss)
    name = f"{real.picture.name}, seed {seed}"
    return Picture(name, time, light, field, real.picture.clip_gauss)


def _exposed(
    real: RealImages, surface: Surface, camera: Camera, name: str, rng: np.random.Generator
) -> Image:
    """Counts of the real pixels, or of single native ones."""
    telescope = TELESCOPES[name]
    light = through_optics(
        camera.euv(corona_of(surface), name), telescope, camera.detector.scale_arcsec
    )
    # Averaging combines the smaller pixels into one native pixel.
    scale = telescope.scale_arcsec / OVERSAMPLED if real.sampled else camera.detector.scale_arcsec
    return counts(light, telescope, camera.time, scale, rng)


def _camera(scale_arcsec: float, observer: Observer, time: Time) -> Camera:
    radius_px = disk_radius_arcsec(observer.distance_m) / scale_arcsec
    size = OVERSAMPLED * round(2 * WIDEST * radius_px)
    middle = (size - 1) / 2
    return Camera(Detector(size, scale_arcsec / OVERSAMPLED, (middle, middle)), observer, time)


def _seen(image: Image, camera: Camera, log_means: bool = False) -> Image:
    """Average to the real pixels, then warp onto the grid like the real picture."""
    detector = camera.detector
    side = detector.size_px // OVERSAMPLED
    if log_means:
        image = np.sign(image) * np.log1p(np.abs(image) / 100)
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    if log_means:
        small = np.sign(small) * np.expm1(np.abs(small)) * 100
    ratio = side / (2 * WIDEST * GRID.disk_radius_px)
    shift = (side - 1) / 2 - ratio * GRID.centre_px
    return _warped(small.astype(np.float32), np.array([[ratio, 0, shift], [0, ratio, shift]]))
