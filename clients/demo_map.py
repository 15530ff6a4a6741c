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
from farside.plots.emergence import Moment, Place, draw_emergence
from farside.simulation.grid import COARSE
from farside.simulation.instruments.files import SIZES, write_hmi
from farside.simulation.sun import SimulatedSun, Surface
from farside.sun.angles import wrap_deg
from farside.sun.carrington_grid import CarringtonGrid, Map, resample
from farside.sun.carrington_rotation import central_longitude_deg
from farside.sun.heliographic import differential_rotation_deg_per_day
from farside.synchronic import fits as synchronic_fits
from farside.synchronic.disk import read_generated, read_observed
from farside.synchronic.map import BaseMap, SynchronicMap
from farside.synchronic.merge import synchronic
from farside.synchronic.project import project_disk

DAYS_BEFORE = range(25, 0, -3)
"""Ages of the HMI magnetograms in the base map, days: the last rotation without the current day."""

RETURN_DAYS = 14
"""Days until what is 30° to 80° behind the western limb has come round the eastern one."""

HIDDEN_DEG, RECENT_DAYS = (95.0, 150.0), 5.0
"""Stonyhurst longitudes that only STEREO-A sees, and age up to which a region is new."""

REGION_DEG = 9.0
"""Half the side of the square in which the flux of the region is summed."""


@dataclass(frozen=True, eq=False)
class MapInputs:
    """Inputs of the map besides the far-side product, and the truth.

    Attributes
    ----------
    observed, base
        Current HMI magnetogram, and synchronic map of HMI's last rotation.
    truth
        True radial field on the grid of the map, gauss.
    returned
        HMI magnetogram half a rotation later.
    region
        Largest region that emerged behind the limb within days, where it is now; None without any.
    """

    observed: Path
    base: Path
    truth: Map
    returned: Path
    region: Place | None


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
    later = sun.at(Time((time + RETURN_DAYS * u.day).isot, scale="utc"), COARSE)
    return MapInputs(
        observed=write_hmi(folder, now, rng, SIZES["small"]),
        base=synchronic_fits.write(made, folder / "base.fits"),
        truth=_truth(now),
        returned=write_hmi(folder, later, rng, SIZES["small"]),
        region=hidden_region(sun, time),
    )


def hidden_region(sun: SimulatedSun, time: Time) -> Place | None:
    """Place of the largest region that emerged where Earth does not see."""
    central_deg, day = central_longitude_deg(time), sun.day(time)
    hidden = [
        region
        for region in sun.regions(time)
        if day - region.day < RECENT_DAYS
        and HIDDEN_DEG[0] < wrap_deg(region.longitude_deg - central_deg) < HIDDEN_DEG[1]
    ]
    if not hidden:
        return None
    largest = max(hidden, key=lambda region: region.flux_mx)
    return carried(Place(largest.longitude_deg, largest.latitude_deg), day - largest.day)


def carried(place: Place, days: float) -> Place:
    """Place of the same surface some days later."""
    (drift,) = differential_rotation_deg_per_day(np.array([place.latitude_deg])) * days
    return Place(float(place.longitude_deg + drift) % 360, place.latitude_deg)


