"""Time series of a simulated Sun: true, seen from Earth, and generated at the far side."""

from __future__ import annotations

from dataclasses import dataclass

import astropy.units as u
import numpy as np
from astropy.time import Time
from numpy.typing import NDArray
from rich.progress import track

from farside.disk.registration import Disk
from farside.evaluation.flux import pixel_area_cm2, polar_field
from farside.model.engine import Engine, Model
from farside.observation.image import Origin
from farside.pipeline import translate
from farside.simulation.grid import Lattice
from farside.simulation.magnetic.cycle import CYCLE_DAYS, EPOCH, ActiveRegion
from farside.simulation.scene import stereo
from farside.simulation.sun import SimulatedSun, Surface
from farside.sun.grid import Grid, Image
from farside.sun.heliographic import differential_rotation_deg_per_day, lines_of_sight, trace
from farside.sun.observer import Observer, View, earth
from farside.sun.reference_epoch import SYNODIC_PERIOD_DAYS, reference_time
from training.data.pairing import CHANNELS, FAR_CHANNELS, Pair
from training.data.sample import Sample
from training.data.simulated import RenderFunction, lattice_for

OPPOSITE_DEG = 180.0
"""Stonyhurst longitude of the spacecraft."""

NEAR_CENTRE_DEG = 60.0
"""Greatest distance from disk centre at which a region is measured."""

STEP_DAYS = 3.0
ROTATIONS = 3

MOST_ROTATIONS = 40
"""Number of rotations searched for a region."""

POLAR_POINTS = 24

STREAM = 91
"""Seed component of this module's random numbers."""


@dataclass(frozen=True)
class RegionSeries:
    """Unsigned radial flux of one region's neighbourhood.

    Attributes
    ----------
    days
        Days since its emergence.
    true_mx
        True flux on each day.
    measured_mx, generated_mx
        Day and flux when the region is near the centre of the disk seen from Earth, or from the
        spacecraft.
    """

    title: str
    days: tuple[float, ...]
    true_mx: tuple[float, ...]
    measured_mx: tuple[tuple[float, float], ...]
    generated_mx: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class PolarSeries:
    """Mean radial field of the visible parts of both polar caps over a cycle."""

    title: str
    years: tuple[float, ...]
    generated_north_gauss: tuple[float, ...]
    generated_south_gauss: tuple[float, ...]
    true_north_gauss: tuple[float, ...]
    true_south_gauss: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class SeriesInputs:
    """Simulated Sun, renderer and model of a time series."""

    sun: SimulatedSun
    see: RenderFunction
    model: Model
    engine: Engine

    @property
    def grid(self) -> Grid:
        """Grid of the model."""
        return self.model.recipe.disk

    def surface(self, time: Time) -> Surface:
        """Surface at one time, as fine as the grid needs."""
        return self.sun.at(time, lattice_for(self.grid))

    def disks(self, surface: Surface, observer: Observer, far: bool) -> tuple[Disk, ...]:
        """Render three EUV disks and the line-of-sight field."""
        rng = np.random.default_rng([self.sun.seed, STREAM, round(surface.time.mjd * 24), far])
        planes = self.see(surface, observer, "EUVI" if far else "SDO", self.grid, rng)
        inside = self.grid.on_disk()
        names = (channel.split(" ") for channel in (FAR_CHANNELS if far else CHANNELS))
        return tuple(
            Disk(
                np.where(inside, plane, np.float32(np.nan)),
                self.grid,
                Origin(instrument, band, surface.time, observer, "", ""),
            )
            for plane, (instrument, band) in zip(planes, names, strict=True)
        )

    def generated(self, far: Surface) -> tuple[Image, Image, View]:
        """Generated and true field of the far side, and their view."""
        sample = self.sample(far, OPPOSITE_DEG)
        made = translate(sample.stack(self.model.recipe), self.model, self.engine)
        return made.image, sample.truth.image, View(made.observer, far.time)

    def sample(self, far: Surface, longitude_deg: float) -> Sample:
        """Images from a spacecraft at a Stonyhurst longitude, with references and truth."""
        then = reference_time(far.time, longitude_deg)
        observer = stereo(far.time, longitude_deg)
        *observed, truth = self.disks(far, observer, far=True)
        referenced = self.disks(self.surface(then), earth(then), far=False)
        age_days = float((far.time - then).to_value("day"))
        pair = Pair(target=0, reference=1, age_days=age_days, shift_deg=0.0, test=True)
        return Sample(tuple(observed), referenced, truth, pair, self.sun.seed)


