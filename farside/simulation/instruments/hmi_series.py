"""Simulated series of HMI 45 s magnetograms, of the whole disk or a tile of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.time import Time, TimeDelta

from farside.denoising.derotation import TimedFrame, derotated_mean, surface_motion
from farside.disk.native_pixels import NativeGrid, NativeImage
from farside.io.atomic import atomic_path
from farside.io.wcs import disk_radius_arcsec
from farside.observation.image import Origin
from farside.simulation.instruments.camera import (
    Detector,
    ShellView,
    line_of_sight_field,
    trace_shell,
)
from farside.simulation.instruments.files import SIZES, ImageSizes, hmi_detector, write_field
from farside.simulation.instruments.headers import M_45S, hmi_header, hmi_name
from farside.simulation.instruments.registered import HMI_SCALE_ARCSEC
from farside.simulation.sun import SimulatedSun, Surface
from farside.sun.angles import wrap_deg
from farside.sun.grid import Image
from farside.sun.heliographic import differential_rotation_deg_per_day
from farside.sun.observer import Observer, earth

FRAMES = 21
"""Number of frames of a series: ten before and ten after the middle (Park et al. 2020, ApJL 891,
L4)."""

CENTRE_NOISE_GAUSS, LIMB_NOISE_GAUSS = 8.1, 10.3
"""Noise of a pixel of 0.504 arcsec at disk centre and at :data:`LIMB_MU`, for which
:func:`farside.denoising.noise.measure` gives 9.1 and 10.7 G, including the Sun's weak field."""

LIMB_MU = 0.39
"""μ at the middles of the limb boxes of :func:`farside.denoising.noise.measure`."""


