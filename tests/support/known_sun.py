"""A simulated Sun that is known all over, seen by HMI for a rotation and by both STEREO now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import astropy.units as u
import numpy as np
from astropy.time import Time

from farside.disk.registration import Disk
from farside.magnetogram.magnetogram import Magnetogram
from farside.magnetogram.stack import Stack, align
from farside.model.engine import Engine, find_model
from farside.model.engines import embedded
from farside.observation.image import Origin
from farside.pipeline import translate
from farside.quality import Quality
from farside.simulation.grid import COARSE
from farside.simulation.instruments.camera import Detector, line_of_sight_field, trace_shell
from farside.simulation.instruments.registered import (
    BANDS,
    InstrumentSuite,
    noise_gauss,
    render_view,
)
from farside.simulation.magnetic.cycle import ActiveRegion
from farside.simulation.scene import stereo
from farside.simulation.sun import SimulatedSun, Surface
from farside.sun.angles import wrap_deg
from farside.sun.carrington_grid import CarringtonGrid, Map, resample
from farside.sun.carrington_rotation import central_longitude_deg
from farside.sun.grid import Grid, Image
from farside.sun.observer import Observer, earth
from farside.sun.reference_epoch import reference_time
from farside.synchronic import disk as map_disk
from farside.synchronic.disk import MapDisk
from tests.support.live import ROOT

GRID = CarringtonGrid()
MODELS = "farside-1", "pix2pixcc-demo"
"""Models whose disks are merged: the flagship, and the small demonstration model."""

SPACECRAFT = {"A": 130.0, "B": -135.0}
"""Stonyhurst longitudes in early 2013: together they see all that Earth does not."""

FIRST_DATE = Time("2012-03-01T00:00:00.000", scale="utc")
SEED_DAYS, SEASON_DAYS = 131, 1200
"""Dates of the seeds, over the maximum of cycle 24."""

ROTATION_DAYS = 27.0
NEW_DAYS = 3.0
"""Age of an added region, fully grown and within the reach of no earlier HMI disk."""

STRONG_GAUSS = 50.0
"""Mean over a degree from which on a cell belongs to an active region."""

REGION_DEG = 7.0
"""Radius within which a region of 3e22 Mx has its flux."""

BLOCK = 10
"""Cells along the side of a block whose flux is compared."""


@dataclass(frozen=True, eq=False)
class KnownSun:
    """One Sun at one time.

    Attributes
    ----------
    truth
        Radial gauss on :data:`GRID`.
    observed
        HMI now.
    generated
        By model: its disks for all spacecraft.
    earlier
        HMI's disks of the last rotation, oldest first, none of today.
    added
        Regions that were added to the far side.
    """

    time: Time
    truth: Map
    observed: MapDisk
    generated: Mapping[str, tuple[MapDisk, ...]]
    earlier: tuple[MapDisk, ...]
    added: tuple[ActiveRegion, ...] = ()


@dataclass(frozen=True)
class RegionScores:
    """Of a region in a map, relative to another map.

    Attributes
    ----------
    flux, dipole
        Unsigned flux, and dipole moment along that of the other map, within 7° of the centre.
    """

    flux: float
    dipole: float


@dataclass(frozen=True)
class Scores:
    """Of a map on the hemisphere that Earth does not see.

    Attributes
    ----------
    correlation
        With the truth, cells of one degree.
    flux_error
        Σ|Φ - Φ_true| / Σ Φ_true of the unsigned flux of active regions in blocks of 10 by 10 cells.
    rms_gauss
        Root mean square error of the cells.
    """

    correlation: float
    flux_error: float
    rms_gauss: float


class SunWithNewRegions(SimulatedSun):
    """Simulated Sun with further active regions, too young for the transport."""

    def __init__(self, seed: int, added: Sequence[ActiveRegion]) -> None:
        super().__init__(seed)
        self.added = tuple(added)

    def regions(self, time: Time) -> tuple[ActiveRegion, ...]:
        """Active regions at `time`, those added last."""
        return *super().regions(time), *(each for each in self.added if each.day <= self.day(time))


def time_of(seed: int) -> Time:
    """Time of a seed, over the maximum of cycle 24."""
    return Time((FIRST_DATE + seed * SEED_DAYS % SEASON_DAYS * u.day).isot, scale="utc")


def new_region(
    seed: int, longitude_deg: float, latitude_deg: float, flux_mx: float, leading: int
) -> ActiveRegion:
    """Active region at a Stonyhurst longitude that emerged three days before the time of a seed."""
    time = time_of(seed)
    return ActiveRegion(
        day=SimulatedSun(seed).day(time) - NEW_DAYS,
        longitude_deg=(central_longitude_deg(time) + longitude_deg) % 360,
        latitude_deg=latitude_deg,
        flux_mx=flux_mx,
        tilt_deg=6.0,
        leading=leading,
        anti_hale=False,
        number=900 + round(longitude_deg),
    )


def known_sun(
    seed: int,
    step_days: float = 1.0,
    spacecraft: Mapping[str, float] = SPACECRAFT,
    added: Sequence[ActiveRegion] = (),
) -> KnownSun:
    """Make one; HMI is looked at every `step_days` of the rotation before."""
    sun, rng = SunWithNewRegions(seed, added), np.random.default_rng([seed, 5])
    time = time_of(seed)
    earlier = tuple(
        _hmi(sun.at(Time((time - days * u.day).isot, scale="utc"), COARSE), rng)
        for days in np.arange(ROTATION_DAYS, 0, -step_days)
    )
    now = sun.at(time, COARSE)
    return KnownSun(
        time=time,
        truth=_truth(now),
        observed=_hmi(now, rng),
        generated=_generated(sun, now, spacecraft, rng),
        earlier=earlier,
        added=tuple(added),
    )


def score(field: Map, known: KnownSun, seen: Map) -> Scores:
    """Compare a map with the truth where `seen` is 0."""
    far = seen == 0
    flux, true = (_block_flux(np.where(far, each, 0)) for each in (field, known.truth))
    return Scores(
        correlation=float(np.corrcoef(field[far], known.truth[far])[0, 1]),
        flux_error=float(np.abs(flux - true).sum() / true.sum()),
        rms_gauss=float(np.sqrt(np.mean((field - known.truth)[far] ** 2))),
    )


def score_region(field: Map, other: Map, region: ActiveRegion) -> RegionScores:
    """Compare flux and dipole moment of a region in two maps."""
    east = np.radians(wrap_deg(GRID.longitude_deg - region.longitude_deg))[None, :]
    north = np.radians(GRID.latitude_deg - region.latitude_deg)[:, None]
    east = east * np.cos(np.radians(GRID.latitude_deg))[:, None]
    near = east**2 + north**2 < np.radians(REGION_DEG) ** 2
    axes = np.stack([east, np.broadcast_to(north, east.shape)])
    flux, other_flux = (float((np.abs(each) * near).sum()) for each in (field, other))
    dipole, other_dipole = ((each * near * axes).sum(axis=(1, 2)) for each in (field, other))
    return RegionScores(
        flux=flux / other_flux,
        dipole=float(dipole @ other_dipole / (other_dipole @ other_dipole)),
    )


def _block_flux(field: Map) -> Map:
    strong = np.abs(field) * (np.abs(field) > STRONG_GAUSS) * GRID.area
    rows, columns = GRID.shape
    blocks = strong.reshape(rows // BLOCK, BLOCK, columns // BLOCK, BLOCK)
    return np.asarray(blocks.sum(axis=(1, 3)))


def _truth(surface: Surface) -> Map:
    rows, columns = surface.radial_field.shape
    lattice = CarringtonGrid(columns, rows, "uniform")
    return resample(surface.radial_field.astype(np.float64), lattice, GRID)


def _hmi(surface: Surface, rng: np.random.Generator) -> MapDisk:
    """The magnetogram alone, without the EUV."""
    grid, observer = _grids()[0], earth(surface.time)
    detector = Detector.of_grid(grid, observer)
    field = line_of_sight_field(surface.radial_field, trace_shell(detector, observer, surface.time))
    image = np.where(grid.on_disk(), field + noise_gauss(detector, rng), np.float32(np.nan))
    return map_disk.observed_disk(
        Disk(image, grid, Origin("HMI", "LOS", surface.time, observer, "", ""))
    )


def _generated(
    sun: SimulatedSun, now: Surface, spacecraft: Mapping[str, float], rng: np.random.Generator
) -> dict[str, tuple[MapDisk, ...]]:
    """Disks of each model, all from the same images, averaged to the grid of each."""
    sides = [_inputs(sun, now, side, longitude, rng) for side, longitude in spacecraft.items()]
    return {
        model: tuple(map_disk.generated_disk(_product(model, now.time, *given)) for given in sides)
        for model in MODELS
    }


def _inputs(
    sun: SimulatedSun, now: Surface, side: str, longitude_deg: float, rng: np.random.Generator
) -> tuple[str, Observer, list[Disk]]:
    """Spacecraft, where it is, and the images of a set."""
    then = Time(reference_time(now.time, longitude_deg).isot, scale="utc")
    observer = stereo(now.time, longitude_deg)
    return (
        f"STEREO_{side}",
        observer,
        [
            *_disks(
                render_view(now, observer, "EUVI", _grids()[-1], rng)[:3],
                "EUVI",
                side,
                now.time,
                observer,
            ),
            *_disks(
                render_view(sun.at(then, COARSE), earth(then), "SDO", _grids()[-1], rng),
                "SDO",
                side,
                then,
            ),
        ],
    )


def _product(
    name: str, time: Time, side: str, observer: Observer, disks: list[Disk]
) -> Magnetogram:
    model = find_model(_engine(), name)
    stack = Stack(
        disks=align([_on(disk, model.recipe.disk) for disk in disks], model.recipe, observer, time),
        time=time,
        observer=observer,
        spacecraft=side,
        quality=Quality.SIMULATED_TRAINING,
    )
    return translate(stack, model, _engine())


def _disks(
    planes: Image,
    instrument: InstrumentSuite,
    side: str,
    time: Time,
    observer: Observer | None = None,
) -> Sequence[Disk]:
    names = [name.split() for name in BANDS[instrument]] + [["HMI", "LOS"]]
    names = [[f"EUVI-{side}" if first == "EUVI" else first, band] for first, band in names]
    grid = _grids()[-1]
    masked = np.where(grid.on_disk(), planes, np.float32(np.nan))
    return [
        Disk(plane, grid, Origin(first, band, time, observer or earth(time), "", ""))
        for plane, (first, band) in zip(masked, names, strict=False)
    ]


@lru_cache
def _engine() -> Engine:
    return embedded(ROOT / "model_repository", 1, "float32")


def _grids() -> list[Grid]:
    """Grids of the models, the coarsest first."""
    grids = {find_model(_engine(), model).recipe.disk for model in MODELS}
    return sorted(grids, key=lambda grid: grid.size_px)


def _on(disk: Disk, grid: Grid) -> Disk:
    """Means of blocks of pixels, on a grid that is coarser by a whole factor, or the same."""
    means = disk.grid.block_means(disk.image, disk.grid.factor_over(grid))
    return replace(disk, image=means, grid=grid)
