"""Training samples of the simulated Sun, rendered straight on the registered grid.

Each sample is a Sun of its own (one seed), seen once, in physical units: six EUV disks in medians,
the reference magnetogram and the truth in gauss.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from astropy.time import Time
from rich.progress import track

from farside.grid import Grid, Image
from farside.observer import Observer
from farside.simulation.camera import Detector, View, euv_image, line_of_sight_field, look
from farside.simulation.corona import EMISSION, radiance
from farside.simulation.scene import AIA_BANDS, EUVI_BANDS, Scene, earth
from farside.simulation.sun import Surface

GRID = Grid(256, 112.5)
DATES = (Time("2021-01-01T00:00:00"), Time("2028-01-01T00:00:00"))
"""Cycle 25, from its rise to its decline: one Hale polarity law."""

NOISE_GAUSS = 0.4
"""Of M_720s (6.3 G at 0.504 arcsec) averaged over the 285 pixels that make one of GRID."""

FIRST_TRAINING_SEED = 1_000_000
"""Seeds below are for scoring and for users; no training sample has one."""


@dataclass(frozen=True)
class Sample:
    """One scene on GRID.

    Attributes
    ----------
    planes
        (8, y, x): EUVI 304, 195, 171, AIA 304, 193, 171 in medians; HMI and the truth in gauss.
        0 off the disk.
    age_days
        Age of the reference.
    """

    planes: Image
    age_days: float


def render(seed: int) -> Sample:
    """The sample of a seed: its date, its spacecraft's longitude and its Sun all follow from it."""
    rng = np.random.default_rng([seed, 7])
    time = DATES[0] + rng.random() * (DATES[1] - DATES[0])
    scene = Scene.of(seed, Time(time.isot), float(rng.uniform(0, 360)))
    there = _look(scene.spacecraft, scene.time)
    here = _look(earth(scene.reference_time), scene.reference_time)
    planes = [_euv(scene.far, band, there) for band in EUVI_BANDS]
    planes += [_euv(scene.front, band, here) for band in AIA_BANDS]
    planes += [_field(scene.front, here, rng), _field(scene.far, there, rng)]
    age = float((scene.time - scene.reference_time).to_value("day"))
    return Sample(np.stack(planes), age)


def _look(observer: Observer, time: Time) -> View:
    fine = Grid(2 * GRID.size_px, 2 * GRID.disk_radius_px)
    return look(Detector.of_grid(fine, observer), observer, time)


def _shrink(image: Image) -> Image:
    small = cv2.resize(image, (GRID.size_px, GRID.size_px), interpolation=cv2.INTER_AREA)
    return np.where(GRID.on_disk(), small, np.float32(0))


def _euv(surface: Surface, band: str, view: View) -> Image:
    image = _shrink(euv_image(radiance(surface, band), view, EMISSION[band]))
    return image / np.median(image[GRID.on_disk()])


def _field(surface: Surface, view: View, rng: np.random.Generator) -> Image:
    field = _shrink(np.nan_to_num(line_of_sight_field(surface.radial_field, view)))
    noise = rng.normal(0, NOISE_GAUSS, field.shape).astype(np.float32)
    return field + noise * GRID.on_disk()


def _store(seed: int, path: Path) -> None:
    np.save(path, render(seed).planes.astype(np.float16))


def main() -> None:
    """Render the samples that are not there yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--first-seed", type=int, default=FIRST_TRAINING_SEED)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.count)
    paths = {seed: arguments.folder / f"{seed}.npy" for seed in seeds}
    missing = [seed for seed, path in paths.items() if not path.exists()]
    with ProcessPoolExecutor(arguments.processes) as pool:
        jobs = pool.map(_store, missing, [paths[seed] for seed in missing], chunksize=8)
        for _ in track(jobs, "rendering", total=len(missing)):
            pass


if __name__ == "__main__":
    main()