def follow_region(inputs: SeriesInputs, start: Time) -> RegionSeries:
    """Follow the strongest region of the rotation after `start`, or of the next that has any."""
    region = _strongest(inputs.sun, start)
    days = np.arange(-STEP_DAYS, ROTATIONS * SYNODIC_PERIOD_DAYS, STEP_DAYS)
    true, measured, generated = [], [], []
    for day in track(days.tolist(), "following a region"):
        surface = inputs.surface(_time(region.day + day))
        place = _place(region, day)
        true.append(_true_mx(surface, place))
        here = earth(surface.time)
        if _near_centre(place, View(here, surface.time)):
            field = inputs.disks(surface, here, far=False)[-1].image
            measured.append((day, _seen_mx(field, place, inputs.grid, View(here, surface.time))))
        elif _near_centre(place, View(stereo(surface.time, OPPOSITE_DEG), surface.time)):
            image, _, view = inputs.generated(surface)
            generated.append((day, _seen_mx(image, place, inputs.grid, view)))
    title = (
        f"seed {inputs.sun.seed}, region of {region.flux_mx:.1e} Mx a polarity, "
        f"{_time(region.day).isot[:10]}"
    )
    return RegionSeries(title, tuple(days), tuple(true), tuple(measured), tuple(generated))


def follow_poles(inputs: SeriesInputs, points: int = POLAR_POINTS) -> PolarSeries:
    """Follow the polar field over cycle 24, from one minimum to the next."""
    made, true, years = [], [], []
    for step in track(range(points), "following the poles"):
        time = _time(step * CYCLE_DAYS / points)
        image, truth, view = inputs.generated(inputs.surface(time))
        made.append(polar_field(image, inputs.grid, view.observer, time))
        true.append(polar_field(truth, inputs.grid, view.observer, time))
        years.append(float(time.jyear))
    return PolarSeries(
        title=f"seed {inputs.sun.seed}, seen from the far side",
        years=tuple(years),
        generated_north_gauss=tuple(each.north_gauss for each in made),
        generated_south_gauss=tuple(each.south_gauss for each in made),
        true_north_gauss=tuple(each.north_gauss for each in true),
        true_south_gauss=tuple(each.south_gauss for each in true),
    )


@dataclass(frozen=True)
class _Place:
    longitude_deg: float
    latitude_deg: float
    radius_deg: float


def _strongest(sun: SimulatedSun, start: Time) -> ActiveRegion:
    """Strongest region of the first rotation in which any emerges."""
    for rotation in range(MOST_ROTATIONS):
        begin = start + rotation * SYNODIC_PERIOD_DAYS * u.day
        regions = sun.regions(begin + SYNODIC_PERIOD_DAYS * u.day)
        emerged = [region for region in regions if region.day > sun.day(begin)]
        if emerged:
            return max(emerged, key=lambda region: region.flux_mx)
    raise ValueError(f"seed {sun.seed}: no region emerges for years after {start.isot[:10]}")


def _place(region: ActiveRegion, days: float) -> _Place:
    drift = float(differential_rotation_deg_per_day(np.array(region.latitude_deg))) * days
    radius = 1.5 * region.separation_deg
    return _Place((region.longitude_deg + drift) % 360, region.latitude_deg, radius)


def _time(day: float) -> Time:
    return Time((EPOCH + day * u.day).utc.isot, format="isot", scale="utc")


def _true_mx(surface: Surface, place: _Place) -> float:
    lattice: Lattice = surface.lattice
    longitude, latitude = np.meshgrid(lattice.longitude_deg, lattice.latitude_deg)
    around = _cosine(place, longitude, latitude) > np.cos(np.radians(place.radius_deg))
    flux = np.abs(surface.radial_field) * lattice.cell_cm2
    return float(flux[around].sum(dtype=np.float64))


def _seen_mx(field: Image, place: _Place, grid: Grid, view: View) -> float:
    """Unsigned radial flux around a place: 1/μ for the field, and 1/μ for the area."""
    points = trace(*lines_of_sight(grid, view.observer), view.observer, view.time)
    near = _cosine(place, points.longitude_deg, points.latitude_deg)
    around = (near > np.cos(np.radians(place.radius_deg))) & grid.on_disk()
    return float((np.abs(field[around]) / points.mu[around] ** 2).sum() * pixel_area_cm2(grid))


def _near_centre(place: _Place, view: View) -> bool:
    centre = view.observer.carrington_longitude_deg(view.time), view.observer.latitude_deg
    cosine = _cosine(place, *(np.array(each) for each in centre))
    return bool(cosine > np.cos(np.radians(NEAR_CENTRE_DEG)))


def _cosine(
    place: _Place, longitude_deg: NDArray[np.floating], latitude_deg: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Cosine of the distance from a place."""
    away = np.radians(longitude_deg - place.longitude_deg)
    here, there = np.radians(place.latitude_deg), np.radians(latitude_deg)
    return np.asarray(
        np.sin(here) * np.sin(there) + np.cos(here) * np.cos(there) * np.cos(away), np.float64
    )