@dataclass(frozen=True, eq=False)
class SeriesRenderer:
    """Renderer of a series: the field of its middle time, rotated differentially.

    Nothing emerges or decays in the quarter of an hour of a series, and the observer only moves in
    longitude, so the lines of sight are traced once.

    Attributes
    ----------
    surface
        Photosphere in the middle of the series.
    observer
        Position of the observer in the middle of the series.
    detector
        Full detector, or a tile of it.
    """

    surface: Surface
    observer: Observer
    detector: Detector

    @cached_property
    def view(self) -> ShellView:
        """Lines of sight of the pixels in the middle of the series."""
        return trace_shell(self.detector, self.observer, self.surface.time)

    @cached_property
    def noise_gauss(self) -> Image:
        """Noise of each pixel of a frame, (y, x), gauss; it rises from disk centre to the limb."""
        slope = (LIMB_NOISE_GAUSS - CENTRE_NOISE_GAUSS) / (1 - LIMB_MU)
        rising = CENTRE_NOISE_GAUSS + slope * (1 - self.view.mu)
        # The noise of a larger pixel is that of the mean of the pixels in it.
        return np.asarray(rising * (HMI_SCALE_ARCSEC / self.detector.scale_arcsec), np.float32)

    def fields(self, times: Sequence[Time]) -> Image:
        """Line-of-sight field without noise, (time, y, x), gauss, NaN off the disk."""
        turned = np.concatenate([self._longitude_deg(time) for time in times])
        repeats = (len(times), 1)
        latitude, mu, impact = (
            np.tile(plane, repeats)
            for plane in (self.view.latitude_deg, self.view.mu, self.view.impact)
        )
        seen = line_of_sight_field(
            self.surface.radial_field, ShellView(turned, latitude, mu, impact)
        )
        return seen.reshape(len(times), *self.view.mu.shape)

    def _longitude_deg(self, time: Time) -> Image:
        """Carrington longitude, in the middle of the series, of the points seen at `time`."""
        middle = self.surface.time
        days = float((time - middle).to_value("day"))
        passed = self.observer.carrington_longitude_deg(time)
        passed -= self.observer.carrington_longitude_deg(middle)
        turned = wrap_deg(passed) - self._drift_deg_per_day * days
        return np.asarray(self.view.longitude_deg + turned, np.float32)

    @cached_property
    def _drift_deg_per_day(self) -> Image:
        return differential_rotation_deg_per_day(self.view.latitude_deg.astype(np.float64)).astype(
            np.float32
        )

    def noisy(self, fields: Image, rng: np.random.Generator) -> Image:
        """Fields with independent noise added, of any leading axes."""
        return fields + self.noise_gauss * rng.standard_normal(fields.shape, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Tile:
    """Tile of a series of frames.

    Attributes
    ----------
    frames
        Noisy line-of-sight field, (frame, y, x), gauss, NaN off the disk.
    truth
        Field in the middle of the series without noise, (y, x), gauss.
    times
        Times of the frames, UTC.
    detector, observer
        Pixels of the tile as a detector of its own, and position of the observer.
    """

    frames: Image
    truth: Image
    times: tuple[Time, ...]
    detector: Detector
    observer: Observer

    def mean(self) -> Image:
        """Derotated mean of the frames, valid except for a margin.

        The margin is :data:`farside.denoising.derotation.MARGIN_PX`.
        """
        middle = self.times[len(self.times) // 2]
        drift = surface_motion(self.detector.pointing, self.truth.shape, self.observer, middle)
        seconds = [float((time - middle).to_value("s")) for time in self.times]
        return derotated_mean(map(TimedFrame, self.frames, seconds), drift)


def middle_frame(seen: Tile, mask_radius: float) -> NativeImage:
    """Middle frame of a tile, as if read from a file of its size."""
    detector, observer = seen.detector, seen.observer
    radius_px = detector.pointing.disk_radius_px(observer.distance_m)
    grid = NativeGrid(
        detector.size_px, radius_px, mask_radius, detector.centre_px, detector.roll_deg
    )
    number = len(seen.frames) // 2
    image = np.nan_to_num(seen.frames[number])  # pixels at the very limb may be NaN
    return NativeImage(image, grid, Origin("HMI", "LOS", seen.times[number], observer, "", ""))


def frame_times(middle: Time, count: int = FRAMES) -> tuple[Time, ...]:
    """Times of an odd number of 45 s frames around the slot nearest to `middle`, UTC.

    Raises
    ------
    ValueError
        `count` is even or less than 1.
    """
    if count < 1 or count % 2 == 0:
        raise ValueError(f"got {count} frames, expected an odd number")
    steps = (np.arange(count) - count // 2) * M_45S.cadence_s
    return tuple(M_45S.slot(middle + TimeDelta(step, format="sec")) for step in steps)


def tile(
    surface: Surface,
    centre: tuple[float, float],
    side_px: int,
    rng: np.random.Generator,
    count: int = FRAMES,
) -> Tile:
    """Series of frames of a small square of the disk, in HMI's own pixels.

    ``SimulatedSun(seed).at(time)`` makes the surface in seconds; a tile of it takes milliseconds.

    Parameters
    ----------
    surface
        Photosphere in the middle of the series; the frames are at the slots nearest to its time.
    centre
        Centre of the tile, west and north of disk centre in disk radii.
    side_px
        Side of the tile, in pixels of 0.504 arcsec, turned by 180° like HMI's.
    rng
        Random generator of the noise.
    count
        Number of frames, odd.
    """
    times = frame_times(surface.time, count)
    observer = earth(surface.time)
    film = SeriesRenderer(surface, observer, _part(hmi_detector(), observer, centre, side_px))
    (truth,) = film.fields(times[count // 2 : count // 2 + 1])
    frames = film.noisy(film.fields(times), rng)
    return Tile(frames, truth, times, film.detector, observer)


def _part(
    whole: Detector, observer: Observer, centre: tuple[float, float], side_px: int
) -> Detector:
    """Square part of a detector, in whole pixels, around a point of the disk."""
    roll = np.radians(whole.roll_deg)
    west, north = np.array(centre) * disk_radius_arcsec(observer.distance_m) / whole.scale_arcsec
    x = whole.centre_px[0] + west * np.cos(roll) + north * np.sin(roll)
    y = whole.centre_px[1] - west * np.sin(roll) + north * np.cos(roll)
    first = np.rint(np.array([x, y]) - (side_px - 1) / 2)
    shifted = (float(whole.centre_px[0] - first[0]), float(whole.centre_px[1] - first[1]))
    return replace(whole, size_px=side_px, centre_px=shifted)


@dataclass(frozen=True)
class SimulatedFrames:
    """Paths of the files of a series, in order of time, and of the noise-free middle frame."""

    frames: tuple[Path, ...]
    truth: Path


def write_frames(
    directory: Path,
    middle: Time,
    seed: int = 0,
    count: int = FRAMES,
    size: ImageSizes = SIZES["native"],
) -> SimulatedFrames:
    """Write a series of 45 s magnetograms as the JSOC does.

    Parameters
    ----------
    directory
        Output folder, created if missing; the truth goes to ``truth/`` in it.
    middle
        Time of the middle frame, which is at the nearest slot.
    seed
        Seed of the Sun.
    count
        Number of frames, odd.
    size
        Size of the images.
    """
    times = frame_times(middle, count)
    surface = SimulatedSun(seed).at(times[count // 2])
    film = SeriesRenderer(surface, earth(surface.time), hmi_detector(size))
    rng = np.random.default_rng([seed, 45])
    (directory / "truth").mkdir(parents=True, exist_ok=True)
    paths = []
    for time in times:
        (field,) = film.fields((time,))
        paths.append(_write(directory, film, time, film.noisy(field, rng)))
    (field,) = film.fields((surface.time,))
    return SimulatedFrames(
        tuple(paths), _write(directory / "truth", film, surface.time, field, "no noise was added")
    )


def _write(
    directory: Path, film: SeriesRenderer, time: Time, field: Image, history: str = ""
) -> Path:
    seen = int(np.isfinite(field).sum())
    header: fits.Header = hmi_header(time, film.observer, film.detector, seen, M_45S)
    if history:
        header.add_history(history)
    path = directory / hmi_name(time, M_45S)
    with atomic_path(path) as temporary:
        write_field(temporary, field, header)
    return path
