"""The Sun as HMI's 45 s magnetograms show it, one frame after another, whole or as a tile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.time import Time, TimeDelta

from farside.denoising.derotation import TimedFrame, drift_of, following_mean
from farside.disk.native_pixels import NativeGrid, NativeImage
from farside.io.atomic import replacing
from farside.io.wcs import disk_radius_arcsec
from farside.observation.image import Origin
from farside.simulation.instruments.camera import Detector, View, line_of_sight_field, look
from farside.simulation.instruments.files import SIZES, Size, hmi_detector, write_field
from farside.simulation.instruments.headers import M_45S, hmi_header, hmi_name
from farside.simulation.instruments.registered import HMI_SCALE_ARCSEC
from farside.simulation.sun import SimulatedSun, Surface
from farside.sun.angles import folded_deg
from farside.sun.grid import Image
from farside.sun.heliographic import drift_deg_per_day
from farside.sun.observer import Observer, earth

FRAMES = 21
"""Of a series: ten before and ten after the middle (Park et al. 2020, ApJL 891, L4)."""

CENTRE_NOISE_GAUSS, LIMB_NOISE_GAUSS = 8.1, 10.3
"""Noise of a pixel of 0.504 arcsec at disk centre and where μ is :data:`LIMB_MU`, so that
:func:`farside.denoising.noise.measure` gives 9.1 and 10.7 G, the weak field of the Sun included."""

LIMB_MU = 0.39
"""Of the middles of the boxes at the limb that :func:`farside.denoising.noise.measure` looks at."""


@dataclass(frozen=True, eq=False)
class Film:
    """The field that passes before a detector: its lines of sight are traced once.

    Nothing emerges and nothing decays in the quarter of an hour of a series: the field of its
    middle is carried by differential rotation. The Earth, too, only goes round.

    Attributes
    ----------
    surface
        The Sun in the middle of the series.
    observer
        Who looks, then.
    detector
        A whole one, or a tile of it.
    """

    surface: Surface
    observer: Observer
    detector: Detector

    @cached_property
    def view(self) -> View:
        """Where each pixel looks in the middle of the series."""
        return look(self.detector, self.observer, self.surface.time)

    @cached_property
    def noise_gauss(self) -> Image:
        """Standard deviation of each pixel of a frame; it rises from disk centre to the limb."""
        slope = (LIMB_NOISE_GAUSS - CENTRE_NOISE_GAUSS) / (1 - LIMB_MU)
        rising = CENTRE_NOISE_GAUSS + slope * (1 - self.view.mu)
        # The noise of a larger pixel is that of the mean of those that it holds.
        return np.asarray(rising * (HMI_SCALE_ARCSEC / self.detector.scale_arcsec), np.float32)

    def fields(self, times: Sequence[Time]) -> Image:
        """The line-of-sight field without noise, (time, y, x), gauss, NaN off the disk."""
        turned = np.concatenate([self._longitude_deg(time) for time in times])
        repeats = (len(times), 1)
        latitude, mu, impact = (
            np.tile(plane, repeats)
            for plane in (self.view.latitude_deg, self.view.mu, self.view.impact)
        )
        seen = line_of_sight_field(self.surface.radial_field, View(turned, latitude, mu, impact))
        return seen.reshape(len(times), *self.view.mu.shape)

    def _longitude_deg(self, time: Time) -> Image:
        """Where what is seen at `time` was in the middle of the series, Carrington."""
        middle = self.surface.time
        days = float((time - middle).to_value("day"))
        passed = self.observer.carrington_longitude_deg(time)
        passed -= self.observer.carrington_longitude_deg(middle)
        turned = folded_deg(passed) - self._drift_deg_per_day * days
        return np.asarray(self.view.longitude_deg + turned, np.float32)

    @cached_property
    def _drift_deg_per_day(self) -> Image:
        return drift_deg_per_day(self.view.latitude_deg.astype(np.float64)).astype(np.float32)

    def noisy(self, fields: Image, rng: np.random.Generator) -> Image:
        """Some fields with the noise of a frame each, of any leading axes."""
        return fields + self.noise_gauss * rng.standard_normal(fields.shape, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Tile:
    """A part of a series.

    Attributes
    ----------
    frames
        With noise, (frame, y, x), gauss, NaN off the disk.
    truth
        The field in the middle of the series without noise, (y, x).
    times
        Of the frames, UTC.
    detector, observer
        Its pixels, as a detector that sees nothing else, and who looks.
    """

    frames: Image
    truth: Image
    times: tuple[Time, ...]
    detector: Detector
    observer: Observer

    def mean(self) -> Image:
        """Mean of the frames, each turned to the middle one; of worth but for a margin.

        See :data:`farside.denoising.derotation.MARGIN_PX`.
        """
        middle = self.times[len(self.times) // 2]
        drift = drift_of(self.detector.pointing, self.truth.shape, self.observer, middle)
        seconds = [float((time - middle).to_value("s")) for time in self.times]
        return following_mean(map(TimedFrame, self.frames, seconds), drift)


def middle_frame(seen: Tile, mask_radius: float) -> NativeImage:
    """The middle frame of a tile as a file would give it, were the detector no larger."""
    detector, observer = seen.detector, seen.observer
    radius_px = detector.pointing.disk_radius_px(observer.distance_m)
    grid = NativeGrid(
        detector.size_px, radius_px, mask_radius, detector.centre_px, detector.roll_deg
    )
    number = len(seen.frames) // 2
    image = np.nan_to_num(seen.frames[number])  # the last pixel of the limb may have no value
    return NativeImage(image, grid, Origin("HMI", "LOS", seen.times[number], observer, "", ""))


def frame_times(middle: Time, count: int = FRAMES) -> tuple[Time, ...]:
    """The slots of an odd number of 45 s frames around the slot nearest to `middle`, UTC.

    Raises
    ------
    ValueError
        An even number has no middle.
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
    """Look at a small square of the disk in HMI's own pixels, some frames long.

    ``SimulatedSun(seed).at(time)`` makes the surface in seconds; a tile of it takes milliseconds.

    Parameters
    ----------
    surface
        The Sun in the middle of the series; the slots are those nearest to its time.
    centre
        Of the tile, solar west and north of disk centre in radii of the disk.
    side_px
        Of the tile, pixels of 0.504 arcsec, turned by 180° as HMI's are.
    rng
        Of the noise.
    count
        Of the frames, odd.
    """
    times = frame_times(surface.time, count)
    observer = earth(surface.time)
    film = Film(surface, observer, _part(hmi_detector(), observer, centre, side_px))
    (truth,) = film.fields(times[count // 2 : count // 2 + 1])
    frames = film.noisy(film.fields(times), rng)
    return Tile(frames, truth, times, film.detector, observer)


def _part(
    whole: Detector, observer: Observer, centre: tuple[float, float], side_px: int
) -> Detector:
    """The square of a detector around a place on the disk, whole pixels of it."""
    roll = np.radians(whole.roll_deg)
    west, north = np.array(centre) * disk_radius_arcsec(observer.distance_m) / whole.scale_arcsec
    x = whole.centre_px[0] + west * np.cos(roll) + north * np.sin(roll)
    y = whole.centre_px[1] - west * np.sin(roll) + north * np.cos(roll)
    first = np.rint(np.array([x, y]) - (side_px - 1) / 2)
    shifted = (float(whole.centre_px[0] - first[0]), float(whole.centre_px[1] - first[1]))
    return replace(whole, size_px=side_px, centre_px=shifted)


@dataclass(frozen=True)
class SimulatedFrames:
    """Where the files of a series lie, in the order of time, and the noise-free middle one."""

    frames: tuple[Path, ...]
    truth: Path


def write_frames(
    directory: Path,
    middle: Time,
    seed: int = 0,
    count: int = FRAMES,
    size: Size = SIZES["native"],
) -> SimulatedFrames:
    """Write a series of 45 s magnetograms as the JSOC does.

    Parameters
    ----------
    directory
        Made if it is not there; the truth goes to ``truth/`` inside.
    middle
        The slot nearest to it is that of the middle frame.
    seed
        Names the Sun.
    count
        Of the frames, odd.
    """
    times = frame_times(middle, count)
    surface = SimulatedSun(seed).at(times[count // 2])
    film = Film(surface, earth(surface.time), hmi_detector(size))
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


def _write(directory: Path, film: Film, time: Time, field: Image, history: str = "") -> Path:
    seen = int(np.isfinite(field).sum())
    header: fits.Header = hmi_header(time, film.observer, film.detector, seen, M_45S)
    if history:
        header.add_history(history)
    path = directory / hmi_name(time, M_45S)
    with replacing(path) as temporary:
        write_field(temporary, field, header)
    return path
