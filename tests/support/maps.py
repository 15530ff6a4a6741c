"""Synchronic maps for pictures."""

import astropy.units as u
import numpy as np
from astropy.time import Time

from farside.magnetogram.magnetogram import ModelProvenance
from farside.quality import Quality
from farside.sun.carrington_grid import CarringtonGrid
from farside.sun.heliographic import project
from farside.sun.observer import Observer, earth
from farside.synchronic.map import FluxBalance, MapSource, Overlap, SynchronicMap

TIME = Time("2024-06-01T00:00:00.000", scale="utc")
GENERATOR = ModelProvenance("pix2pixcc", "1", "ab", "SIMULATED", "torch", "float32")
BASE = MapSource("base", "NSO-GONG", "gong.fits", "", TIME - 3 * u.day)
HMI = MapSource("observed", "HMI", "hmi.fits", "", TIME, earth(TIME))


def stereo(side: str, longitude_deg: float) -> MapSource:
    return MapSource(
        "generated",
        f"STEREO_{side}",
        "far.fits",
        "",
        TIME - 2 * u.hour,
        Observer(longitude_deg, 6.0, 1.45e11),
        generator=GENERATOR,
        overlap=Overlap(0.71, 0.9, 0.93, 0.2),
    )


def synchronic(
    *sources: MapSource, grid: CarringtonGrid | None = None, quality: Quality = Quality.GOOD
) -> SynchronicMap:
    """A dipole along x, each pixel from the source that sees it best; the base elsewhere."""
    grid = grid or CarringtonGrid(72, 36)
    lon, lat = np.meshgrid(grid.longitude_deg, grid.latitude_deg)
    seen = [
        np.full(grid.shape, 0.2)
        if source.observer is None
        else project(lon, lat, source.observer, TIME)[2]
        for source in sources
    ]
    return SynchronicMap(
        field_gauss=80 * np.cos(np.radians(lon)) * np.cos(np.radians(lat)),
        grid=grid,
        time=TIME,
        source=np.argmax(seen, axis=0).astype(np.uint8),
        age_days=np.zeros(grid.shape),
        sigma_gauss=np.full(grid.shape, 5.0),
        correlation_length_deg=2.0,
        sources=sources,
        balance=FluxBalance(-0.4, 0.0),
        quality=quality,
    )
