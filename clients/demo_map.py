"""Second half of the demonstration: the synchronic map, scored against the simulated truth."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

from farside import solarwind
from farside.client import Client
from farside.plots import synchronic as mappicture
from farside.simulation.grid import COARSE
from farside.simulation.instruments.files import SIZES, write_hmi
from farside.simulation.sun import SimulatedSun, Surface
from farside.sun.carrington_grid import CarringtonGrid, Map, resample
from farside.synchronic import fits as synchronic_fits
from farside.synchronic.disk import read_generated, read_observed
from farside.synchronic.map import BaseMap, SynchronicMap
from farside.synchronic.merge import synchronic
from farside.synchronic.project import project_disk

DAYS_BEFORE = range(25, 0, -3)
"""Ages of the HMI magnetograms in the base map, days: the last rotation without the current day."""


@dataclass(frozen=True, eq=False)
class MapInputs:
    """Inputs of the map besides the far-side product, and the truth.

    Attributes
    ----------
    observed, base
        Current HMI magnetogram, and synchronic map of HMI's last rotation.
    truth
        True radial field on the grid of the map, gauss.
    """

    observed: Path
    base: Path
    truth: Map


def simulate(folder: Path, time: Time, seed: int) -> MapInputs:
    """Simulate HMI magnetograms of one rotation, and merge them into a base map."""
    folder.mkdir(parents=True, exist_ok=True)
    sun, rng = SimulatedSun(seed), np.random.default_rng([seed, 9])
    base: BaseMap | None = None
    for days in DAYS_BEFORE:
        surface = sun.at(Time((time - days * u.day).isot, scale="utc"), COARSE)
        disk = read_observed(write_hmi(folder, surface, rng, SIZES["small"]))
        made = synchronic([disk], base, surface.time)
        base = made.to_base_map()
    now = sun.at(time, COARSE)
    return MapInputs(
        observed=write_hmi(folder, now, rng, SIZES["small"]),
        base=synchronic_fits.write(made, folder / "base.fits"),
        truth=_truth(now),
    )


def post(client: Client, given: MapInputs, product: Path, folder: Path) -> SynchronicMap:
    """Request the map in every format; each is written to a folder of its own."""
    for name in solarwind.FORMATS:
        file = client.synchronic([given.observed], [product], given.base, format=name)
        print(f"{name:8} {file.write_to(folder / name)}")
    (path,) = (folder / "native").glob("*.fits")
    return synchronic_fits.read(path)


def draw(made: SynchronicMap, folder: Path) -> None:
    """Draw the map and its planes, and the corona where numba is installed."""
    pictures = {
        "map.png": mappicture.draw_map(made),
        "planes.png": mappicture.draw_map_planes(made),
    }
    if find_spec("numba") is None:
        print("no picture of the corona without numba: pip install 'farside[corona]'")
    else:
        from farside.corona import corona
        from farside.plots.corona import corona_overlay, draw_corona

        pictures["corona.png"] = draw_corona(made, corona_overlay(corona(made)))
    for name, picture in pictures.items():
        (folder / name).write_bytes(picture)
        print(f"picture  {folder / name}")


def score(made: SynchronicMap, given: MapInputs, product: Path) -> dict[str, float]:
    """Correlate maps with the truth where Earth has no view, and where only STEREO-A has one."""
    disk, far_disk = read_observed(given.observed), read_generated(product)
    base = synchronic_fits.read(given.base).to_base_map()
    unseen = project_disk(disk, made.grid, made.time).mu == 0
    shown = unseen & (project_disk(far_disk, made.grid, made.time).mu > 0)
    fields = {
        "HMI, far side and base": made.field_gauss,
        "HMI and base": synchronic([disk], base, made.time).field_gauss,
        "base alone": synchronic([], base, made.time).field_gauss,
        "HMI alone": synchronic([disk], None, made.time).field_gauss,
    }
    regions = {"where Earth does not see": unseen, "where STEREO-A sees and Earth does not": shown}
    return {
        f"correlation {place}, map of {name}": _correlation(field, given.truth, region)
        for place, region in regions.items()
        for name, field in fields.items()
    }


def _correlation(field: Map, truth: Map, region: NDArray[np.bool_]) -> float:
    return float(np.corrcoef(field[region], truth[region])[0, 1])


def _truth(surface: Surface) -> Map:
    rows, columns = surface.radial_field.shape
    lattice = CarringtonGrid(columns, rows, "uniform")
    return resample(surface.radial_field.astype(np.float64), lattice, CarringtonGrid())
