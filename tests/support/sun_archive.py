"""A small archive of a made-up Sun: three days of maps, two spacecraft, a region that emerges."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from astropy.time import Time, TimeDelta

from farside.archive.naming import Name
from farside.archive.store import NewProduct, open_archive
from farside.magnetogram.magnetogram import ModelProvenance
from farside.quality import Quality
from farside.sun.carrington_grid import CarringtonGrid, Map
from farside.sun.heliographic import differential_rotation_deg_per_day, project
from farside.sun.observer import ASTRONOMICAL_UNIT_M, Observer, earth
from farside.synchronic import fits as synchronic_fits
from farside.synchronic.fill import smooth_on_sphere
from farside.synchronic.map import FluxBalance, MapSource, Overlap, SynchronicMap
from tests.archive.drop import magnetogram

FIRST = datetime(2026, 10, 29, tzinfo=UTC)
CADENCE = timedelta(hours=6)
SLOTS = 13
SERIES = "farside_1_v1_synchronic"
GENERATOR = ModelProvenance(
    "farside-1", "1", "5e" * 32, "SIMULATED", "torch", "float32", None, 0.58, 4.0
)

HOSTILE = "<img src=x onerror=alert(1)>\"'&☉.fits"
"""Name of an input file that would be markup, were it not data."""

STEREO = {
    "STEREO_A": Observer(70.0, 3.0, 0.96 * ASTRONOMICAL_UNIT_M),
    "STEREO_B": Observer(-115.0, -5.0, 1.05 * ASTRONOMICAL_UNIT_M),
}

GRID = CarringtonGrid()


@dataclass(frozen=True)
class Bipole:
    """A region: place in Stonyhurst longitude at the last slot, flux scale, hour of emergence."""

    stonyhurst_deg: float
    latitude_deg: float
    peak_gauss: float
    size_deg: float
    leading: int
    emerges_h: float = -1e3


EMERGING = Bipole(-124.0, -16.0, 420.0, 2.6, 1, 20.0)

BIPOLES = (
    EMERGING,
    Bipole(-168.0, 21.0, 260.0, 3.0, -1),
    Bipole(141.0, 14.0, 210.0, 2.4, -1),
    Bipole(-20.0, 17.0, 330.0, 2.6, -1),
    Bipole(38.0, -12.0, 240.0, 2.2, 1),
    Bipole(-71.0, -24.0, 190.0, 3.2, 1),
    Bipole(96.0, -19.0, 230.0, 2.3, 1),
)


def fill_archive(root: Path, slots: int = SLOTS) -> Path:
    """File maps at every slot, and magnetograms of both spacecraft at each midnight."""
    with open_archive(root) as archive:
        for number in range(slots):
            slot = FIRST + number * CADENCE
            _file(
                archive, Name(SERIES, slot, 1), synchronic_fits.to_bytes(sun_map(slot), _made(slot))
            )
            if number % 4 == 0:
                for spacecraft in STEREO:
                    series = f"farside_1_v1_{spacecraft.lower()}"
                    content = magnetogram(
                        _time(slot).isot, spacecraft, Quality.BEACON, number + 1.0
                    )
                    _file(archive, Name(series, slot, 1), content)
    return root


def sun_map(slot: datetime) -> SynchronicMap:
    """Map of one slot."""
    time = _time(slot)
    views = {"SDO HMI": earth(time), **STEREO}
    sources = tuple(_sources(time, views))
    mu = np.stack([_mu(each, time) for each in views.values()])
    weight = np.concatenate(
        [np.full((1, *GRID.shape), 0.12), mu**4 * np.array([1, 0.5, 0.5])[:, None, None]]
    )
    source = weight.argmax(axis=0).astype(np.uint8)
    field = _field(slot, time)
    east = (earth(time).carrington_longitude_deg(time) - 60 - GRID.longitude_deg) % 360
    base_age = np.broadcast_to(np.maximum(27.3 - east / 13.2, 3.0), GRID.shape)
    age = np.select([source == 0, source == 1], [base_age, np.full(GRID.shape, 0.1)], 0.3)
    sigma = np.select([source == 0, source == 1], [14 + 0.5 * age, np.full(GRID.shape, 3.0)], 16.0)
    return SynchronicMap(
        field_gauss=field,
        grid=GRID,
        time=time,
        source=source,
        age_days=age,
        sigma_gauss=sigma + np.abs(field) / 5,
        correlation_length_deg=4.0,
        sources=sources,
        balance=FluxBalance(-0.4, 1e-9),
        quality=Quality.BEACON | Quality.SIMULATED_TRAINING,
    )


def _file(archive: object, name: Name, content: bytes) -> None:
    archive.file(NewProduct.of(name, content))  # type: ignore[attr-defined]


def _time(slot: datetime) -> Time:
    return Time(slot.replace(tzinfo=None).isoformat(), scale="utc")


def _made(slot: datetime) -> Time:
    return _time(slot + timedelta(minutes=40))


def _mu(observer: Observer, time: Time) -> Map:
    longitude, latitude = np.meshgrid(GRID.longitude_deg, GRID.latitude_deg)
    return np.maximum(project(longitude, latitude, observer, time)[2], 0)


def _sources(time: Time, views: dict[str, Observer]) -> list[MapSource]:
    hour = TimeDelta(1 / 24, format="jd")
    found = [MapSource("base", "NSO-GONG", HOSTILE, "aa" * 32, time - 29 * hour)]
    found.append(
        MapSource(
            "observed", "SDO HMI", "hmi.m_720s.fits", "bb" * 32, time - 2 * hour, views["SDO HMI"]
        )
    )
    for name, overlap in (("STEREO_A", Overlap(0.61, 0.8, 0.9, 0.2)), ("STEREO_B", None)):
        found.append(
            MapSource(
                "generated", name, f"far_{name}.fits", "cc" * 32, time - 7 * hour, views[name],
                Quality.BEACON, 0.4, GENERATOR, overlap, 0.58,
            )
        )  # fmt: skip
    return found


def _field(slot: datetime, time: Time) -> Map:
    rng = np.random.default_rng(7)
    grain = smooth_on_sphere(rng.normal(size=GRID.shape), 0.7, GRID)
    network = 3 * (grain / grain.std()) * np.abs(grain / grain.std())  # a few strong grains
    large = smooth_on_sphere(rng.normal(size=GRID.shape), 6.0, GRID)
    plage = 3 * large / large.std() * (1 + 0.8 * np.abs(grain / grain.std()))
    belt = np.exp(-(((np.abs(GRID.latitude_deg) - 18) / 12) ** 2))[:, None]
    poles = 6 * np.sin(np.radians(GRID.latitude_deg))[:, None] ** 7
    last = FIRST + (SLOTS - 1) * CADENCE
    meridian = earth(_time(last)).carrington_longitude_deg(_time(last))
    days = (slot - last) / timedelta(days=1)
    field = network + plage * belt + poles
    for each in BIPOLES:
        age_h = (slot - FIRST) / timedelta(hours=1) - each.emerges_h
        growth = float(np.clip(age_h / 36, 0, 1))
        drift = float(differential_rotation_deg_per_day(np.array(each.latitude_deg))) * days
        centre = meridian + each.stonyhurst_deg + drift
        half = each.size_deg * (0.6 + 0.7 * growth)
        tilt = -0.15 * each.size_deg * np.sign(each.latitude_deg)
        for side, sign in ((1, each.leading), (-1, -each.leading)):
            spread = 1.0 if side > 0 else 1.25
            spot = _spot(
                centre + side * half, each.latitude_deg + side * tilt, each.size_deg * spread
            )
            field = field + growth * sign * each.peak_gauss / spread**2 * spot
    return np.asarray(field - float((field * GRID.area).sum()))


def _spot(longitude_deg: float, latitude_deg: float, size_deg: float) -> Map:
    longitude = np.radians(GRID.longitude_deg - longitude_deg)[None, :]
    latitude, centre = np.radians(GRID.latitude_deg)[:, None], np.radians(latitude_deg)
    cosine = np.sin(latitude) * np.sin(centre) + np.cos(latitude) * np.cos(centre) * np.cos(
        longitude
    )
    return np.asarray(np.exp((cosine - 1) / (1 - np.cos(np.radians(size_deg)))))
