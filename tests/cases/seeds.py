"""Small good files of every kind that is read: what the mutations start from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

from farside.disk.native_pixels import NativeGrid
from farside.magnetogram.magnetogram import Brightness, Input, Magnetogram, ModelProvenance
from farside.observation.drawing.read import read_drawing
from farside.observation.drawing.sidecar import read_side_car
from farside.observation.image import Origin, read
from farside.quality import Quality
from farside.sun.carrington_grid import CarringtonGrid
from farside.sun.grid import Grid
from farside.sun.observer import ASTRONOMICAL_UNIT_M, Observer
from farside.synchronic import fits as synchronic_fits
from farside.synchronic.base import read_base
from farside.synchronic.disk import read_generated
from tests.support.drawn_suns import Plain, as_fits, encoded, side_car
from tests.support.instrument_files import (
    BIAS_DN,
    Camera,
    aia_cards,
    euvi_cards,
    file_bytes,
    hmi_cards,
    integers,
)
from tests.support.synchronic_maps import synchronic_map
from tests.synchronic.test_base import ADAPT_CARDS, DAILY_CARDS, GONG_CARDS, file_of

CAMERA = Camera(64, 27.0, 6.0, (-1.5, 2.0))
NOW = Time("2022-11-14T00:05:30.123", scale="utc")
CREATED = Time("2026-01-01T00:00:00", scale="utc")
PLAIN = Plain((120, 110), (56.25, 60.5), 48.5)

Read = Callable[[bytes], object]


@dataclass(frozen=True)
class Seed:
    """A good file, and what reads it.

    Attributes
    ----------
    kind
        ``"fits"``, ``"json"`` or ``"picture"``: what its mutations are made by.
    cost
        Inverse of how often it is mutated: what takes long to read comes seldom.
    """

    name: str
    kind: str
    read: Read
    data: bytes
    cost: float = 1.0


def seeds() -> tuple[Seed, ...]:
    """All of them."""
    drawing = encoded(PLAIN.picture((0.2, 0.3)))
    return (
        Seed("euvi", "fits", read, euvi(), 5),
        Seed("aia_rice", "fits", read, aia(), 8),
        Seed("hmi_rice", "fits", read, hmi(), 8),
        Seed("gong", "fits", read_base, gong(), 10),
        Seed("hmi_daily", "fits", read_base, daily(), 3),
        Seed("adapt", "fits", read_base, adapt(), 2),
        Seed("own_base", "fits", read_base, synchronic(CarringtonGrid(72, 64)), 2),
        Seed("product", "fits", read_generated, magnetogram().to_bytes(CREATED)),
        Seed("restored", "fits", Magnetogram.read, restored().to_bytes(CREATED)),
        Seed("map", "fits", synchronic_fits.read, synchronic(CarringtonGrid(36, 18)), 1),
        Seed("drawing_fits", "fits", _with_car, as_fits(PLAIN.picture()), 30),
        Seed("drawing_png", "picture", _with_car, drawing, 30),
        Seed("drawing_jpeg", "picture", _with_car, encoded(PLAIN.picture(), "JPEG"), 30),
        Seed("side_car", "json", read_side_car, side_car(position_angle_deg=3.5, mirrored=True)),
    )


def _with_car(data: bytes) -> object:
    return read_drawing(data, side_car(north_up=True))


def sun(x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    """Counts above the sky."""
    return np.where(x * x + y * y < 1, 500 + 300 * x, 0.0)


def euvi(camera: Camera = CAMERA) -> bytes:
    pixels = camera.sees(sun) + BIAS_DN
    return file_bytes(euvi_cards(camera), pixels.astype(np.uint16))


def aia(camera: Camera = CAMERA) -> bytes:
    return file_bytes(aia_cards(camera), camera.sees(sun).astype(np.int16), rice=True)


def hmi(camera: Camera = CAMERA) -> bytes:
    field = camera.sees(lambda x, y: np.where(np.hypot(x, y) < 1.02, 120.5 * x, np.nan))
    counts, scaling = integers(field, 0.1)
    return file_bytes(hmi_cards(camera, **scaling), counts, rice=True)


def field(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Two spots of opposite sign on a weak background."""
    values = np.random.default_rng(1).normal(0, 2, shape).astype(np.float32)
    rows, columns = shape[-2:]
    values[..., rows // 3, columns // 4] = 100.0
    values[..., rows // 2, columns // 2] = -100.0
    return values


def gong() -> bytes:
    small = {"CRPIX1": 36.5, "CRPIX2": 32.5, "CDELT1": 5.0, "CDELT2": 2 / 64}
    return file_of(field((64, 72)), GONG_CARDS, **small)


def daily() -> bytes:
    small = {"CRPIX1": 72 * 360.4 / 720, "CRPIX2": 32.5, "CDELT1": -5.0, "CDELT2": 2 / 64}
    # The axis begins where that of the whole frame does.
    edge = DAILY_CARDS["CRVAL1"] + (0.5 - 360.4) * -0.5  # type: ignore[operator]
    small["CRVAL1"] = edge + (0.5 - small["CRPIX1"]) * 5.0
    return file_of(field((64, 72)), DAILY_CARDS, **small)


def adapt() -> bytes:
    return file_of(field((2, 64, 72)), ADAPT_CARDS)


def synchronic(grid: CarringtonGrid) -> bytes:
    return synchronic_fits.to_bytes(synchronic_map(grid), CREATED)


def magnetogram() -> Magnetogram:
    """A far-side product with an error, brightness and two inputs."""
    grid, observer = Grid(64, 28.0), Observer(-70.1, 6.5, 144_123_456_789.0)
    image = np.where(grid.on_disk(), field((64, 64)), np.float32(np.nan))
    origins = [
        Origin(name, band, NOW, place, "a file.fts", f"{len(band):064x}", Quality.BEACON, ("note",))
        for name, band, place in (
            ("EUVI-A", "304", observer),
            ("HMI", "LOS", Observer(0.0, 3.2, ASTRONOMICAL_UNIT_M)),
        )
    ]
    return Magnetogram(
        image=image,
        grid=grid,
        time=NOW,
        observer=observer,
        spacecraft="STEREO_A",
        quality=Quality.BEACON | Quality.SIMULATED_TRAINING,
        generator=ModelProvenance(
            "demo", "3", "0f" * 32, "SIMULATED", "torch", "float32", None, 0.7, 6.0
        ),
        inputs=(Input("observation", origins[0], 0.01), Input("reference", origins[1])),
        sigma=np.full_like(image, 20.0),
        brightness=(Brightness("AIA 193", np.abs(image)),),
    )


def restored() -> Magnetogram:
    """A product in the pixels of its instrument."""
    grid = NativeGrid(64, 27.0, 0.99, (31.0, 32.5), 179.9)
    image = np.where(grid.on_disk(), field((64, 64)), np.float32(np.nan))
    return replace(
        magnetogram(),
        image=image,
        grid=grid,
        sigma=None,
        brightness=(),
        spacecraft="SDO",
        kept=(("TELESCOP", "SDO/HMI", ""), ("CADENCE", 45.0, "")),
    )