def post(client: Client, given: MapInputs, product: Path, folder: Path) -> SynchronicMap:
    """Request the map in every format; each is written to a folder of its own."""
    for name in solarwind.FORMATS:
        file = client.synchronic([given.observed], [product], given.base, format=name)
        print(f"{name:8} {file.write_to(folder / name)}")
    (path,) = (folder / "native").glob("*.fits")
    return synchronic_fits.read(path)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Maps without and with the far side, now and carried to the return of a region.

    Attributes
    ----------
    without
        Map of the same observed disk and base, without the generated disk.
    moments
        The region in both maps, beside the truth now and beside HMI on its return.
    """

    without: SynchronicMap
    moments: tuple[Moment, ...]


def compare(made: SynchronicMap, given: MapInputs) -> Comparison:
    """Compare the map with that without the far side, at its time and on the region's return."""
    base = synchronic_fits.read(given.base).to_base_map()
    without = synchronic([read_observed(given.observed)], base, made.time)
    if given.region is None:
        return Comparison(without, ())
    seen = read_observed(given.returned)
    time = seen.view.time
    later = carried(given.region, RETURN_DAYS)
    forecast, forecast_without = (
        synchronic([], each.to_base_map(), time).field_gauss for each in (made, without)
    )
    returned = project_disk(seen, made.grid, time).field_gauss
    return Comparison(
        without,
        (
            Moment(
                made.time,
                given.region,
                made.grid,
                without.field_gauss,
                made.field_gauss,
                given.truth,
                "truth",
            ),
            Moment(time, later, made.grid, forecast_without, forecast, returned, "HMI on return"),
        ),
    )


def draw(made: SynchronicMap, compared: Comparison, folder: Path) -> None:
    """Draw the map, its planes, a region emerging behind the limb and, with numba, the corona."""
    pictures = {
        "map.png": mappicture.draw_map(made),
        "planes.png": mappicture.draw_map_planes(made),
    }
    if compared.moments:
        pictures["emergence.png"] = draw_emergence(compared.without, made, compared.moments)
    if find_spec("numba") is None:
        print("no picture of the corona without numba: pip install numba")
    else:
        from farside.corona import corona
        from farside.plots.corona import corona_overlay, draw_corona

        pictures["corona.png"] = draw_corona(made, corona_overlay(corona(made)))
    for name, picture in pictures.items():
        (folder / name).write_bytes(picture)
        print(f"picture  {folder / name}")


def score(
    made: SynchronicMap, given: MapInputs, product: Path, compared: Comparison
) -> dict[str, float]:
    """Correlate maps with the truth where Earth has no view, and where only STEREO-A has one.

    Of a region that emerged behind the limb, the unsigned flux over the true one.
    """
    disk, far_disk = read_observed(given.observed), read_generated(product)
    base = synchronic_fits.read(given.base).to_base_map()
    unseen = project_disk(disk, made.grid, made.time).mu == 0
    shown = unseen & (project_disk(far_disk, made.grid, made.time).mu > 0)
    fields = {
        "HMI, far side and base": made.field_gauss,
        "HMI and base": compared.without.field_gauss,
        "base alone": synchronic([], base, made.time).field_gauss,
        "HMI alone": synchronic([disk], None, made.time).field_gauss,
    }
    regions = {"where Earth does not see": unseen, "where STEREO-A sees and Earth does not": shown}
    correlations = {
        f"correlation {place}, map of {name}": _correlation(field, given.truth, region)
        for place, region in regions.items()
        for name, field in fields.items()
    }
    return correlations | {
        f"flux of the new region over that of {moment.truth_name}, {name}": ratio
        for moment in compared.moments
        for name, ratio in zip(
            ("without the far side", "with it"), flux_ratios(moment), strict=True
        )
    }


_MAPS = "without the far side", "with it"


def flux_ratios(moment: Moment) -> tuple[float, float]:
    """Unsigned flux around the region in both maps, over the true one."""
    grid, place = moment.grid, moment.place
    near = (np.abs(wrap_deg(grid.longitude_deg - place.longitude_deg)) < REGION_DEG)[None, :] & (
        np.abs(grid.latitude_deg - place.latitude_deg) < REGION_DEG
    )[:, None]
    without, made, true = (
        float(np.abs(field[near]).sum()) for field in (moment.without, moment.made, moment.truth)
    )
    return without / true, made / true


def _correlation(field: Map, truth: Map, region: NDArray[np.bool_]) -> float:
    return float(np.corrcoef(field[region], truth[region])[0, 1])


def _truth(surface: Surface) -> Map:
    rows, columns = surface.radial_field.shape
    lattice = CarringtonGrid(columns, rows, "uniform")
    return resample(surface.radial_field.astype(np.float64), lattice, CarringtonGrid())
